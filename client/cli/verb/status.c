/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <tls-handoff/tls-handoff.h>

#include "verb/credential-output.h"
#include "verb/gio-status.h"
#include "verb/status-statistics.h"
#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/service-info.h"
#include "terminal/text-agent.h"
#include "terminal/text-width.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

static void
print_list (const char *label, GVariant *service, const char *property)
{
  g_autofree const char **values = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;
  g_autofree char *text = NULL;
  gsize i;

  if (!g_variant_lookup (service, property, "^a&s", &values))
    return;
  for (i = 0; values[i] != NULL; i++)
    {
      g_autofree char *safe = cli_escape (values[i], -1);
      g_autofree char *word = g_strconcat (safe, values[i + 1] != NULL ? "," : "", NULL);

      g_strv_builder_add (builder, word);
    }
  words = g_strv_builder_end (builder);
  text = cli_text_wrap (label, (const char *const *) words, cli_text_get_columns ());
  g_print ("%s", text);
}

/* The user's credentials that need attention. (transfer full) */
static GPtrArray *
list_problems (TlsHandoffManager *manager)
{
  /* For information only, so its absence is no error. */
  GPtrArray *credentials = tls_handoff_manager_list_credentials_sync (
      manager, FALSE, TLS_HANDOFF_HANDSHAKE_NONE, NULL, NULL);
  guint i;

  if (credentials == NULL)
    return g_ptr_array_new ();
  for (i = credentials->len; i > 0; i--)
    {
      if (*tls_handoff_credential_get_problem (credentials->pdata[i - 1]) == '\0')
        g_ptr_array_remove_index (credentials, i - 1);
    }
  return credentials;
}

static void
print_problems (GPtrArray *credentials)
{
  gboolean needs_renewal = FALSE;
  guint i;

  if (credentials->len > 0)
    g_print (_ ("credentials that need attention:\n"));
  for (i = 0; i < credentials->len; i++)
    {
      g_autofree char *label =
          cli_escape (tls_handoff_credential_get_label (credentials->pdata[i]), -1);
      g_autofree char *end = cli_credential_get_end (credentials->pdata[i]);

      g_print ("  %s: %s%s%s\n", label, cli_credential_explain_problem (credentials->pdata[i]),
               end != NULL ? ", " : "", end != NULL ? end : "");
      needs_renewal = needs_renewal || end != NULL;
    }
  if (needs_renewal)
    g_print (_ ("to renew a certificate: “tls-handoff credential renew-request”\n"));
}

static void
add_problems (JsonBuilder *builder, GPtrArray *credentials)
{
  guint i;

  json_builder_set_member_name (builder, "credential-problems");
  json_builder_begin_array (builder);
  for (i = 0; i < credentials->len; i++)
    {
      g_autofree char *end = cli_credential_get_end (credentials->pdata[i]);

      json_builder_begin_object (builder);
      cli_json_add_string (builder, "label",
                           tls_handoff_credential_get_label (credentials->pdata[i]));
      cli_json_add_string (builder, "problem",
                           tls_handoff_credential_get_problem (credentials->pdata[i]));
      cli_json_add_string (builder, "not-after", end);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_text (GVariant *service, GVariant *statistics, GPtrArray *problems)
{
  g_autofree char *user = cli_service_get_user (service);
  const char *version = "?";
  guint32 blob_format = 0;

  g_variant_lookup (service, "Version", "&s", &version);
  g_variant_lookup (service, "BlobFormat", "u", &blob_format);
  g_print (_ ("version:         %s\n"), version);
  g_print (_ ("process:         tls-handoffd, pid %u, user %s\n"), cli_service_get_pid (service),
           user);
  print_list (_ ("protocols:      "), service, "Protocols");
  print_list (_ ("cipher suites:  "), service, "CipherSuites");
  g_print (_ ("key blob format: %u\n"), blob_format);
  print_problems (problems);
  if (statistics != NULL)
    cli_status_print_statistics (statistics);
}

static void
add_list (JsonBuilder *builder, const char *member, GVariant *service, const char *property)
{
  g_autofree const char **values = NULL;
  gsize i;

  json_builder_set_member_name (builder, member);
  json_builder_begin_array (builder);
  if (g_variant_lookup (service, property, "^a&s", &values))
    {
      for (i = 0; values[i] != NULL; i++)
        json_builder_add_string_value (builder, values[i]);
    }
  json_builder_end_array (builder);
}

static void
print_json (GVariant *service, GVariant *statistics, GPtrArray *problems)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *user = cli_service_get_user (service);
  const char *version = NULL;
  guint32 blob_format = 0;

  g_variant_lookup (service, "Version", "&s", &version);
  g_variant_lookup (service, "BlobFormat", "u", &blob_format);
  json_builder_begin_object (builder);
  cli_json_add_string (builder, "version", version);
  json_builder_set_member_name (builder, "pid");
  json_builder_add_int_value (builder, cli_service_get_pid (service));
  json_builder_set_member_name (builder, "uid");
  json_builder_add_int_value (builder, cli_service_get_uid (service));
  cli_json_add_string (builder, "user", user);
  add_list (builder, "protocols", service, "Protocols");
  add_list (builder, "cipher-suites", service, "CipherSuites");
  json_builder_set_member_name (builder, "blob-format");
  json_builder_add_int_value (builder, blob_format);
  add_problems (builder, problems);
  if (statistics != NULL)
    cli_status_add_statistics (builder, statistics);
  json_builder_end_object (builder);
  cli_json_print (builder);
}

/**
 * cli_status:
 *
 * The verb "status": what the service says of itself, or whether GIO uses it.
 */
CliExitStatus
cli_status (GOptionContext *context, char **arguments)
{
  gboolean json = FALSE;
  gboolean with_statistics = FALSE;
  gboolean interactive = FALSE;
  gboolean of_gio = FALSE;
  const GOptionEntry entries[] = {
    { "statistics", 's', 0, G_OPTION_ARG_NONE, &with_statistics,
      N_ ("Show counters and programs as well, which needs authorization"), NULL },
    { "gio", 'g', 0, G_OPTION_ARG_NONE, &of_gio,
      N_ ("Show whether GIO programs that are started like this use the service"), NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GVariant) service = NULL;
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_options_add (context, entries);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  if (of_gio && (with_statistics || interactive))
    return cli_usage_error ("status",
                            _ ("--gio does not ask the service: it goes with --json alone"));
  if (of_gio)
    return cli_gio_status (json);
  manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (manager == NULL)
    return cli_report_no_service (error);
  service = tls_handoff_manager_get_status_sync (manager, NULL, &error);
  if (service == NULL)
    return cli_report_error (error);
  if (with_statistics)
    {
      statistics = tls_handoff_manager_get_statistics_sync (
          manager, cli_text_agent_start (interactive), NULL, &error);
      if (statistics == NULL)
        return cli_report_error (error);
    }

  problems = list_problems (manager);
  if (json)
    print_json (service, statistics, problems);
  else
    print_text (service, statistics, problems);
  return CLI_EXIT_OK;
}
