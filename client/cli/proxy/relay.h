/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

typedef enum
{
  CLI_RELAY_NONE = 0,
  CLI_RELAY_CRLF = 1 << 0, /* line feeds of the input become CR LF */
  CLI_RELAY_IGNORE_EOF =
      1 << 1, /* the end of the input does not close our side of the connection */
} CliRelayFlags;

typedef struct
{
  guint64 n_sent;       /* how much data crossed, bytes, TLS not counted */
  guint64 n_received;   /* likewise */
  gboolean input_ended; /* the end of the input was read */
} CliRelayOutcome;

/* Whom to tell how much crossed. */
typedef struct
{
  void (*moved) (const CliRelayOutcome *so_far, gpointer data);
  gpointer data;
} CliRelayWatch;

gboolean cli_relay_run (TlsHandoffRecordLayer *layer,
                        TlsHandoffHandshakeResult *result,
                        int socket_fd,
                        int input_fd,
                        int output_fd,
                        CliRelayFlags flags,
                        const CliRelayWatch *watch,
                        CliRelayOutcome *outcome,
                        GError **error);

gsize cli_relay_expand_crlf (const guint8 *data, gsize size, guint8 *expanded, gboolean *after_cr);
