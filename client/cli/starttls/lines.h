/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "starttls/wire.h"

/* The dialogues of protocols whose messages are lines. */
gboolean cli_starttls_smtp (CliWire *wire, GError **error);
gboolean cli_starttls_imap (CliWire *wire, GError **error);
gboolean cli_starttls_pop3 (CliWire *wire, GError **error);
gboolean cli_starttls_ftp (CliWire *wire, GError **error);
gboolean cli_starttls_nntp (CliWire *wire, GError **error);
gboolean cli_starttls_sieve (CliWire *wire, GError **error);
