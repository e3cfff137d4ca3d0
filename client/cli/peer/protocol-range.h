/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The options for the protocol versions that are offered, and what they come to. */
typedef struct
{
  /* Options, as given */
  char *minimum_text; /* (owned) (nullable) */
  char *maximum_text; /* (owned) (nullable) */
  gboolean tls12;
  gboolean tls13;

  /* From cli_protocol_range_check(); G_TLS_PROTOCOL_VERSION_UNKNOWN for the service's own bound */
  GTlsProtocolVersion minimum;
  GTlsProtocolVersion maximum;
} CliProtocolRange;

void cli_protocol_range_clear (CliProtocolRange *self);
void cli_protocol_range_add_options (CliProtocolRange *self, GOptionContext *context);
gboolean cli_protocol_range_check (CliProtocolRange *self, GError **error);
