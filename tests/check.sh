#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# Installs what is needed, builds and runs every test: as root, on Debian 12. Nothing but the packages
# stays. The last line is "N passed, N failed"; a test that is skipped has failed.
#
#   tests/check.sh [--keep DIRECTORY] [--gcc] [-- OPTION...]
#
# Keeps the builds and their logs there; only what gcc builds; the options are for each `meson test`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
if [ "$(id -u)" -ne 0 ]; then
  echo 'tests/check.sh: run it as root: it installs packages, and the tests run as several users' >&2
  exit 1
fi
# Debian's programs, and none that a user put before them.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset CC CFLAGS LDFLAGS PYTHONPATH PYTHONHOME
exec </dev/null

work=
only_gcc=
options=()
while [ $# -gt 0 ]; do
  case $1 in
  --keep)
    mkdir -p "$2"
    work=$(realpath "$2")
    shift
    ;;
  --gcc) only_gcc=1 ;;
  --)
    shift
    options=("$@")
    break
    ;;
  *)
    echo 'usage: tests/check.sh [--keep DIRECTORY] [--gcc] [-- OPTION...]' >&2
    exit 2
    ;;
  esac
  shift
done
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
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

# build NAME [MESON-OPTION...]
build() {
  local -r name=$1
  shift
  meson setup "$work/$name" --prefix=/usr --sysconfdir=/etc --localstatedir=/var -Dwerror=true "$@" &&
    meson compile -C "$work/$name"
}

# run_tests NAME [OPTION...]: counts the results of `meson test`
run_tests() {
  local -r name=$1
  local good bad
  shift
  echo "$name:"
  # Its name has that of the setup in it, if there is one.
  rm -f "$work/$name"/meson-logs/testlog*.json
  # Nobody knows how slow the machine is: the limits are for what hangs.
  meson test -C "$work/$name" --no-rebuild --print-errorlogs --timeout-multiplier 3 "$@" "${options[@]}"
  read -r good bad < <(
    /usr/bin/python3 - "$work/$name"/meson-logs/testlog*.json <<'PYTHON'
import json, sys
try:
    results = [json.loads(line)["result"] for line in open(sys.argv[1])]
except OSError:
    results = []
good = results.count("OK") + results.count("EXPECTEDFAIL")
# No result at all is a failure too.
print(good, len(results) - good if results else 1)
PYTHON
  )
  passed=$((passed + good))
  failed=$((failed + bad))
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

step packages tests/lib/install-packages tests/lib/packages-apps || finish
if step build-gcc build gcc -Ddocs=true; then
  run_tests gcc
fi
[ -z "$only_gcc" ] || finish
# DWARF 4, because Debian 12's valgrind cannot read clang's DWARF 5.
if step build-clang env CC=clang bash -c "$(declare -f build); work='$work'; build clang -Dc_args=-gdwarf-4"; then
  # What uses the library, without channels: the other builds run it with them.
  run_tests clang --setup bus --suite library
fi
# The leak checker cannot look into the service's process, which is not dumpable; the unit tests of its
# library are checked.
if step build-sanitizers build sanitizers -Db_sanitize=address,undefined -Db_lundef=false \
  -Dintrospection=false -Dman=false; then
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export HANDOFF_TEST_SERVICE_ENV='ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1'
  run_tests sanitizers --no-suite lint --no-suite bench
fi
# Whose bytes the programs read can take them over in this build.
if step build-attack build attack -Dattack=true -Dintrospection=false -Dman=false; then
  run_tests attack --suite attack --suite attack-service
fi
step fuzz tests/fuzz/run.sh --short
# A few small breakages of the source, each day others: the tests have to notice them.
step mutants tests/mutants/run.sh --sample 4
finish
