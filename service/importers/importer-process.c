/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "importers/importer-process.h"

#include "link/importer-messages.h"
#include "process/process.h"

static gpointer
start (const HandoffLinkFunctions *functions,
       gpointer link_data,
       GError **error,
       gpointer user_data)
{
  /* It is started for a request, and never by itself: no restarts to be counted. */
  const HandoffProgram program = { .name = "tls-handoff-importer" };

  return handoff_process_start (&program, &handoff_importer_table, functions, link_data, error);
}

static HandoffLink *
get_link (gpointer process)
{
  return handoff_process_get_link (process);
}

static void
describe (gpointer process, GVariantDict *dict)
{
  handoff_process_describe (process, dict);
}

static void
end (gpointer process)
{
  handoff_process_free (process);
}

const HandoffImporterProgram handoff_importer_process = { start, get_link, describe, end };
