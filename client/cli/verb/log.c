/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <tls-handoff/tls-handoff.h>

#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/number.h"
#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/text-agent.h"
#include "terminal/user-name.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/* More than the service keeps. */
#define MAX_LINES 100000

/* (transfer full) */
static char *
dup_time (guint64 microseconds)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_local ((gint64) (microseconds / G_USEC_PER_SEC));

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M:%S") : g_strdup ("?");
}

static void
print_line (GVariant *entry)
{
  const char *message = "";
  guint64 time = 0;
  guint32 uid = 0;
  guint32 pid = 0;
  g_autofree char *when = NULL;
  g_autofree char *user = NULL;
  g_autofree char *safe = NULL;

  g_variant_lookup (entry, "message", "&s", &message);
  g_variant_lookup (entry, "time", "t", &time);
  g_variant_lookup (entry, "uid", "u", &uid);
  g_variant_lookup (entry, "pid", "u", &pid);
  when = dup_time (time);
  user = cli_user_name_dup (uid);
  safe = cli_escape (message, -1);
  g_print ("%s  %-10s  %7u  %s\n", when, user, pid, safe);
}

/* (transfer full): the last n of the entries */
static GVariant *
dup_last (GVariant *entries, gsize n)
{
  const gsize n_all = g_variant_n_children (entries);
  GVariantBuilder builder;
  gsize i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (i = n_all - MIN (n, n_all); i < n_all; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      g_variant_builder_add_value (&builder, entry);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
print_json (GVariant *entries)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "entries");
  json_builder_add_value (builder, json_gvariant_serialize (entries));
  json_builder_end_object (builder);
  cli_json_print (builder);
}

/**
 * cli_log:
 *
 * The verb "log": the newest entries of the service's audit log.
 */
CliExitStatus
cli_log (GOptionContext *context, char **arguments)
{
  gboolean all = FALSE;
  gboolean json = FALSE;
  gboolean interactive = FALSE;
  guint n_lines = MAX_LINES;
  g_autofree char *lines_text = NULL;
  const GOptionEntry options[] = {
    { "all", 'A', 0, G_OPTION_ARG_NONE, &all, N_ ("Those of all users, which needs authorization"),
      NULL },
    { "lines", 'n', 0, G_OPTION_ARG_STRING, &lines_text, N_ ("Only the last N entries"), "N" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) last = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status;
  gsize i;

  cli_options_add (context, options);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  if (lines_text != NULL &&
      !cli_number_parse ("--lines", lines_text, 1, MAX_LINES, &n_lines, &error))
    return cli_usage_error ("log", error->message);
  manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (manager == NULL)
    return cli_report_no_service (error);
  entries = tls_handoff_manager_get_log_sync (manager, all, cli_text_agent_start (interactive),
                                              NULL, &error);
  if (entries == NULL)
    return cli_report_error (error);

  last = dup_last (entries, n_lines);
  if (json)
    {
      print_json (last);
      return CLI_EXIT_OK;
    }
  for (i = 0; i < g_variant_n_children (last); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (last, i);

      print_line (entry);
    }
  return CLI_EXIT_OK;
}
