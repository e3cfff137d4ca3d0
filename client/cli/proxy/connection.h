/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "proxy/backend.h"
#include "proxy/buffers.h"
#include "proxy/reactor.h"

typedef struct _CliConnection CliConnection;

/* What each client is told. Nothing of it changes any more. */
typedef struct
{
  TlsHandoffManager *manager;          /* (owned) */
  TlsHandoffHandshakeOptions *options; /* (owned) */
  TlsHandoffHandshakeFlags flags;
  CliBackendAddress backend;
  gboolean quiet;   /* says what goes wrong, and of other clients nothing */
  gboolean verbose; /* also says what was negotiated when it is */
} CliConnectionSettings;

/* What the connections of a thread share, and whom they tell. */
typedef struct
{
  const CliConnectionSettings *settings;
  CliReactor *reactor;
  CliBuffers *buffers;
  CliBackendPlace place;

  void (*spoke) (CliConnection *connection, gpointer user_data); /* it waits for its handshake */
  void (*handshake_over) (gpointer user_data);
  /* It is gone. ok: it ended as it should */
  void (*done) (CliConnection *connection, gboolean ok, gpointer user_data);
  gpointer user_data;
} CliConnectionHost;

CliConnection *cli_connection_new (CliConnectionHost *host,
                                   int fd,
                                   const struct sockaddr_storage *address,
                                   socklen_t address_size);
void cli_connection_begin (CliConnection *self);
void cli_connection_end_if_silent (CliConnection *self);
void cli_connection_check_time (CliConnection *self, gint64 now);
