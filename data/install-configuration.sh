#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers

# install-configuration.sh FILE DIRECTORY: for `meson install`: puts the configuration there, unless the administrator
# has one already; then what is new in ours can be looked up beside it, in FILE.new.
set -eu
target=${DESTDIR:-}$2/$(basename "$1")
if [ -e "$target" ] && ! cmp -s "$1" "$target"; then
  echo "$target is kept; the one of this version is $target.new"
  target=$target.new
else
  rm -f "$target.new"
fi
install -D -m 0644 "$1" "$target"
