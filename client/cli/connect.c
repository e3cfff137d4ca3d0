/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <unistd.h>

#include "negotiated.h"
#include "peer.h"
#include "relay.h"
#include "report.h"
#include "verbs.h"

typedef struct
{
  gboolean crlf;
  gboolean ignore_eof;
  gboolean verbose;
} ConnectOptions;

static CliExitStatus
relay (CliPeer *peer, const ConnectOptions *options)
{
  g_autoptr (GError) error = NULL;
  CliRelayFlags flags = CLI_RELAY_NONE;
  CliRelayCount count;
  gboolean ok;

  if (options->crlf)
    flags |= CLI_RELAY_CRLF;
  if (options->ignore_eof)
    flags |= CLI_RELAY_IGNORE_EOF;
  ok = cli_relay_run (tls_handoff_handshake_result_get_record_layer (peer->result), peer->result,
                      cli_peer_get_fd (peer), STDIN_FILENO, STDOUT_FILENO, flags, &count, &error);
  if (options->verbose)
    g_printerr (_ ("sent %" PRIu64 " bytes, received %" PRIu64 " bytes\n"), count.n_sent,
                count.n_received);
  /* The session tickets may still be on their way to the service. */
  g_dbus_connection_flush_sync (tls_handoff_manager_get_connection (peer->manager), NULL, NULL);
  if (ok)
    return CLI_EXIT_OK;
  cli_report ("%s: %s", peer->name, error->message);
  return CLI_EXIT_FAILED;
}

/**
 * cli_connect:
 *
 * The verb "connect": a netcat that speaks TLS.
 */
CliExitStatus
cli_connect (char **arguments)
{
  ConnectOptions options = { 0 };
  const GOptionEntry entries[] = {
    { "crlf", 'C', 0, G_OPTION_ARG_NONE, &options.crlf, N_ ("Send each line feed as CR LF"), NULL },
    { "ignore-eof", 0, 0, G_OPTION_ARG_NONE, &options.ignore_eof,
      N_ ("Keep the connection open after the end of the input"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options.verbose,
      N_ ("Say on the standard error what was negotiated, and what crossed"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = cli_verb_new_context (arguments[0]);
  g_autoptr (CliPeer) peer = cli_peer_new ();
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_peer_add_options (peer, context);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  status = cli_peer_apply_options (peer, arguments[0]);
  if (status == CLI_EXIT_OK)
    status = cli_peer_connect (peer);
  if (status != CLI_EXIT_OK)
    return status;

  if (!cli_peer_handshake (peer, &error))
    return cli_peer_report_error (peer, error);
  if (options.verbose)
    {
      g_autofree char *text = cli_negotiated_to_text (peer);

      g_printerr ("%s", text);
    }
  return relay (peer, &options);
}
