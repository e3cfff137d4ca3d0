#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# The service in the sandbox of its unit, under a real systemd: sandbox.sh BUILD-DIRECTORY
#
# Boots this system with the installed tree in a container (systemd-nspawn on an overlay that is gone
# afterwards), has the bus activate the unit, makes a handshake as an ordinary user, and looks at the
# sandbox, the journal and the end. Breaks if the sandbox forbids what the service needs, or is not in
# force.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here

# Runs in the container, as a unit of its own; what it prints goes to the console.
inside() {
  local -r unit=tls-handoffd.service
  cd /handoff-test
  export HOME=/root

  fail() {
    echo "FAILED: $*"
    systemctl --no-pager status "$unit" || true
    journalctl --no-pager -b -u "$unit" -u polkit.service | tail -n 50 || true
    exit 1
  }
  # property NAME VALUE
  property() {
    local -r value=$(systemctl show --value -p "$1" "$unit")
    [ "$value" = "$2" ] || fail "$1 is '$value', not '$2'"
  }
  # process-status FIELD VALUE: what the kernel says
  process_status() {
    local -r value=$(awk -v field="$1:" '$1 == field { print $2 }' "/proc/$pid/status")
    [ "$value" = "$2" ] || fail "the process has $1 '$value', not '$2'"
  }

  property ActiveState inactive
  echo 'This came through the sandbox.' >page.txt
  mkfifo ready
  openssl s_server -accept 127.0.0.1:4433 -WWW -cert certs/rsa.pem -key certs/rsa.key \
    </dev/null >ready 2>&1 &
  exec {server}<ready
  local line=
  until [[ $line == ACCEPT* ]]; do
    read -r -t 60 -u "$server" line || fail 'the server did not start'
  done

  local reply
  reply=$(printf 'GET /page.txt HTTP/1.0\r\n\r\n' |
    setpriv --reuid alice --regid alice --clear-groups \
      tls-handoff connect --trust certs/ca.pem localhost:4433) || fail 'the handshake'
  [[ $reply == *'This came through the sandbox.'* ]] || fail "the reply is '$reply'"
  echo 'ok: bus activation and a handshake'

  property ActiveState active
  property User tls-handoff
  property NoNewPrivileges yes
  property PrivateNetwork yes
  property ProtectSystem strict
  property CapabilityBoundingSet ''
  property MemoryDenyWriteExecute yes
  property RestrictAddressFamilies AF_UNIX
  local pid
  pid=$(systemctl show --value -p MainPID "$unit")
  process_status CapEff 0000000000000000
  process_status CapBnd 0000000000000000
  process_status NoNewPrivs 1
  process_status Seccomp 2
  grep -q '^Max core file size  *0  *0 ' "/proc/$pid/limits" || fail 'the process may leave a core dump'
  local user file
  for user in tls-handoff alice; do
    for file in environ mem maps; do
      ! setpriv --reuid "$user" --regid "$user" --clear-groups head -c 1 "/proc/$pid/$file" >/dev/null 2>&1 ||
        fail "$user reads the process's $file"
    done
  done
  [ "$(stat -c %U "/proc/$pid")" = tls-handoff ] || [ "$(ps -o user:32= -p "$pid")" = tls-handoff ] ||
    fail 'the process runs as somebody else'
  [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] ||
    fail 'the process shares our network'
  echo 'ok: sandbox in force'

  # Its programs have a filter of their own beside the unit's, and nobody looks into them.
  local program filters name end
  # count_filters PROCESS
  count_filters() {
    awk '$1 == "Seccomp_filters:" { print $2 }' "/proc/$1/status"
  }
  filters=$(count_filters "$pid")
  for name in handshaker keeper; do
    pgrep -P "$pid" -f "tls-handoff-$name" >/dev/null || fail "there is no $name"
  done
  for program in $(pgrep -P "$pid"); do
    # The next spare handshaker may have begun just now.
    end=$((SECONDS + 20))
    until [ "$(count_filters "$program")" -gt "$filters" ]; do
      [ "$SECONDS" -lt "$end" ] || fail "$(cat "/proc/$program/comm") is not locked up"
    done
    [ "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$program/status")" = 1 ] ||
      fail "$(cat "/proc/$program/comm") can get new privileges"
    ! setpriv --reuid tls-handoff --regid tls-handoff --clear-groups head -c 1 "/proc/$program/mem" >/dev/null 2>&1 ||
      fail "others of its user look into $(cat "/proc/$program/comm")"
    echo "ok: $(cat "/proc/$program/comm") is locked up"
  done

  # Keys are written, made and used there, and are still there when the service was started again.
  cat certs/ecdsa.pem certs/ecdsa.key >site.pem
  tls-handoff credential import --label site site.pem >/dev/null || fail 'import'
  local type
  for type in rsa-2048 ecdsa-p384 ed25519; do
    tls-handoff credential generate --label "$type" --type "$type" >/dev/null || fail "generate $type"
    tls-handoff credential request "$type" --subject CN=x | openssl req -noout -verify 2>/dev/null ||
      fail "request $type"
  done
  systemctl stop "$unit" || fail 'stop with credentials'
  [ "$(stat -c '%U %a' /var/lib/tls-handoff/credentials)" = 'tls-handoff 700' ] ||
    fail "the state directory: $(ls -la /var/lib/tls-handoff)"
  tls-handoff serve --credential site --listen 127.0.0.1:8443 --once -- echo served 2>serving &
  local -r serving=$!
  until grep -q listening serving; do
    kill -0 "$serving" || fail "serve: $(cat serving)"
  done
  reply=$(setpriv --reuid alice --regid alice --clear-groups \
    tls-handoff connect --ignore-eof --trust certs/ca.pem localhost:8443 </dev/null) || fail 'the server handshake'
  [ "$reply" = served ] || fail "the server said '$reply'"
  wait "$serving" || fail "serve: $(cat serving)"
  for type in site rsa-2048 ecdsa-p384 ed25519; do
    tls-handoff credential remove "$type" || fail "remove $type"
  done
  [ -z "$(ls /var/lib/tls-handoff/credentials)" ] || fail 'something is left of the credentials'
  echo 'ok: credentials and a server'

  local entry
  journalctl --sync
  entry=$(journalctl -b -u "$unit" -o json HANDOFF_SERVER_IDENTITY=localhost HANDOFF_ROLE=client HANDOFF_OUTCOME=complete |
    tail -n 1)
  for field in '"HANDOFF_UID":"60101"' '"HANDOFF_PROTOCOL":"TLS1.3"' '"HANDOFF_CIPHER_SUITE":"TLS_'; do
    [[ ${entry// /} == *"${field}"* ]] || fail "the audit entry has no $field: $entry"
  done
  echo 'ok: audit entry in the journal'

  # As an upgrade does: the service is another one, and who is connected notices nothing.
  local before client request
  mkfifo request
  setpriv --reuid alice --regid alice --clear-groups \
    tls-handoff connect --verbose --trust certs/ca.pem localhost:4433 <request >reply 2>crossing &
  client=$!
  exec {request}>request
  until grep -q '^handshake by' crossing; do
    kill -0 "$client" || fail "connect: $(cat crossing)"
  done
  before=$(systemctl show --value -p MainPID "$unit")
  systemctl try-restart "$unit" || fail 'try-restart'
  property ActiveState active
  [ "$(systemctl show --value -p MainPID "$unit")" != "$before" ] || fail 'the service was not restarted'
  printf 'GET /page.txt HTTP/1.0\r\n\r\n' >&"$request"
  exec {request}>&-
  wait "$client" || fail "connect, over a restart: $(cat crossing)"
  grep -q 'This came through the sandbox.' reply || fail "the reply over a restart is '$(cat reply)'"
  echo 'ok: a connection goes on when the service is restarted'

  systemctl reload "$unit" || fail 'reload'
  property ActiveState active
  systemctl stop "$unit" || fail 'stop'
  property ActiveState inactive
  property Result success
  property ExecMainStatus 0
  echo 'ok: reload and stop'
}

# Runs in a mount namespace of its own, where the overlay disappears with it.
outside() {
  local -r tree=$1
  local -r base=/run/handoff-test root=/run/handoff-test/root
  mount -t tmpfs -o mode=0755 tmpfs /run
  mkdir -p "$base/upper" "$base/work" "$root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"

  cp -a --no-preserve=ownership "$tree/." "$root/"

  mkdir -p "$root/handoff-test"
  cp "$here/sandbox.sh" "$root/handoff-test/inside"
  cp -r "$HANDOFF_TEST_CERTS" "$root/handoff-test/certs"
  chmod -R a+rX "$root/handoff-test"
  systemd-sysusers --root="$root" tls-handoff.conf >/dev/null 2>&1 ||
    { echo 'systemd-sysusers failed'; exit 1; }
  systemd-sysusers --root="$root" - >/dev/null 2>&1 <<'USERS' || { echo 'systemd-sysusers failed'; exit 1; }
u alice 60101 "Test user" /nonexistent /bin/sh
USERS
  # The exit status of the unit becomes that of the container.
  cat >"$root/etc/systemd/system/handoff-test.service" <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
SuccessAction=exit-force
FailureAction=exit-force
FailureActionExitStatus=1
[Service]
Type=oneshot
ExecStart=/bin/bash /handoff-test/inside --inside
StandardInput=null
StandardOutput=file:/handoff-test/output
StandardError=inherit
UNIT

  local status=0
  systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network \
    --resolv-conf=off --timezone=off --link-journal=no --console=pipe --boot -- \
    systemd.unit=handoff-test.service systemd.journald.forward_to_console=no \
    </dev/null >"$base/console" 2>&1 || status=$?
  if [ -e "$root/handoff-test/output" ]; then
    cat "$root/handoff-test/output"
  else
    echo 'the container did not get as far as the test:'
    cat "$base/console"
    status=1
  fi
  [ "$status" -eq 0 ] || tail -n 40 "$base/console"
  exit "$status"
}

case $1 in
--inside) inside ;;
--outside) outside "$2" ;;
*)
  if [ "$(id -u)" -ne 0 ]; then
    echo 'sandbox.sh: needs root' >&2
    exit 77
  fi
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin
  tree=$("$here/../lib/system-run" --install "$1")
  exec unshare --mount --pid --fork --kill-child --mount-proc -- \
    bash "$here/sandbox.sh" --outside "$tree"
  ;;
esac
