/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <sys/socket.h>
#include <tls-handoff/tls-handoff.h>

#include "peer/target.h"
#include "proxy/reactor.h"

/* Who answers a client of "serve": a program that is started for it, or another server. */
typedef struct
{
  const char *const *command; /* (nullable): if NULL, forward */
  const CliTarget *forward;   /* (nullable) */
} CliBackendAddress;

/* Where the other server was found last, in one thread. */
typedef struct
{
  struct sockaddr_storage address;
  socklen_t size;
  gint64 end; /* of the monotonic clock: when to look it up again */
} CliBackendPlace;

typedef struct _CliBackend CliBackend;

typedef void (*CliBackendReady) (CliBackend *backend, const GError *error, gpointer user_data);
typedef void (*CliBackendInputDone) (gboolean done, gpointer user_data);
typedef void (*CliBackendGone) (const char *problem, gpointer user_data);

void cli_backend_open (const CliBackendAddress *address,
                       CliBackendPlace *place,
                       CliReactor *reactor,
                       const char *client,
                       TlsHandoffHandshakeResult *result,
                       CliBackendReady ready,
                       gpointer user_data);
int cli_backend_get_output (CliBackend *self);
int cli_backend_get_input (CliBackend *self);
void
cli_backend_ask_input_done (CliBackend *self, CliBackendInputDone input_done, gpointer user_data);
void cli_backend_close_input (CliBackend *self);
void
cli_backend_close (CliBackend *self, gboolean hang_up, CliBackendGone gone, gpointer user_data);
