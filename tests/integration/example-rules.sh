#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# The polkit rules that we install as examples do what their comments say: on a private system
# (tests/lib/system-run). Breaks if a rule has an error (polkit would skip it and allow), if the
# action or a detail has another name, or if a server's name can be spelt so that no rule sees it.
set -euo pipefail

cd "$TMPDIR"
groupadd --force kiosk
groupadd --force monitoring
usermod --append --groups kiosk mallory
usermod --append --groups monitoring bob
getent passwd backup >/dev/null || useradd --system backup

mkfifo ready
openssl s_server -accept 127.0.0.1:4433 -www -cert "$HANDOFF_TEST_CERTS/ecdsa.pem" \
  -key "$HANDOFF_TEST_CERTS/ecdsa.key" </dev/null >ready 2>s_server.log &
exec {server}<ready
line=
until [[ $line == ACCEPT* ]]; do
  read -r -t 20 -u "$server" line
done
cat <&"$server" >/dev/null &

failed=0

# expect STATUS USER COMMAND...: the command's exit status: 0 it worked, 3 not authorized, 4 authorized,
# but the server is another one
expect() {
  local -r expected=$1 user=$2
  local status=0
  shift 2
  setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups "$@" >output 2>&1 || status=$?
  if [ "$status" -eq "$expected" ]; then
    echo "ok: $user: $*: $status"
  else
    echo "FAILED: $user: $*: $status, expected $expected"
    cat output
    failed=1
  fi
}

# probe STATUS USER SERVER-NAME
probe() {
  expect "$1" "$2" tls-handoff probe --trust "$HANDOFF_TEST_CERTS/ca.pem" --server-name "$3" 127.0.0.1:4433
}

# Without rules everybody may, to whichever server.
probe 0 mallory localhost
probe 4 alice admin.example.com
expect 3 bob tls-handoff status --statistics

# polkitd reads the rules when it starts, and when they change: it is stopped here, so that the next
# question meets the rules without a wait.
install -m 0644 /usr/share/doc/tls-handoff/examples/50-tls-handoff.rules /etc/polkit-1/rules.d/
polkitd=$(busctl call org.freedesktop.DBus / org.freedesktop.DBus \
  GetConnectionUnixProcessID s org.freedesktop.PolicyKit1 | cut -d' ' -f2)
kill "$polkitd"
tail --pid="$polkitd" -f /dev/null

probe 3 mallory localhost
probe 0 alice localhost
probe 0 bob 127.0.0.1

probe 3 backup localhost
probe 4 backup backup.example.com
probe 4 backup BACKUP.example.com.

probe 3 alice admin.example.com
probe 3 alice host.ADMIN.example.com
probe 3 alice host.admin.example.com.
probe 4 alice notadmin.example.com

expect 0 bob tls-handoff status --statistics
expect 3 alice tls-handoff status --statistics

exit "$failed"
