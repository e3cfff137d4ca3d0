#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# The example script that does a handshake with busctl and a shell alone, as an ordinary user, with real
# servers of OpenSSL and GnuTLS. Breaks if a session does not outlive the process that created it, or
# if what busctl shows of a reply cannot be used.
set -euo pipefail

cd "$TMPDIR"
readonly script=/usr/share/doc/tls-handoff/examples/handshake.sh
cp "$HANDOFF_TEST_CERTS/ca.pem" /etc/ssl/certs/ca-certificates.crt
cat >/etc/polkit-1/rules.d/10-test.rules <<'END'
polkit.addRule(function(action, subject) {
  if (action.id.endsWith("-own-credentials") || action.id.endsWith(".use-own-credential"))
    return polkit.Result.YES;
});
END

# await LINE: until the server says that it listens
await() {
  local line=
  until [[ $line == $1* ]]; do
    read -r -t 60 -u "$server" line
  done
  cat <&"$server" >/dev/null &
}

# shellcheck disable=SC2317 # check runs it
run() {
  setpriv --reuid alice --regid alice --clear-groups bash "$script" "$@"
}

# check NAME COMMAND...
failed=0
check() {
  local -r name=$1
  shift
  if "$@"; then
    echo "ok: $name"
  else
    echo "FAILED: $name"
    cat output errors
    failed=1
  fi
}

exec {server}< <(exec openssl s_server -accept 127.0.0.1:4433 -www -cert "$HANDOFF_TEST_CERTS/ecdsa.pem" \
  -key "$HANDOFF_TEST_CERTS/ecdsa.key" </dev/null 2>/dev/null)
await ACCEPT

check 'runs' run localhost 4433 >output 2>errors
check 'protocol' grep -qx 'protocol: TLS1.3' output
check 'suite' grep -qx 'cipher-suite: TLS_AES_256_GCM_SHA384' output
check 'certificate' cmp <(sed -n '/BEGIN/,/END/p' output | openssl x509 -outform DER) \
  <(openssl x509 -in "$HANDOFF_TEST_CERTS/ecdsa.pem" -outform DER)

exec {server}< <(exec openssl s_server -accept 127.0.0.1:4434 -www -tls1_2 \
  -cert "$HANDOFF_TEST_CERTS/wrong-name.pem" -key "$HANDOFF_TEST_CERTS/wrong-name.key" </dev/null 2>/dev/null)
await ACCEPT
check 'fails' eval '! run localhost 4434 2>errors >output'
check 'says why' grep -qx 'verification-errors: wrong-name' output
check 'by its name' grep -qx 'error: org.tlshandoff.Handoff1.Error.CertificateUntrusted' output

# The credential is chosen when the server asks.
cat "$HANDOFF_TEST_CERTS/client.pem" "$HANDOFF_TEST_CERTS/client.key" |
  setpriv --reuid alice --regid alice --clear-groups tls-handoff credential import --label mine -
for version in 1_2 1_3; do
  port=4435
  [ "$version" = 1_2 ] || port=4436
  exec {server}< <(exec openssl s_server -accept "127.0.0.1:$port" -www "-tls$version" -Verify 1 \
    -verify_return_error -CAfile "$HANDOFF_TEST_CERTS/client-ca.pem" -cert "$HANDOFF_TEST_CERTS/ecdsa.pem" \
    -key "$HANDOFF_TEST_CERTS/ecdsa.key" </dev/null 2>/dev/null)
  await ACCEPT
  check "authenticates ($version)" run localhost "$port" mine >output 2>errors
  check "with the credential ($version)" grep -qx 'credential: mine' output
  # Not one of the names of authorities, which are lists of bytes, too.
  check "certificate ($version)" cmp <(sed -n '/BEGIN/,/END/p' output | openssl x509 -outform DER) \
    <(openssl x509 -in "$HANDOFF_TEST_CERTS/ecdsa.pem" -outform DER)
  check "not with another ($version)" eval "! run localhost $port other 2>errors >output"
  check "and says so ($version)" grep -q 'no credential “other”' errors
done

# Each closed its session: more than are allowed at once.
for ((i = 0; i < 5; i++)); do
  check "again $i" run localhost 4433 >output 2>errors
done
exit "$failed"
