/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "terminal/input-rest.h"
#include "peer/acceptance.h"
#include "peer/credential-advice.h"
#include "peer/negotiated.h"
#include "terminal/number.h"
#include "terminal/options.h"
#include "terminal/output.h"
#include "peer/peer.h"
#include "terminal/progress.h"
#include "proxy/relay.h"
#include "terminal/report.h"
#include "terminal/service-words.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/* How long to wait for the end of the input after the peer closed, milliseconds. */
#define INPUT_END_TIMEOUT 10000

typedef struct
{
  gboolean crlf;
  gboolean ignore_eof;
  gboolean verbose;
} ConnectOptions;

/* The peer closed the connection, and the end of the input was not read. */
static gboolean
check_input (GError **error)
{
  const char *problem;

  /* The reader of the output may also write the input, and end that when the output ends. */
  if (!cli_output_close (error))
    return FALSE;
  switch (cli_input_wait_for_end (STDIN_FILENO, INPUT_END_TIMEOUT))
    {
    case CLI_INPUT_ENDED:
      return TRUE;
    case CLI_INPUT_LEFT:
      problem = _ ("The peer closed the connection before all of the input was sent");
      break;
    default:
      problem = _ ("The peer closed the connection before the input ended");
      break;
    }
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED, problem);
  return FALSE;
}

/* Somebody who types has to know when to begin. */
static void
say_connected (CliPeer *peer)
{
  const char *protocol = cli_negotiated_get_protocol (peer->result);

  if (isatty (STDIN_FILENO) && isatty (STDERR_FILENO))
    cli_report (_ ("connected to %s (%s); Control-D ends the input"), peer->name,
                protocol != NULL ? protocol : "TLS");
}

static void
show_progress (const CliRelayOutcome *so_far, gpointer data)
{
  cli_progress_update (data, so_far->n_sent, so_far->n_received);
}

static void
report_amounts (const CliRelayOutcome *outcome)
{
  g_autofree char *sent = cli_number_of_bytes (outcome->n_sent);
  g_autofree char *received = cli_number_of_bytes (outcome->n_received);

  g_printerr (_ ("sent %s, received %s\n"), sent, received);
}

static CliExitStatus
relay (CliPeer *peer, const ConnectOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  CliRelayFlags flags = CLI_RELAY_NONE;
  CliRelayOutcome outcome;
  CliProgress progress;
  const CliRelayWatch watch = { show_progress, &progress };
  gboolean ok;

  if (options->crlf)
    flags |= CLI_RELAY_CRLF;
  if (options->ignore_eof)
    flags |= CLI_RELAY_IGNORE_EOF;
  cli_progress_begin (&progress);
  ok = cli_relay_run (tls_handoff_handshake_result_get_record_layer (peer->result), peer->result,
                      cli_peer_get_fd (peer), STDIN_FILENO, STDOUT_FILENO, flags, &watch, &outcome,
                      &error);
  cli_progress_end (&progress, outcome.n_sent, outcome.n_received);
  if (options->verbose)
    report_amounts (&outcome);
  /* The session tickets may still be on their way to the service. */
  g_dbus_connection_flush_sync (tls_handoff_manager_get_connection (peer->manager), NULL, NULL);
  if (ok && (outcome.input_ended || check_input (&error)))
    return CLI_EXIT_OK;
  message = cli_service_words_translate (error->message);
  cli_report ("%s: %s", peer->name, message);
  /* In TLS 1.3, servers judge their clients' certificates after the handshake. */
  if (cli_credential_is_refused (error))
    cli_peer_hint_at_credentials (peer, error);
  return CLI_EXIT_FAILED;
}

static CliExitStatus
check_acceptance (CliAcceptance *acceptance, CliPeer *peer, const char *verb)
{
  g_autoptr (GError) error = NULL;

  if (!cli_acceptance_check (acceptance, peer->trust_file, &error))
    return cli_usage_error (verb, error->message);
  /* A server of which nobody knows who it is does not learn who the user is, unless told to. */
  if (acceptance->insecure && peer->own.label == NULL && peer->own.certificate_file == NULL)
    peer->own.label = g_strdup ("");
  return CLI_EXIT_OK;
}

static CliExitStatus
report_failure (CliPeer *peer, const CliAcceptance *acceptance, const GError *error)
{
  if (acceptance->met == NULL ||
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED))
    return cli_peer_report_error (peer, error);
  cli_report (_ ("%s: the server's certificate is another one than that of --fingerprint: its "
                 "SHA-256 is %s"),
              peer->name, acceptance->met);
  cli_hint (_ ("“tls-handoff probe %s” shows the certificates"), peer->arguments[0]);
  return CLI_EXIT_UNTRUSTED;
}

/**
 * cli_connect:
 *
 * The verb "connect": a netcat that speaks TLS.
 */
CliExitStatus
cli_connect (GOptionContext *context, char **arguments)
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
  g_auto (CliAcceptance) acceptance = { 0 };
  g_autoptr (CliPeer) peer = cli_peer_new ();
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_peer_add_options (peer, context);
  cli_acceptance_add_options (&acceptance, context);
  cli_options_add (context, entries);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  status = check_acceptance (&acceptance, peer, arguments[0]);
  if (status == CLI_EXIT_OK)
    status = cli_peer_apply_options (peer, arguments[0]);
  if (status != CLI_EXIT_OK)
    return status;
  cli_acceptance_apply (&acceptance, peer->options);
  status = cli_peer_connect (peer);
  if (status != CLI_EXIT_OK)
    return status;

  if (!cli_peer_handshake (peer, &error))
    return report_failure (peer, &acceptance, error);
  if (options.verbose)
    {
      g_autofree char *text = cli_negotiated_to_text (peer);

      g_printerr ("%s", text);
    }
  say_connected (peer);
  return relay (peer, &options);
}
