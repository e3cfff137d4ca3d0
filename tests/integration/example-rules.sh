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
for group in vpn guests services; do
  groupadd --force "$group"
  useradd --system --groups "$group" "a-$group"
done

# start_server PORT [OPTION...]
start_server() {
  local line='' server
  rm -f ready
  mkfifo ready
  openssl s_server -accept "127.0.0.1:$1" -www -cert "$HANDOFF_TEST_CERTS/ecdsa.pem" \
    -key "$HANDOFF_TEST_CERTS/ecdsa.key" "${@:2}" </dev/null >ready 2>>s_server.log &
  exec {server}<ready
  until [[ $line == ACCEPT* ]]; do
    read -r -t 60 -u "$server" line
  done
  cat <&"$server" >/dev/null &
}

start_server 4433
# One that wants a certificate of client-ca's. In TLS 1.3 its client would hear too late that it got none.
start_server 4434 -tls1_2 -Verify 1 -verify_return_error -CAfile "$HANDOFF_TEST_CERTS/client-ca.pem"

failed=0

# expect STATUS USER COMMAND...: the command's exit status: 0 it worked, 1 there is no such credential for
# the user, 3 not authorized, 4 authorized, but the server is another one
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

# use STATUS USER CREDENTIAL SERVER-NAME: as a client
use() {
  expect "$1" "$2" tls-handoff probe --trust "$HANDOFF_TEST_CERTS/ca.pem" --credential "$3" --server-name "$4" \
    127.0.0.1:4433
}

# serve STATUS USER CREDENTIAL: to one client; 1: polkit denies it, before anybody connects
serve() {
  local -r expected=$1 user=$2 label=$3
  local status=0 port=
  : >serving
  setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
    tls-handoff serve --credential "$label" --listen 0 --once -- echo in 2>serving >/dev/null &
  local -r serving=$!
  until [ -n "$port" ]; do
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' serving)
    kill -0 "$serving" || break
  done
  [ -z "$port" ] || openssl s_client -quiet -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1 || true
  wait "$serving" || status=$?
  if [ "$status" -eq "$expected" ] && { [ "$status" -eq 0 ] || grep -q 'polkit' serving; }; then
    echo "ok: $user serves with $label: $status"
  else
    echo "FAILED: $user serves with $label: $status, expected $expected"
    cat serving
    failed=1
  fi
}

cat "$HANDOFF_TEST_CERTS/client.pem" "$HANDOFF_TEST_CERTS/client.key" |
  tls-handoff credential import --label vpn -
cat "$HANDOFF_TEST_CERTS/ecdsa.pem" "$HANDOFF_TEST_CERTS/ecdsa.key" |
  tls-handoff credential import --label site -

cat "$HANDOFF_TEST_CERTS/client.pem" "$HANDOFF_TEST_CERTS/client.key" >own.pem
chmod 0644 own.pem
chmod 0755 .

# Without rules nobody uses the machine's keys, and who has no session has none of his own.
use 1 a-vpn vpn vpn.example.com
serve 1 www-data site
expect 3 a-services tls-handoff credential generate --label own
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

use 4 a-vpn vpn vpn.example.com
use 1 a-vpn vpn localhost
use 1 a-vpn site vpn.example.com
use 1 alice vpn vpn.example.com
serve 1 a-vpn vpn

serve 0 www-data site
serve 1 a-vpn site
serve 1 alice site
use 1 www-data site localhost

# Shown where it is named, and nowhere else.
expect 0 a-services tls-handoff credential import --label own own.pem
expect 0 a-services tls-handoff probe --trust "$HANDOFF_TEST_CERTS/ca.pem" --credential own localhost:4434
expect 1 a-services tls-handoff probe --trust "$HANDOFF_TEST_CERTS/ca.pem" localhost:4434
expect 0 a-services tls-handoff credential remove own
expect 0 a-services tls-handoff credential generate --label own
expect 0 a-services tls-handoff credential remove own
expect 3 a-guests tls-handoff credential generate --label own

exit "$failed"
