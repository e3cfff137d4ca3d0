#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# The service's programs under valgrind, as HACKING.md says: on a private system (tests/lib/system-run), which looks for
# reports when they have ended. Breaks if memory is used that is not there or has no value, if any is lost, if the
# service's own free() gets memory of valgrind's, or if valgrind's options do not fit how handshakes change stacks.
set -euo pipefail

cd "$TMPDIR"
failed=0

# expect STATUS USER COMMAND...
expect() {
  local -r expected=$1 user=$2
  local status=0
  shift 2
  setpriv --reuid "$user" --regid "$user" --clear-groups "$@" >output 2>&1 || status=$?
  [ "$status" -ne "$expected" ] || return 0
  echo "FAILED: $user: $*: $status, expected $expected"
  cat output
  failed=1
}

cat >/etc/polkit-1/rules.d/50-test.rules <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id == "org.tlshandoff.Handoff1.handshake-as-client" && subject.user == "mallory") {
        return polkit.Result.NO;
    }
});
RULE
chmod 0644 /etc/polkit-1/rules.d/50-test.rules

openssl pkcs12 -export -in "$HANDOFF_TEST_CERTS/rsa.pem" -inkey "$HANDOFF_TEST_CERTS/rsa.key" \
  -passout pass:secret -out site.p12
printf secret >passphrase
expect 0 root tls-handoff credential import --label site --passphrase-file passphrase site.p12
expect 0 root tls-handoff credential generate --label made
expect 0 root tls-handoff credential request made --subject CN=made
expect 0 root tls-handoff credential list
expect 0 root tls-handoff credential remove made

mkfifo listening
tls-handoff serve --credential site --listen 4433 -- cat 2>listening &
server=$!
exec {said}<listening
read -r -t 60 -u "$said" _
cat <&"$said" >/dev/null &

trusted=(--trust "$HANDOFF_TEST_CERTS/ca.pem")
expect 0 alice tls-handoff connect "${trusted[@]}" localhost:4433
expect 0 alice tls-handoff probe "${trusted[@]}" localhost:4433
expect 0 alice tls-handoff probe --tls12 "${trusted[@]}" localhost:4433
expect 4 alice tls-handoff probe localhost:4433
expect 4 alice tls-handoff probe "${trusted[@]}" --server-name other.handoff.test localhost:4433
expect 3 mallory tls-handoff probe localhost:4433
expect 0 root tls-handoff reload
expect 0 root tls-handoff status --statistics

kill "$server"
wait "$server" || true
for name in tls-handoffd tls-handoff-handshaker tls-handoff-keeper; do
  if ! pgrep -u tls-handoff -f "valgrind.* /run/handoff-test/programs/$name" >/dev/null; then
    echo "FAILED: $name does not run under valgrind"
    ps -u tls-handoff -o args
    failed=1
  fi
done
exit "$failed"
