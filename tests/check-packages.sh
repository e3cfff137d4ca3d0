#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# The Debian packages of what is committed: as root, with debootstrap and systemd-container, half an hour and 4 GB.
#
#   tests/check-packages.sh [--suite SUITE] [--keep DIRECTORY]    SUITE: bookworm (default), trixie
#
# In a Debian system made for that: builds them twice and compares the bytes, makes the release and compares it with what
# they are built of, asks lintian, looks at how the programs are hardened, compiles an example with the development
# package, parses what is there for RPM and Nix. In another, which it boots: installs, uses, upgrades and purges them, and
# compares the system with what it was before. The last line is "N passed, N failed". Nothing stays but what --keep keeps.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
suite=bookworm
work=
while [ $# -gt 0 ]; do
  case $1 in
  --suite) suite=$2 ;;
  --keep)
    mkdir -p "$2"
    work=$(realpath "$2")
    ;;
  --inside) break ;;
  *)
    sed -n 's/^# \?//; 5,8p' "$0" >&2
    exit 2
    ;;
  esac
  shift 2
done
passed=0
failed=0

# step NAME COMMAND...: counts as one test, and shows its output if it fails
step() {
  local -r name=$1 log=$work/$1.log
  shift
  printf '%s ... ' "$name"
  if "$@" >"$log" 2>&1; then
    echo ok
    passed=$((passed + 1))
  else
    echo FAILED
    cat "$log"
    failed=$((failed + 1))
    return 1
  fi
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

# in_root NAME [OPTION-OF-NSPAWN...] -- COMMAND...: without booting it, with our network
in_root() {
  local -r root=$work/$1
  shift
  systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --resolv-conf=copy-host --timezone=off \
    --link-journal=no --console=pipe "$@" </dev/null
}

# Git reads this tree, too, if it is another user's, who is trusted with what is run here.
build_system() {
  local -r tools=(build-essential lintian binutils rpm rpmlint nix-bin appstream git)
  "$here/lib/debian-root" "$suite" "$work/base" &&
    cp -a "$work/base" "$work/build" &&
    "$here/../packaging/build-debian" "$work/source" >"$work/tree" &&
    mkdir -p "$work/build/trial" &&
    cp -r "$work/source" "$work/build/trial/first" &&
    cp -r "$work/source" "$work/build/trial/a-longer-name-for-the-second" &&
    git clone --quiet --depth 1 --upload-pack "git -c safe.directory='*' upload-pack" \
      "file://$(realpath "$here/..")" "$work/build/trial/clone" &&
    cp "$here/packages/in-build-system" "$work/build/trial/" &&
    in_root build -- /trial/in-build-system prepare "${tools[@]}"
}

# Installs what our packages depend on, and no more; so that what is compared is what they bring.
use_system() {
  local -r root=$work/use
  cp -a "$work/base" "$root" &&
    mkdir -p "$root/trial/debs" &&
    cp "$work"/build/trial/first/*.deb "$root/trial/debs/" &&
    cp "$here/packages/in-use-system" "$here/packages/snapshot.py" "$root/trial/" &&
    cp -r "$(cat "$work/tree")" "$root/trial/tree" &&
    in_root use -- /trial/in-use-system prepare &&
    cat >"$root/etc/systemd/system/handoff-test.service" <<'UNIT'
[Unit]
Requires=basic.target dbus.socket
After=basic.target dbus.socket
SuccessAction=exit-force
FailureAction=exit-force
FailureActionExitStatus=1
[Service]
Type=oneshot
ExecStart=/bin/bash /trial/in-use-system use
StandardInput=null
StandardOutput=file:/trial/output
StandardError=inherit
UNIT
}

boot() {
  local status=0
  # Systemd of Debian 13 boots on a machine with version 1 of cgroups only if it is told to.
  timeout 600 systemd-nspawn --quiet --directory="$work/use" --register=no --keep-unit --private-network \
    --resolv-conf=off --timezone=off --link-journal=no --console=pipe \
    --setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 --boot -- systemd.unit=handoff-test.service \
    systemd.journald.forward_to_console=no </dev/null >"$work/console" 2>&1 || status=$?
  cat "$work/use/trial/output" || cat "$work/console"
  return "$status"
}

run() {
  # For systemd-nspawn; seen by nobody outside.
  mount -t tmpfs -o mode=0755 tmpfs /run
  step build-system build_system || finish
  step build in_root build -- /trial/in-build-system build first || finish
  step build-again in_root build -- /trial/in-build-system build-otherwise a-longer-name-for-the-second
  step same-bytes in_root build -- /trial/in-build-system compare first a-longer-name-for-the-second
  step release in_root build -- /trial/in-build-system release first
  step lintian in_root build -- /trial/in-build-system lintian first
  step hardening in_root build -- /trial/in-build-system hardening first
  step develop in_root build -- /trial/in-build-system develop first
  step others in_root build -- /trial/in-build-system others first
  step use-system use_system || finish
  step use boot
  finish
}

if [ "${1:-}" = --inside ]; then
  suite=$2
  work=$3
  run
fi
if [ "$(id -u)" -ne 0 ]; then
  echo 'tests/check-packages.sh: run it as root: it makes Debian systems, and boots one' >&2
  exit 1
fi
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
for program in debootstrap systemd-nspawn; do
  command -v "$program" >/dev/null || { echo "tests/check-packages.sh: $program is missing" >&2; exit 1; }
done
kept=$work
[ -n "$work" ] || work=$(mktemp -d -p /var/tmp)
status=0
unshare --mount --pid --fork --kill-child --mount-proc -- bash "$here/check-packages.sh" --inside "$suite" "$work" ||
  status=$?
# All mounts were in that namespace.
[ -n "$kept" ] || rm -rf --one-file-system "$work"
exit "$status"
