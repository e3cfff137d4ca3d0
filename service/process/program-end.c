/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "process/program-end.h"

#include "work/descriptor-reaper.h"

/* Who it was: "uid=1000 pid=77 tls-handoff-handshaker". (transfer full) */
static char *
describe (const HandoffProgramEnd *end)
{
  GString *text = g_string_new (NULL);

  if (end->uid != HANDOFF_UID_UNKNOWN)
    g_string_append_printf (text, "uid=%u ", end->uid);
  g_string_append_printf (text, "pid=%" G_GINT64_FORMAT " %s", end->pid, end->name);
  if (end->task != NULL)
    g_string_append_printf (text, " (%s)", end->task);
  return g_string_free (text, FALSE);
}

void
handoff_program_end_log (const HandoffProgramEnd *end)
{
  g_autofree char *who = describe (end);
  g_autofree char *message = g_strconcat (who, " ", end->why, NULL);
  g_autofree char *uid = g_strdup_printf ("%u", end->uid);
  const GLogField fields[] = {
    { "MESSAGE_ID", end->broke_rules ? HANDOFF_PROGRAM_BROKE_RULES_ID : HANDOFF_PROGRAM_ENDED_ID,
      -1 },
    { "PRIORITY", "4", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "HANDOFF_PROGRAM", end->name, -1 },
    { "HANDOFF_OUTCOME", "ended", -1 },
    { "HANDOFF_REASON", end->why, -1 },
    { "MESSAGE", message, -1 },
    { "HANDOFF_UID", uid, -1 },
  };

  g_log_structured_array (G_LOG_LEVEL_WARNING, fields,
                          G_N_ELEMENTS (fields) - (end->uid == HANDOFF_UID_UNKNOWN ? 1 : 0));
}
