/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>

#include "verb/credential-call.h"
#include "verb/credential-output.h"
#include "terminal/certificate.h"
#include "terminal/json-output.h"
#include "terminal/report.h"
#include "verb/pem-output.h"
#include "verb/verbs.h"

static void
print_json_list (GPtrArray *credentials)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  guint i;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "credentials");
  json_builder_begin_array (builder);
  for (i = 0; i < credentials->len; i++)
    cli_credential_add_summary_to_json (g_ptr_array_index (credentials, i), builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  cli_json_print (builder);
}

/**
 * cli_credential_list:
 *
 * The verb "credential list".
 */
CliExitStatus
cli_credential_list (GOptionContext *context, char **arguments)
{
  gboolean all = FALSE;
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "all", 'A', 0, G_OPTION_ARG_NONE, &all,
                                     N_ ("Those of all users, which needs authorization"), NULL },
                                   { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"),
                                     NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (GPtrArray) credentials = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_parse (call, context, arguments, entries, 0);
  guint i;

  if (status == CLI_EXIT_OK)
    status = cli_credential_call_connect (call);
  if (status != CLI_EXIT_OK)
    return status;
  credentials = tls_handoff_manager_list_credentials_sync (call->manager, all || call->owner >= 0,
                                                           call->flags, NULL, &error);
  if (credentials == NULL)
    return cli_report_error (error);
  for (i = credentials->len; i > 0 && call->owner >= 0; i--)
    {
      if (tls_handoff_credential_get_owner (g_ptr_array_index (credentials, i - 1)) != call->owner)
        g_ptr_array_remove_index (credentials, i - 1);
    }

  if (json)
    print_json_list (credentials);
  else
    cli_credential_print_table (credentials);
  return CLI_EXIT_OK;
}

static gboolean
write_pem (const char *file, TlsHandoffCredential *credential)
{
  GPtrArray *chain = tls_handoff_credential_get_certificates (credential);
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) cli_certificate_free);
  guint i;

  for (i = 0; i < chain->len; i++)
    g_ptr_array_add (certificates, cli_certificate_new (g_ptr_array_index (chain, i)));
  return cli_pem_write (file, certificates);
}

/**
 * cli_credential_show:
 *
 * The verb "credential show".
 */
CliExitStatus
cli_credential_show (GOptionContext *context, char **arguments)
{
  gboolean json = FALSE;
  g_autofree char *pem = NULL;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL }, G_OPTION_ENTRY_NULL
  };
  g_auto (GStrv) prepared = cli_pem_option_prepare (arguments);
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  CliExitStatus status;

  cli_pem_option_add (&pem, context);
  status = cli_credential_call_open (call, context, prepared, entries, &credential);
  if (status != CLI_EXIT_OK)
    return status;
  if (!cli_pem_option_check (pem, json, arguments[0]))
    return CLI_EXIT_USAGE;
  if (pem != NULL && !write_pem (pem, credential))
    return CLI_EXIT_FAILED;
  if (cli_pem_option_is_output (pem))
    return CLI_EXIT_OK;

  if (json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      cli_credential_add_to_json (credential, builder);
      cli_json_print (builder);
    }
  else
    cli_credential_print (credential);
  return CLI_EXIT_OK;
}
