/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "proxy/backend.h"

/* What all connections of a "serve" share. */
typedef struct
{
  TlsHandoffManager *manager;          /* (owned) */
  TlsHandoffHandshakeOptions *options; /* (owned) */
  TlsHandoffHandshakeFlags flags;
  GTlsAuthenticationMode authentication;
  CliBackendAddress backend;
  gboolean verbose;

  /* front.c's own */
  guint n_handshakes; /* under way */
  GQueue waiting;     /* clients that wait for their handshake */
} CliFront;

/* ok: the connection ended as it should */
typedef void (*CliFrontDone) (gboolean ok, gpointer user_data);

void cli_front_set_time_limit (TlsHandoffHandshakeOptions *options);
void
cli_front_serve (CliFront *front, GSocketConnection *client, CliFrontDone done, gpointer user_data);
