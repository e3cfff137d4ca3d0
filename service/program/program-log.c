/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "program/program-log.h"

#include <glib.h>
#include <unistd.h>

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *name)
{
  gsize i;

  for (i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, name))
        return fields[i].value;
    }
  return "";
}

/* (transfer full) */
static char *
make_journal_line (const GLogField *fields, gsize n_fields)
{
  return g_strdup_printf ("<%s>%s: %s", find_field (fields, n_fields, "PRIORITY"), g_get_prgname (),
                          find_field (fields, n_fields, "MESSAGE"));
}

/* user_data: whether standard error is the journal's */
static GLogWriterOutput
write_line (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree char *line = NULL;

  if (g_log_writer_default_would_drop (level, find_field (fields, n_fields, "GLIB_DOMAIN")))
    return G_LOG_WRITER_HANDLED;
  line = user_data != NULL ? make_journal_line (fields, n_fields)
                           : g_log_writer_format_fields (level, fields, n_fields, FALSE);
  /* One message is one line. */
  g_strdelimit (line, "\n\r", ' ');
  g_printerr ("%s\n", g_strstrip (line));
  return G_LOG_WRITER_HANDLED;
}

void
handoff_program_log_start (void)
{
  const gboolean is_journal = g_log_writer_is_journald (STDERR_FILENO);

  g_log_set_writer_func (write_line, GINT_TO_POINTER (is_journal), NULL);
}
