/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#define CLI_TARGET_DEFAULT_PORT 443

/* Where to connect to. */
typedef struct
{
  char *host; /* (owned): a DNS name or an address; without brackets */
  guint16 port;
} CliTarget;

CliTarget *cli_target_parse (const char *text, GError **error);
CliTarget *cli_target_parse_with_port (const char *text, guint16 default_port, GError **error);
CliTarget *cli_target_parse_own (const char *text, GError **error);
CliTarget *cli_target_copy (const CliTarget *target);
void cli_target_free (CliTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliTarget, cli_target_free)

char *cli_target_get_identity (const CliTarget *target);
char *cli_target_to_string (const CliTarget *target);
