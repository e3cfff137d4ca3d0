/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>

#include "verb/credential-call.h"
#include "terminal/report.h"
#include "terminal/secret-input.h"
#include "verb/verbs.h"

/**
 * cli_credential_unlock:
 *
 * The verb "credential unlock".
 */
CliExitStatus
cli_credential_unlock (GOptionContext *context, char **arguments)
{
  g_autofree char *pin_file = NULL;
  const GOptionEntry entries[] = {
    { "pin-file", 'p', 0, G_OPTION_ARG_FILENAME, &pin_file,
      N_ ("Read the token's PIN from FILE; default: ask for it on the terminal"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (CliSecret) pin = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_open (call, context, arguments, entries, &credential);

  if (status != CLI_EXIT_OK)
    return status;
  if (!cli_secret_get ("--pin-file", pin_file, _ ("PIN of the token: "), &pin, &error))
    {
      cli_report ("%s", error->message);
      if (pin_file == NULL && !cli_secret_can_prompt ())
        cli_hint (_ ("without a terminal, --pin-file says where the PIN is"));
      return CLI_EXIT_USAGE;
    }
  if (!tls_handoff_credential_unlock_sync (credential, pin, call->flags, NULL, &error))
    return cli_credential_call_report_error (error);
  return CLI_EXIT_OK;
}

/**
 * cli_credential_remove:
 *
 * The verb "credential remove".
 */
CliExitStatus
cli_credential_remove (GOptionContext *context, char **arguments)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (CliCredentialCall) call = cli_credential_call_new ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status = cli_credential_call_open (call, context, arguments, entries, &credential);

  if (status != CLI_EXIT_OK)
    return status;
  if (!tls_handoff_credential_remove_sync (credential, call->flags, NULL, &error))
    return cli_credential_call_report_error (error);
  return CLI_EXIT_OK;
}
