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

/* A client whose program runs takes four descriptors (its socket, two pipes, the process), and a
 * process may have 1024 by default. Any number of threads can share these. */
#define MAX_CONNECTIONS 240
/* Fewer than the service allows: the user may do other things, too. */
#define MAX_HANDSHAKES 48

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
  CliFrontSettings front;
  CliTarget *forward; /* (owned) (nullable) */
  GMainLoop *loop;    /* (owned) */
  CliExitStatus status;
} Server;

static void
server_clear (Server *self)
{
  g_clear_object (&self->front.connection.manager);
  g_clear_object (&self->front.connection.options);
  g_clear_pointer (&self->forward, cli_target_free);
  g_clear_pointer (&self->front.listeners, g_ptr_array_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_clear)

static void
only_client_done (gboolean ok, gpointer user_data)
{
  Server *self = user_data;

  self->status = ok ? CLI_EXIT_OK : CLI_EXIT_FAILED;
  g_main_loop_quit (self->loop);
}

static gboolean
stop_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

/* A front on a thread of its own. */
typedef struct
{
  const CliFrontSettings *settings;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
} Worker;

/* They stay until the process ends: handshakes that are under way may still use them. */
static Worker workers[CLI_FRONT_MAX_PEERS];
static CliFrontPeers peers;

static gpointer
work (gpointer data)
{
  Worker *self = data;

  g_main_context_push_thread_default (self->context);
  cli_front_new (self->settings, &peers, NULL, NULL);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* Serves in n threads, this one among them, until the loop ends. */
static void
serve (Server *self, guint n)
{
  self->front.max_connections = MAX_CONNECTIONS / n;
  self->front.max_handshakes = MAX_HANDSHAKES / n;
  for (guint i = 1; i < n; i++)
    {
      Worker *worker = &workers[i];

      worker->settings = &self->front;
      worker->context = g_main_context_new ();
      worker->loop = g_main_loop_new (worker->context, FALSE);
      worker->thread = g_thread_new ("front", work, worker);
    }
  cli_front_new (&self->front, &peers, only_client_done, self);
  g_main_loop_run (self->loop);
  for (guint i = 1; i < n; i++)
    {
      g_autoptr (GSource) quit = g_idle_source_new ();

      /* From within: its loop may not run yet. */
      g_source_set_callback (quit, stop_cb, workers[i].loop, NULL);
      g_source_attach (quit, workers[i].context);
      g_thread_join (workers[i].thread);
    }
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
  CliConnectionSettings *front = &self->front.connection;

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
      g_autoptr (GPtrArray) anchors =
          cli_certificate_file_load_authorities (options->client_ca, error);

      if (anchors == NULL)
        return FALSE;
      tls_handoff_handshake_options_set_trust_anchors (front->options, anchors);
      tls_handoff_handshake_options_set_client_certificate (
          front->options, options->require_client_certificate ? G_TLS_AUTHENTICATION_REQUIRED
                                                              : G_TLS_AUTHENTICATION_REQUESTED);
    }
  self->front.once = options->once;
  return cli_own_credential_apply (&options->own, front->options, error);
}

static CliExitStatus
run (Server *self, const ServeOptions *options)
{
  const char *listen = options->listen != NULL ? options->listen : "443";
  g_autoptr (GError) error = NULL;

  self->front.connection.manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (self->front.connection.manager == NULL)
    return cli_report_no_service (error);
  self->front.listeners = cli_listen (listen, &error);
  if (self->front.listeners == NULL)
    {
      cli_report ("--listen: %s", error->message);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) &&
          cli_listen_is_privileged (listen))
        cli_hint (_ ("ports below 1024 are for privileged users; try --listen 8443"));
      return error->domain == G_OPTION_ERROR ? CLI_EXIT_USAGE : CLI_EXIT_FAILED;
    }
  self->front.connection.flags = cli_text_agent_start (options->interactive);
  /* A program that does not read what it is sent is no reason to die. */
  signal (SIGPIPE, SIG_IGN);
  self->loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGINT, stop_cb, self->loop);
  g_unix_signal_add (SIGTERM, stop_cb, self->loop);
  serve (self, options->once ? 1 : MIN (g_get_num_processors (), CLI_FRONT_MAX_PEERS));
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
