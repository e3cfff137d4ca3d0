#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The TLS Handoff developers

# For update-ca-certificates(8), which runs it when it has changed the trust store: a service that runs reads that
# again. One that does not run reads it when it starts. Nothing of this makes update-ca-certificates fail.
set -eu
name=org.tlshandoff.Handoff1

cat >/dev/null # what was added and removed
owned=$(busctl --system call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus NameHasOwner s "$name" \
  2>/dev/null) || exit 0
[ "$owned" = 'b true' ] || exit 0
busctl --system --quiet --auto-start=no call "$name" /org/tlshandoff/Handoff1 "$name.Manager" Reload ||
  echo 'tls-handoff: the service has not read the new trust store; see tls-handoff reload' >&2
