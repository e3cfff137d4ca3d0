#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# Shows the crossing at work: as root, on Debian 12. Installs packages, builds, and runs everything on a
# private system (tests/lib/system-run) that is gone afterwards. The last line is "demo: ok".
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

say() {
  printf '\n\033[1m%s\033[0m\n' "$*"
}

fail() {
  echo "demo: $*" >&2
  exit 1
}

as() {
  local -r user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}

# get USER: fetches the page as that user
get() {
  printf 'GET /page.txt HTTP/1.0\r\n\r\n' |
    as "$1" tls-handoff connect --verbose --trust "$HANDOFF_TEST_CERTS/ca.pem" www.handoff.test:4433
}

# The part that runs on the private system.
inside() {
  cd "$TMPDIR"
  cat >page.txt <<'PAGE'
This page came over TLS. The handshake was done by tls-handoffd, which has no network, in a program without keys;
its bytes were decrypted by the process that asked for it, and the service saw none of them.
PAGE
  cat >/etc/polkit-1/rules.d/50-demo.rules <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id == "org.tlshandoff.Handoff1.handshake-as-client" && subject.user == "mallory") {
        return polkit.Result.NO;
    }
});
RULE
  chmod 0644 /etc/polkit-1/rules.d/50-demo.rules

  mkfifo ready
  openssl s_server -accept 127.0.0.1:4433 -WWW -cert "$HANDOFF_TEST_CERTS/ecdsa.pem" \
    -key "$HANDOFF_TEST_CERTS/ecdsa.key" </dev/null >ready 2>s_server.log &
  exec {server}<ready
  local line=
  until [[ $line == ACCEPT* ]]; do
    read -r -t 60 -u "$server" line || fail "the server did not start: $(cat s_server.log)"
  done

  say '1. alice, an ordinary user, fetches a page. Nobody started the service; the bus does.'
  echo '$ tls-handoff connect --verbose --trust ca.pem www.handoff.test:4433 <request'
  get alice >reply 2>crossing || fail "alice was refused: $(cat crossing)"
  say '2. What crossed, from the service to her process:'
  cat crossing
  local pid
  pid=$(busctl call org.freedesktop.DBus / org.freedesktop.DBus \
    GetConnectionUnixProcessID s org.tlshandoff.Handoff1 | cut -d' ' -f2)
  echo 'The service: tls-handoffd, and the programs that it has started:'
  ps -o pid=,user:16=,args= -p "$pid" --ppid "$pid"
  say '3. What the server said:'
  cat reply
  grep -q 'handshake was done by tls-handoffd' reply || fail 'the page did not arrive'

  say '4. An administrator may say no. This polkit rule is in force:'
  cat /etc/polkit-1/rules.d/50-demo.rules
  say '   So mallory gets:'
  local status=0
  get mallory >reply 2>refusal || status=$?
  cat refusal
  echo "(exit status $status)"
  [ "$status" -eq 3 ] || fail "mallory's exit status should be 3"
  [ ! -s reply ] || fail 'mallory got data'
}

if [ "${1:-}" = --inside ]; then
  inside
  exit
fi

[ "$(id -u)" -eq 0 ] || fail 'run it as root: it installs packages and shows several users'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'Installing Debian packages, as far as they are missing …'
"$here/lib/install-packages"
echo 'Building …'
{
  meson setup "$work/build" "$here/.." --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
    -Dtests=false -Dintrospection=false -Dman=false && meson compile -C "$work/build"
} </dev/null >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  fail 'the build failed'
}
"$here/lib/make-certs" "$work/certs"
HANDOFF_TEST_CERTS=$work/certs "$here/lib/system-run" "$work/build" "$here/demo.sh" --inside </dev/null
echo 'demo: ok'
