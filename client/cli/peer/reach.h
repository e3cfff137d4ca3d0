/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "peer/target.h"

/* How the command gets to a server: the options for that, and what they mean. */
typedef struct
{
  /* Options, as given */
  char *connect_to; /* (owned) (nullable) */
  char *proxy;      /* (owned) (nullable) */
  gboolean ipv4;
  gboolean ipv6;

  /* From cli_reach_check() */
  CliTarget *place;        /* (owned) (nullable): what to connect to; NULL if it is a path */
  char *path;              /* (owned) (nullable): of a Unix socket */
  GSocketFamily family;    /* G_SOCKET_FAMILY_INVALID for either */
  GProxyResolver *proxies; /* (owned) (nullable): the one of --proxy */
  gboolean ask_system;     /* for a proxy */
} CliReach;

void cli_reach_clear (CliReach *self);
void cli_reach_add_options (CliReach *self, GOptionContext *context);
gboolean cli_reach_check (CliReach *self, const CliTarget *target, GError **error);
