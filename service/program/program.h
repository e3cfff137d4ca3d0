/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "lock-up/lock-up-needs.h"

/* What the programs that the broker starts have in common: how they begin. Each is a main() of a
 * few lines that names its HandoffProgramMain. */
typedef struct
{
  const char *name; /* "tls-handoff-keeper" */
  /* (nullable): before the lock-up: opens and loads what the program cannot get at later.
   * arguments: those after its name; NULL behind the last. needs: (inout): what the lock-up leaves,
   * NOTHING until then. state: (out): for run. FALSE, with an error: the program ends. */
  gboolean (*prepare) (char **arguments,
                       HandoffLockUpNeeds *needs,
                       gpointer *state,
                       GError **error);
  /* After it, with the program's end of its link to the broker, which is (transfer full). Returns
   * the exit status; a program that the broker has let go of, or that lost it, ends at once. */
  int (*run) (int socket, gpointer state);
} HandoffProgramMain;

/* The whole of a main(): gives up what no program needs, prepares, locks up, runs. The program dies
 * with the broker, does not react to signals of a terminal or of systemd, since the broker ends it,
 * and logs to standard error, as the journal takes it. Returns the exit status. */
int handoff_program_main (int argc, char *argv[], const HandoffProgramMain *program);
