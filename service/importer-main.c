/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The program tls-handoff-importer: parses what one user's callers hand over. */

#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "importer/importer.h"
#include "key/gnutls-support.h"
#include "program/program.h"
#include "wiping-allocator.h"

static gboolean
prepare (char **arguments, HandoffLockUpNeeds *needs, gpointer *state, GError **error)
{
  if (!handoff_wiping_allocator_is_used ())
    handoff_gnutls_wipe_freed_memory ();
  return TRUE;
}

/* Threads may be in the middle of something, which nobody waits for. */
static void
ended (gpointer user_data)
{
  _exit (EXIT_SUCCESS);
}

static int
run (int socket, gpointer state)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  G_GNUC_UNUSED g_autoptr (HandoffImporter) importer = handoff_importer_new (socket, ended, NULL);

  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}

static const HandoffProgramMain program = { "tls-handoff-importer", prepare, run };

int
main (int argc, char *argv[])
{
  return handoff_program_main (argc, argv, &program);
}
