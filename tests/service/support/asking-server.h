/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/gnutls.h>

#include "support/memory-transport.h"

/* A TLS 1.3 server in memory that asks for a certificate, for a client in steps. It asks before it
 * shows its own, so that any will do. */
typedef struct
{
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  MemoryTransport transport;
  GByteArray *to_server;
  GByteArray *to_client;
} AskingServer;

void asking_server_init (AskingServer *self);
void asking_server_clear (AskingServer *self);
/* The argument of Step(): what is there for the client. (transfer floating) */
GVariant *asking_server_new_input (AskingServer *self);
/* What Step() returned: goes to the server. (transfer full): the state */
char *asking_server_take (AskingServer *self, GVariant *reply);
