/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "proxy/connection.h"

/* Shared by all fronts of a process. Nothing of it changes any more. */
typedef struct
{
  CliConnectionSettings connection;
  GPtrArray *listeners; /* (owned) (element-type GSocket): from cli_listen() */
  int max_clients;      /* of all fronts */
  guint max_handshakes; /* of a front, under way */
  gboolean once;        /* it ends with its first client */
} CliFrontSettings;

typedef struct _CliFront CliFront;

#define CLI_FRONT_MAX_PEERS 4

/* The fronts that listen on the same sockets, each in its thread. */
typedef struct
{
  CliFront *fronts[CLI_FRONT_MAX_PEERS]; /* atomic, (nullable): NULL until it is there */
  int n_clients;                         /* atomic: of all, those among them who are just coming */
  int ending;                            /* atomic: whether no more clients are taken */
  /* No more are taken, and the last one has left. In the thread of any front. */
  void (*left) (gpointer user_data);
  gpointer user_data;
} CliFrontPeers;

/* ok: the only client's connection ended as it should */
typedef void (*CliFrontDone) (gboolean ok, gpointer user_data);

void cli_front_set_time_limit (TlsHandoffHandshakeOptions *options);
CliFront *cli_front_new (const CliFrontSettings *settings,
                         CliFrontPeers *peers,
                         CliFrontDone done,
                         gpointer user_data);
void cli_front_peers_end (CliFrontPeers *peers);
