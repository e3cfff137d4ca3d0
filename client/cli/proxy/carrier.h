/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "proxy/buffers.h"
#include "proxy/reactor.h"

typedef struct _CliCarrier CliCarrier;

typedef enum
{
  CLI_CARRIER_SOURCE_ENDED, /* the end was read, and all is written */
  CLI_CARRIER_SOURCE_FAILED,
  CLI_CARRIER_SINK_FAILED,
} CliCarrierEnd;

/* error: (nullable): why it failed */
typedef void (*CliCarrierEnded) (CliCarrierEnd end, const GError *error, gpointer user_data);
typedef void (*CliCarrierClosed) (const GError *error, gpointer user_data);

typedef struct
{
  CliCarrierEnded client_ended;  /* the way from the client to the backend has */
  CliCarrierEnded backend_ended; /* the other way has */
  CliCarrierClosed closed;       /* what cli_carrier_close_output() asked for is done */
} CliCarrierEvents;

CliCarrier *cli_carrier_new (CliReactor *reactor,
                             CliBuffers *buffers,
                             TlsHandoffRecordLayer *layer,
                             int client_fd,
                             const CliCarrierEvents *events,
                             gpointer user_data);
void cli_carrier_free (CliCarrier *self);
gboolean
cli_carrier_start (CliCarrier *self, int backend_output, int backend_input, GError **error);
void cli_carrier_get_amounts (CliCarrier *self, guint64 *n_received, guint64 *n_sent);
gboolean cli_carrier_holds_rest (CliCarrier *self, guint64 *n_taken);
void cli_carrier_forget_input (CliCarrier *self);
void cli_carrier_discard (CliCarrier *self);
void cli_carrier_close_output (CliCarrier *self);
void cli_carrier_stop (CliCarrier *self);
