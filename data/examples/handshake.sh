#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# A TLS handshake with busctl and a shell alone: prints protocol, cipher suite and certificate.
#
#   bash handshake.sh HOST [PORT [CREDENTIAL]]
#
# CREDENTIAL is what to authenticate with, if the server asks for a certificate.
#
# The shell connects and carries the bytes; the service does the handshake, step by step. Each call of
# busctl is a connection to the bus of its own, so the session has to outlive its caller: it belongs
# to the user then, for a minute at the most. See the D-Bus interface for what can be done with it
# beyond this, such as ExportKeys.
set -euo pipefail

readonly host=${1:?usage: bash handshake.sh HOST [PORT [CREDENTIAL]]} port=${2:-443} credential=${3-}
readonly service=org.tlshandoff.Handoff1
readonly manager=/org/tlshandoff/Handoff1

# call OBJECT INTERFACE METHOD [SIGNATURE ARGUMENT...]: a word of the reply a line, strings unquoted
call() {
  busctl call "$service" "$1" "$service.$2" "${@:3}" | xargs printf '%s\n'
}

# send BYTE...: to the server
send() {
  [ $# -eq 0 ] || printf '%b' "$(printf '\\0%03o' "$@")" >&"$server"
}

# Sets $input to what the server sent, as numbers.
receive() {
  read -r -d '' -a input < <(dd bs=16384 count=1 status=none <&"$server" | od -An -v -tu1) || true
  [ ${#input[@]} -gt 0 ] || fail "$host closed the connection"
}

fail() {
  echo "handshake.sh: $*" >&2
  exit 1
}

# take N: moves the next N words of the reply to $taken
take() {
  taken=("${reply[@]:0:$1}")
  reply=("${reply[@]:$1}")
}

# Prints the details, which are left in the reply: a number of entries, each a key, a type, a value.
print_details() {
  local key type number
  local -a certificate
  take 1
  for ((number = taken[0]; number > 0; number--)); do
    take 2
    key=${taken[0]} type=${taken[1]}
    case $type in
    s | b)
      take 1
      [ "$key" = resumed ] || printf '%s: %s\n' "$key" "${taken[0]}"
      ;;
    as | au)
      take 1
      take "${taken[0]}"
      printf '%s: %s\n' "$key" "${taken[*]}"
      ;;
    aay)
      take 1
      for ((chain = taken[0], i = 0; i < chain; i++)); do
        take 1
        take "${taken[0]}"
        [ "$key $i" != "peer-certificates 0" ] || certificate=("${taken[@]}")
      done
      ;;
    *) fail "a detail of type $type" ;;
    esac
  done
  if [ ${#certificate[@]} -gt 0 ]; then
    echo '-----BEGIN CERTIFICATE-----'
    printf '%b' "$(printf '\\0%03o' "${certificate[@]}")" | base64 --wrap 64
    echo '-----END CERTIFICATE-----'
  fi
}

# step METHOD [SIGNATURE ARGUMENT...]: sets $state, sends what is to be sent; what follows that is in $reply
step() {
  mapfile -t reply < <(call "$session" Session "$@")
  [ ${#reply[@]} -gt 0 ] || fail "the service did not reply"
  take 3
  state=${taken[1]}
  take "${taken[2]}"
  send "${taken[@]}"
}

options=(outlive-caller b true)
[ -z "$credential" ] || options+=(ask-for-credential b true)
session=$(call "$manager" Manager CreateSession 'ssa{sv}' client "$host" $((${#options[@]} / 3)) "${options[@]}" |
  tail -n 1)
trap 'call "$session" Session Close >/dev/null' EXIT

exec {server}<>"/dev/tcp/$host/$port"
input=()
state='continue'
while [ "$state" = continue ] || [ "$state" = certificate-request ]; do
  if [ "$state" = continue ]; then
    # (sayta{sv}): the state, what to send, how much was consumed, and the details
    step Step ay "${#input[@]}" "${input[@]}"
    take 1
    input=("${input[@]:${taken[0]}}")
  else
    # (saya{sv}): the same, but nothing is consumed
    step ProvideCredential 'a{sv}' 1 credential s "$credential"
  fi
  [ "$state" != continue ] || [ ${#input[@]} -gt 0 ] || receive
done

echo "state: $state"
print_details
[ "$state" = complete ]
