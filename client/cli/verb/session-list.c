/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <tls-handoff/tls-handoff.h>

#include "terminal/json-output.h"
#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/table.h"
#include "terminal/text-agent.h"
#include "terminal/user-name.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

static void
add_row (CliTable *table, GVariant *session)
{
  const char *role = "?";
  const char *state = "?";
  const char *identity = "";
  guint32 uid = 0;
  guint32 pid = 0;
  guint64 age = 0;
  g_autofree char *user = NULL;
  g_autofree char *pid_text = NULL;
  g_autofree char *age_text = NULL;

  g_variant_lookup (session, "role", "&s", &role);
  g_variant_lookup (session, "state", "&s", &state);
  g_variant_lookup (session, "server-identity", "&s", &identity);
  g_variant_lookup (session, "uid", "u", &uid);
  g_variant_lookup (session, "pid", "u", &pid);
  g_variant_lookup (session, "age", "t", &age);
  user = cli_user_name_dup (uid);
  pid_text = g_strdup_printf ("%u", pid);
  age_text = g_strdup_printf ("%.1f s", (double) age / G_USEC_PER_SEC);
  cli_table_add (table, (const char *[]){ user, pid_text, role, state, age_text, identity });
}

static void
print_text (GVariant *sessions)
{
  g_autoptr (CliTable) table = cli_table_new ("lrllrl");
  gsize i;

  for (i = 0; i < g_variant_n_children (sessions); i++)
    {
      g_autoptr (GVariant) session = g_variant_get_child_value (sessions, i);

      add_row (table, session);
    }
  cli_table_print (table, "");
}

static void
print_json (GVariant *sessions)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gsize i;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "sessions");
  json_builder_begin_array (builder);
  for (i = 0; i < g_variant_n_children (sessions); i++)
    {
      g_autoptr (GVariant) session = g_variant_get_child_value (sessions, i);

      cli_json_add_dictionary (builder, session);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  cli_json_print (builder);
}

/**
 * cli_session_list:
 *
 * The verb "session list": the handshakes that the service has under way, or not handed over yet.
 */
CliExitStatus
cli_session_list (GOptionContext *context, char **arguments)
{
  gboolean all = FALSE;
  gboolean json = FALSE;
  gboolean interactive = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'A', 0, G_OPTION_ARG_NONE, &all, N_ ("Those of all users, which needs authorization"),
      NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GVariant) sessions = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_options_add (context, entries);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (manager == NULL)
    return cli_report_no_service (error);
  sessions = tls_handoff_manager_list_sessions_sync (
      manager, all, cli_text_agent_start (interactive), NULL, &error);
  if (sessions == NULL)
    return cli_report_error (error);

  if (json)
    print_json (sessions);
  else
    print_text (sessions);
  return CLI_EXIT_OK;
}
