#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers
#
# Builds, and measures, as root: a line a figure. README.md beside it says what they mean.
#
#   tests/bench/run.sh [--quick] [--report DIRECTORY] [NAME…]
#
# NAME: a figure, or what the names of some begin with; default: all. --report also writes a table
# and plots. --quick only shows that it runs. $BUILD is the build directory, default ./build.
set -euo pipefail

cd "$(dirname "$0")/../.."
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
readonly build=${BUILD:-build}
options=()
names=()
while [ $# -gt 0 ]; do
  case $1 in
  --quick) options+=(--quick) ;;
  --report)
    [ $# -ge 2 ] || { echo 'run.sh: --report needs a directory' >&2; exit 2; }
    mkdir -p "$2"
    options+=(--report "$(realpath "$2")")
    shift
    ;;
  -*)
    echo 'usage: tests/bench/run.sh [--quick] [--report DIRECTORY] [NAME…]' >&2
    exit 2
    ;;
  *) names+=("$1") ;;
  esac
  shift
done

# The other fronts are needed for these figures alone.
if [[ " ${names[*]-front} " == *" front"* ]]; then
  missing=()
  for package in nginx-light stunnel4 hitch; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "${missing[@]}"; } >/dev/null
  fi
fi

[ -e "$build/build.ninja" ] || meson setup "$build" --prefix=/usr --sysconfdir=/etc --localstatedir=/var >/dev/null
if meson introspect --buildoptions "$build" | python3 -c 'import json, sys
options = {option["name"]: option["value"] for option in json.load(sys.stdin)}
sys.exit(options["b_sanitize"] == "none" and options["optimization"] not in ("0", "g"))'; then
  echo "run.sh: $build is built with a sanitizer or without optimization: that would be measured" >&2
  exit 1
fi
meson compile -C "$build" >"$build/bench.log" 2>&1 || { cat "$build/bench.log" >&2; exit 1; }
# The service's log has lines for each handshake.
export HANDOFF_TEST_SHOW_LOG=${HANDOFF_TEST_SHOW_LOG:-0}
exec tests/lib/system-run "$build" tests/bench/run.py "${options[@]}" "$(realpath "$build")" "${names[@]}"
