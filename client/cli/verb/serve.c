/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>

#include "peer/application-protocols.h"
#include "terminal/certificate-file.h"
#include "proxy/front.h"
#include "proxy/listen.h"
#include "peer/own-credential.h"
#include "terminal/report.h"
#include "terminal/text-agent.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/* Each client takes three descriptors, and a process may have 1024 by default. */
#define MAX_CONNECTIONS 250
/* How long to wait after accepting failed, most likely for want of descriptors, seconds. */
#define RETRY_SECONDS 1

typedef struct
{
  CliOwnCredential own;
  char *listen;     /* (owned) (nullable) */
  char *forward;    /* (owned) (nullable) */
  char *client_ca;  /* (owned) (nullable) */
  char **protocols; /* (owned) (nullable): ALPN */
  char **command;   /* (owned) (nullable) */
  gboolean require_client_certificate;
  gboolean interactive;
  gboolean once;
  gboolean verbose;
} ServeOptions;

static void
serve_options_clear (ServeOptions *self)
{
  cli_own_credential_clear (&self->own);
  g_free (self->listen);
  g_free (self->forward);
  g_free (self->client_ca);
  g_strfreev (self->protocols);
  g_strfreev (self->command);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ServeOptions, serve_options_clear)

typedef struct
{
  CliFront front;
  CliTarget *forward;        /* (owned) (nullable) */
  GSocketListener *listener; /* (owned) (nullable) */
  GMainLoop *loop;           /* (owned) */
  gboolean once;
  gboolean accepting;
  guint n_connections;
  CliExitStatus status;
} Server;

static void
server_clear (Server *self)
{
  g_clear_object (&self->front.manager);
  g_clear_object (&self->front.options);
  g_clear_pointer (&self->forward, cli_target_free);
  g_clear_object (&self->listener);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_clear)

static void accept_next (Server *self);

static void
connection_done (gboolean ok, gpointer user_data)
{
  Server *self = user_data;

  self->n_connections--;
  if (self->once)
    {
      self->status = ok ? CLI_EXIT_OK : CLI_EXIT_FAILED;
      g_main_loop_quit (self->loop);
    }
  else
    accept_next (self);
}

static gboolean
retry_cb (gpointer user_data)
{
  accept_next (user_data);
  return G_SOURCE_REMOVE;
}

static void
accepted (GObject *listener, GAsyncResult *result, gpointer user_data)
{
  Server *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) client =
      g_socket_listener_accept_finish (G_SOCKET_LISTENER (listener), result, NULL, &error);

  self->accepting = FALSE;
  if (client == NULL)
    {
      cli_report (_ ("Cannot accept a connection: %s"), error->message);
      g_timeout_add_seconds (RETRY_SECONDS, retry_cb, self);
      return;
    }
  self->n_connections++;
  cli_front_serve (&self->front, client, connection_done, self);
  if (!self->once)
    accept_next (self);
}

static void
accept_next (Server *self)
{
  if (self->accepting || self->n_connections >= MAX_CONNECTIONS)
    return;
  self->accepting = TRUE;
  g_socket_listener_accept_async (self->listener, NULL, accepted, self);
}

static gboolean
check_options (const ServeOptions *options, GError **error)
{
  const char *message = NULL;

  if ((options->command != NULL) == (options->forward != NULL))
    message = _ ("Give either --forward HOST:PORT, or -- and a command");
  else if (options->require_client_certificate && options->client_ca == NULL)
    message = _ ("--require-client-certificate needs --client-ca, the authorities to accept");
  if (message != NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
      return FALSE;
    }
  return cli_application_protocols_check (options->protocols, error) &&
         cli_own_credential_check (&options->own, error);
}

