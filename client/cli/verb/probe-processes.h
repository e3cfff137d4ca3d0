/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <json-glib/json-glib.h>

#include "terminal/exit-status.h"

/* Several servers at once, each in a process of its own: whatever one of them does, the others go
 * on, and a watch of many days has nothing that could pile up. */

/* Probes a server, and prints JSON. */
typedef CliExitStatus (*CliProbeFunc) (const char *server, gpointer user_data);

/* What came of one. */
typedef struct
{
  const char *server; /* as given */
  CliExitStatus status;
  JsonObject *found; /* (owned): what it printed; empty if nothing */
  char *problem;     /* (owned) (nullable): what it reported first */
} CliProbed;

GPtrArray *cli_probe_processes_run (char **servers, CliProbeFunc func, gpointer user_data);
