/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/credential-call.h"

#include <glib/gi18n.h>
#include <pwd.h>
#include <unistd.h>

#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/text-agent.h"
#include "verb/verb-options.h"

#define OWN (-1)

CliCredentialCall *
cli_credential_call_new (void)
{
  return g_new0 (CliCredentialCall, 1);
}

void
cli_credential_call_free (CliCredentialCall *self)
{
  g_free (self->owner_text);
  g_strfreev (self->arguments);
  g_clear_object (&self->manager);
  g_free (self);
}

static gboolean
parse_owner (CliCredentialCall *self)
{
  const struct passwd *entry;
  guint64 uid;

  self->owner = OWN;
  if (self->owner_text == NULL)
    return TRUE;
  if (g_str_equal (self->owner_text, "machine"))
    self->owner = 0;
  else if (g_ascii_string_to_unsigned (self->owner_text, 10, 0, G_MAXUINT32 - 1, &uid, NULL))
    self->owner = (gint64) uid;
  else if ((entry = getpwnam (self->owner_text)) != NULL)
    self->owner = entry->pw_uid;
  else
    return FALSE;
  if (self->owner == getuid ())
    self->owner = OWN;
  return TRUE;
}

/**
 * cli_credential_call_parse_range:
 * @context: the verb's
 * @arguments: the verb's, itself first
 * @entries: the options that it has beside the common ones
 * @min_arguments: how many arguments it needs that are no options
 * @max_arguments: how many it takes
 *
 * Parses the options, and reports what is wrong with them.
 *
 * Returns: %CLI_EXIT_OK if they are fine
 */
CliExitStatus
cli_credential_call_parse_range (CliCredentialCall *self,
                                 GOptionContext *context,
                                 char **arguments,
                                 const GOptionEntry *entries,
                                 guint min_arguments,
                                 guint max_arguments)
{
  const GOptionEntry common[] = {
    { "owner", 'o', 0, G_OPTION_ARG_STRING, &self->owner_text,
      N_ ("The credential belongs to USER, or is the machine's (“machine”); default: yours"),
      N_ ("USER") },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &self->interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->arguments, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autofree char *message = NULL;
  CliExitStatus status;
  guint n_given;

  cli_options_add (context, entries);
  cli_options_add (context, common);
  if (!cli_verb_parse (context, arguments, &status))
    return status;

  n_given = self->arguments != NULL ? g_strv_length (self->arguments) : 0;
  if (n_given < min_arguments)
    return cli_usage_error (arguments[0], _ ("An argument is missing"));
  if (n_given > max_arguments)
    {
      message = g_strdup_printf (_ ("There is no argument “%s” to this command"),
                                 self->arguments[max_arguments]);
      return cli_usage_error (arguments[0], message);
    }
  if (!parse_owner (self))
    {
      message = g_strdup_printf (_ ("There is no user “%s”"), self->owner_text);
      return cli_usage_error (arguments[0], message);
    }

  return CLI_EXIT_OK;
}

/**
 * cli_credential_call_parse:
 * @context: the verb's
 * @arguments: the verb's, itself first
 * @entries: the options that it has beside the common ones
 * @n_arguments: how many arguments it has that are no options
 *
 * As cli_credential_call_parse_range().
 *
 * Returns: %CLI_EXIT_OK if they are fine
 */
CliExitStatus
cli_credential_call_parse (CliCredentialCall *self,
                           GOptionContext *context,
                           char **arguments,
                           const GOptionEntry *entries,
                           guint n_arguments)
{
  return cli_credential_call_parse_range (self, context, arguments, entries, n_arguments,
                                          n_arguments);
}

/**
 * cli_credential_call_connect:
 *
 * Finds the service, and reports if there is none.
 *
 * Returns: %CLI_EXIT_OK if it was found
 */
CliExitStatus
cli_credential_call_connect (CliCredentialCall *self)
{
  g_autoptr (GError) error = NULL;

  self->manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (self->manager == NULL)
    return cli_report_no_service (error);
  self->flags = cli_text_agent_start (self->interactive);
  return CLI_EXIT_OK;
}

/**
 * cli_credential_call_find:
 * @label: a credential's label, or its object path
 * @found: (out) (transfer full):
 *
 * Finds the service, and a credential of the owner that the options name, and reports if there is
 * none.
 *
 * Returns: %CLI_EXIT_OK if it was found
 */
CliExitStatus
cli_credential_call_find (CliCredentialCall *self, const char *label, TlsHandoffCredential **found)
{
  g_autoptr (GPtrArray) credentials = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_connect (self);
  guint i;

  if (status != CLI_EXIT_OK)
    return status;
  credentials = tls_handoff_manager_list_credentials_sync (self->manager, self->owner != OWN,
                                                           self->flags, NULL, &error);
  if (credentials == NULL)
    return cli_report_error (error);
  for (i = 0; i < credentials->len; i++)
    {
      TlsHandoffCredential *credential = g_ptr_array_index (credentials, i);
      const char *name = *label == '/' ? tls_handoff_credential_get_object_path (credential)
                                       : tls_handoff_credential_get_label (credential);

      if (g_str_equal (name, label) &&
          (self->owner == OWN || tls_handoff_credential_get_owner (credential) == self->owner))
        {
          *found = g_object_ref (credential);
          return CLI_EXIT_OK;
        }
    }
  if (self->owner == OWN)
    {
      cli_report (_ ("You have no credential “%s”"), label);
      cli_hint (_ ("“tls-handoff credential list” shows yours, and --owner names another owner"));
    }
  else
    {
      cli_report (_ ("User %s has no credential “%s”"), self->owner_text, label);
      cli_hint (_ ("“tls-handoff credential list --all” shows everybody's"));
    }
  return CLI_EXIT_FAILED;
}

/**
 * cli_credential_call_open:
 * @context: the verb's
 * @arguments: as for cli_credential_call_parse()
 * @entries: as for cli_credential_call_parse()
 * @found: (out) (transfer full):
 *
 * For a verb whose one argument is a credential: parses the options, and finds it.
 *
 * Returns: %CLI_EXIT_OK if it was found
 */
CliExitStatus
cli_credential_call_open (CliCredentialCall *self,
                          GOptionContext *context,
                          char **arguments,
                          const GOptionEntry *entries,
                          TlsHandoffCredential **found)
{
  CliExitStatus status = cli_credential_call_parse (self, context, arguments, entries, 1);

  if (status != CLI_EXIT_OK)
    return status;
  return cli_credential_call_find (self, self->arguments[0], found);
}

/**
 * cli_credential_call_report_error:
 * @error: what the service answered to a call about a credential
 *
 * Returns: the exit status that fits @error
 */
CliExitStatus
cli_credential_call_report_error (const GError *error)
{
  CliExitStatus status = cli_report_error (error);

  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT))
    return CLI_EXIT_USAGE;
  return status;
}
