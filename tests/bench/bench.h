/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "test-system.h"

/* What the benchmarks that run in the private system share. Nothing here judges a time: the
 * benchmarks check that the work was done and print how the two sides compare. */

/* Checks that this is the private system, and takes --quick and "--NAME NUMBER" options off the
 * command line; anything else ends the program. options ends with a NULL name. */
typedef struct
{
  const char *name;
  int *value;
  const char *help;
} BenchOption;
void bench_init (int argc, char **argv, gboolean *quick, const BenchOption *options);

/* Adds the tests' CA to the system's trust store, as an administrator would, and returns how many
 * certificates that has then. Before the service starts. */
guint bench_trust_store_add_ca (void);

/* A TLS 1.3 server on 127.0.0.1 in threads of this process: handshake, then sends back each byte.
 * It gives no session tickets. */
typedef struct _BenchServer BenchServer;
BenchServer *bench_server_new (guint n_threads);
guint16 bench_server_get_port (BenchServer *self);
/* Connections that were sent back at least one byte. */
guint bench_server_get_served (BenchServer *self);

/* The middle of the values (element-type double); sorts them. */
double bench_median (GArray *values);
