#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# Runs the tests of this tree in a Debian 13 that is made for it: as root, with debootstrap.
#
#   tests/check-debian13.sh [COMMAND...]    the command, in the tree there
#
# By default, it builds with gcc and runs every test but the one of the formatter, whose version is another there.
#
# $HANDOFF_TEST_ROOT: a directory where that system is kept, and taken from at the next time.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

# In namespaces of its own, so that no mount is left.
inside() {
  local -r root=$1
  shift
  # The private systems of the tests want a root that is a mount point.
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  cat /etc/resolv.conf >"$root/etc/resolv.conf"
  # Packages start no services here.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 0755 "$root/usr/sbin/policy-rc.d"
  cd "$root"
  # Not chroot, where nobody may make user namespaces: browsers and systemd do so.
  pivot_root . .
  umount --lazy .
  cd /tree
  exec "$@"
}

if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
fi
if [ "$(id -u)" -ne 0 ]; then
  echo 'tests/check-debian13.sh: run it as root: it makes a Debian system' >&2
  exit 1
fi
command -v debootstrap >/dev/null || { echo 'tests/check-debian13.sh: debootstrap is missing' >&2; exit 1; }
if [ -n "${HANDOFF_TEST_ROOT:-}" ]; then
  root=$HANDOFF_TEST_ROOT
else
  root=$(mktemp -d -p /var/tmp)/root
  trap 'rm -rf --one-file-system "${root%/root}"' EXIT
fi
if [ ! -e "$root.done" ]; then
  "$here/tests/lib/debian-root" trixie "$root"
  touch "$root.done"
fi
# The tree as it is: what git knows of it, and what is new in it. Another user's checkout, too: root runs what is in it.
rm -rf "$root/tree"
mkdir "$root/tree"
git -c safe.directory="$here" -C "$here" ls-files -z --cached --others --exclude-standard |
  tar -C "$here" --null --files-from=- --ignore-failed-read -c | tar -C "$root/tree" -x
[ $# -gt 0 ] || set -- tests/check.sh --gcc -- --no-suite format
unshare --mount --pid --fork --kill-child -- bash "$here/tests/check-debian13.sh" --inside "$root" "$@"
