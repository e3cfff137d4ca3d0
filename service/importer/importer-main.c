/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importer/importer-main.h"

#include <stdlib.h>
#include <unistd.h>

#include "importer/importer.h"

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

const HandoffProgramMain handoff_importer_main = { "tls-handoff-importer", NULL, run };
