/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <tls-handoff/tls-handoff.h>

#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/text-agent.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/**
 * cli_reload:
 *
 * The verb "reload": the service reads its configuration and trust store again.
 */
CliExitStatus
cli_reload (GOptionContext *context, char **arguments)
{
  gboolean interactive = FALSE;
  const GOptionEntry entries[] = { { "interactive", 'i', 0, G_OPTION_ARG_NONE, &interactive,
                                     N_ ("Let polkit ask for a password where its rules want one"),
                                     NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_options_add (context, entries);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (manager == NULL)
    return cli_report_no_service (error);
  if (!tls_handoff_manager_reload_sync (manager, cli_text_agent_start (interactive), NULL, &error))
    return cli_report_error (error);
  return CLI_EXIT_OK;
}
