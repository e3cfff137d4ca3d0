/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "peer/target.h"

/* Who answers a client of "serve": a program that is started for it, or another server. */
typedef struct
{
  const char *const *command; /* (nullable): if NULL, forward */
  const CliTarget *forward;   /* (nullable) */
} CliBackendAddress;

typedef struct _CliBackend CliBackend;

typedef void (*CliBackendReady) (CliBackend *backend, const GError *error, gpointer user_data);
typedef void (*CliBackendInputDone) (gboolean done, gpointer user_data);
typedef void (*CliBackendGone) (const char *problem, gpointer user_data);

void cli_backend_open (const CliBackendAddress *address,
                       const char *client,
                       TlsHandoffHandshakeResult *result,
                       CliBackendReady ready,
                       gpointer user_data);
GInputStream *cli_backend_get_output (CliBackend *self);
GOutputStream *cli_backend_get_input (CliBackend *self);
void
cli_backend_ask_input_done (CliBackend *self, CliBackendInputDone input_done, gpointer user_data);
void cli_backend_close_input (CliBackend *self);
void
cli_backend_close (CliBackend *self, gboolean hang_up, CliBackendGone gone, gpointer user_data);