static gboolean
prepare (Server *self, const ServeOptions *options, GError **error)
{
  CliFront *front = &self->front;

  if (!check_options (options, error))
    return FALSE;
  /* Checked before any client comes; what goes wrong later is reported then. */
  if (options->command != NULL)
    {
      g_autofree char *program = g_find_program_in_path (options->command[0]);

      if (program == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       _ ("There is no program “%s” that could be run"), options->command[0]);
          return FALSE;
        }
    }
  if (options->forward != NULL)
    {
      self->forward = cli_target_parse (options->forward, error);
      if (self->forward == NULL)
        return FALSE;
    }
  front->options = tls_handoff_handshake_options_new ();
  cli_front_set_time_limit (front->options);
  front->verbose = options->verbose;
  front->backend.command = (const char *const *) options->command;
  front->backend.forward = self->forward;
  if (options->protocols != NULL)
    tls_handoff_handshake_options_set_application_protocols (
        front->options, (const char *const *) options->protocols);
  if (options->client_ca != NULL)
    {
      g_autoptr (GPtrArray) anchors = cli_certificate_file_load (options->client_ca, error);

      if (anchors == NULL)
        return FALSE;
      tls_handoff_handshake_options_set_trust_anchors (front->options, anchors);
      front->authentication = options->require_client_certificate ? G_TLS_AUTHENTICATION_REQUIRED
                                                                  : G_TLS_AUTHENTICATION_REQUESTED;
    }
  self->once = options->once;
  return cli_own_credential_apply (&options->own, front->options, error);
}

static gboolean
stop_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static CliExitStatus
run (Server *self, const ServeOptions *options)
{
  const char *listen = options->listen != NULL ? options->listen : "443";
  g_autoptr (GError) error = NULL;

  self->front.manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (self->front.manager == NULL)
    return cli_report_no_service (error);
  self->listener = cli_listen (listen, &error);
  if (self->listener == NULL)
    {
      cli_report ("--listen: %s", error->message);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) &&
          cli_listen_is_privileged (listen))
        cli_hint (_ ("ports below 1024 are for privileged users; try --listen 8443"));
      return error->domain == G_OPTION_ERROR ? CLI_EXIT_USAGE : CLI_EXIT_FAILED;
    }
  self->front.flags = cli_text_agent_start (options->interactive);
  /* A program that does not read what it is sent is no reason to die. */
  signal (SIGPIPE, SIG_IGN);
  self->loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGINT, stop_cb, self->loop);
  g_unix_signal_add (SIGTERM, stop_cb, self->loop);
  accept_next (self);
  g_main_loop_run (self->loop);
  return self->status;
}

/**
 * cli_serve:
 *
 * The verb "serve": a TLS front for a program or for another server.
 */
CliExitStatus
cli_serve (GOptionContext *context, char **arguments)
{
  g_auto (ServeOptions) options = { 0 };
  const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_STRING, &options.listen,
      N_ ("Where to take connections: a port, or ADDRESS:PORT; default: port 443"),
      N_ ("[ADDRESS:]PORT") },
    { "forward", 'f', 0, G_OPTION_ARG_STRING, &options.forward,
      N_ ("Connect each client to this server"), N_ ("HOST:PORT") },
    { "alpn", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &options.protocols,
      N_ ("Accept the application protocol PROTO; repeatable, the preferred one first"),
      N_ ("PROTO") },
    { "client-ca", 0, 0, G_OPTION_ARG_FILENAME, &options.client_ca,
      N_ ("Ask clients for certificates of the authorities in FILE (PEM)"), N_ ("FILE") },
    { "require-client-certificate", 0, 0, G_OPTION_ARG_NONE, &options.require_client_certificate,
      N_ ("Refuse clients without a certificate"), NULL },
    { "once", 0, 0, G_OPTION_ARG_NONE, &options.once, N_ ("Serve one client, then end"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options.verbose,
      N_ ("Say on the standard error what each client negotiated"), NULL },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &options.interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.command, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_auto (Server) server = { .status = CLI_EXIT_OK };
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_own_credential_add_options (&options.own, context);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!cli_verb_parse (context, arguments, &status))
    return status;
  if (!prepare (&server, &options, &error))
    {
      if (error->domain == G_OPTION_ERROR)
        return cli_usage_error (arguments[0], error->message);
      /* The command line is in order, but a file that it names is not. */
      cli_report ("%s", error->message);
      return CLI_EXIT_USAGE;
    }
  return run (&server, &options);
}
