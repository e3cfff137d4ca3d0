/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker-program.h"

#include "link/handshaker-messages.h"
#include "process/process.h"

#define NAME "tls-handoff-handshaker"

static gpointer
start (const HandoffLinkFunctions *functions,
       gpointer functions_data,
       HandoffLink **link,
       gpointer user_data,
       GError **error)
{
  static HandoffRestarts restarts = HANDOFF_RESTARTS_INIT;
  const HandoffProgram program = { .name = NAME, .restarts = &restarts };
  HandoffProcess *process =
      handoff_process_start (&program, &handoff_handshaker_table, functions, functions_data, error);

  if (process != NULL)
    *link = handoff_process_get_link (process);
  return process;
}

static guint
get_pid (gpointer program)
{
  return (guint) handoff_process_get_pid (program);
}

static void
end (gpointer program)
{
  handoff_process_free (program);
}

const HandoffProgramKind handoff_handshaker_program = {
  .name = NAME,
  .start = start,
  .get_pid = get_pid,
  .free = end,
};
