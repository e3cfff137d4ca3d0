#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# Builds the fuzz targets with clang, AddressSanitizer and UndefinedBehaviorSanitizer, and runs each:
#
#   tests/fuzz/run.sh MINUTES    each of them for so long; the corpora stay in ./build-fuzz
#   tests/fuzz/run.sh --short    each for a few seconds, from the seeds; nothing stays
#
# Exit status 0 if nothing was found. What makes a target fail is left in the directory that is named.
set -euo pipefail

cd "$(dirname "$0")/../.."
readonly usage='usage: tests/fuzz/run.sh MINUTES | --short'
case ${1:-} in
--short) seconds=5 corpora=$(mktemp -d) ;;
'' | *[!0-9]*)
  echo "$usage" >&2
  exit 2
  ;;
*) seconds=$((60 * $1)) corpora=$PWD/build-fuzz ;;
esac

build=$(mktemp -d)
trap 'rm -rf "$build"; [ "${1:-}" != --short ] || [ -n "${found:-}" ] || rm -rf "$corpora"' EXIT
CC=clang meson setup "$build" --prefix=/usr --sysconfdir=/etc -Dfuzzing=true -Dintrospection=false -Dman=false \
  -Db_sanitize=address,undefined -Db_lundef=false >"$build/log" ||
  { cat "$build/log"; exit 1; }
# The targets and what they need, and none of the other tests.
mapfile -t targets < <(cd tests/fuzz && sed -n "s/^  '\([a-z-]*\)': .*_dep,$/\1/p" meson.build)
ninja -C "$build" "${targets[@]/#/tests/fuzz/fuzz-}" tests/fuzz/library-seeds tests/fuzz/service-seeds \
  tests/certs >"$build/log" 2>&1 || { grep -v "^\[" "$build/log"; exit 1; }
"$build/tests/fuzz/library-seeds" "$build/seeds"
HANDOFF_TEST_CERTS=$build/tests/certs "$build/tests/fuzz/service-seeds" "$build/seeds"
HANDOFF_TEST_CERTS=$build/tests/certs tests/fuzz/key-material-seeds "$build/seeds/key-material"

export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
found=
for target in "${targets[@]}"; do
  corpus=$corpora/$target
  mkdir -p "$corpus" "$build/seeds/$target"
  # The coverage of code that waits for a thread differs between runs: a slow input is no finding.
  if "$build/tests/fuzz/fuzz-$target" -max_total_time="$seconds" -max_len=16384 -timeout=60 \
    -artifact_prefix="$corpora/$target-" "$corpus" "$build/seeds/$target" >"$build/$target.log" 2>&1; then
    echo "$target: $(grep -o 'Done [0-9]* runs' "$build/$target.log"), nothing found"
  else
    tail -n 40 "$build/$target.log"
    echo "$target: FOUND something; see $corpora/$target-*"
    found=1
  fi
done
[ -z "$found" ]
