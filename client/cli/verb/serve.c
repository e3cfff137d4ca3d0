/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <sys/resource.h>

#include "peer/application-protocols.h"
#include "peer/own-credential.h"
#include "proxy/fronts.h"
#include "proxy/listen.h"
#include "proxy/self-signed.h"
#include "terminal/certificate-file.h"
#include "terminal/number.h"
#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/text-agent.h"
#include "verb/serve-check.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/* By default. What a client takes of descriptors: its socket; the program's two pipes and process,
 * or the socket of the server behind. */
#define DEFAULT_CLIENTS 240
#define MAX_CLIENTS 100000
#define PROGRAM_DESCRIPTORS 4
#define FORWARD_DESCRIPTORS 2
/* What the process itself has, and some more: for listeners, channels, threads. */
#define OWN_DESCRIPTORS 64

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
  gboolean self_signed;
  gboolean no_check;
  gboolean once;
  gboolean quiet;
  gboolean verbose;
  char *max_clients_text; /* (owned) (nullable): --max-clients, as given */
  guint max_clients;
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
  g_free (self->max_clients_text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ServeOptions, serve_options_clear)

typedef struct
{
  CliFrontSettings front;
  CliTarget *forward; /* (owned) (nullable) */
} Server;

static void
server_clear (Server *self)
{
  g_clear_object (&self->front.connection.manager);
  g_clear_object (&self->front.connection.options);
  g_clear_pointer (&self->forward, cli_target_free);
  g_clear_pointer (&self->front.listeners, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_clear)

static gboolean
check_options (ServeOptions *options, GError **error)
{
  const char *message = NULL;

  if ((options->command != NULL) == (options->forward != NULL))
    message = _ ("Give either --forward HOST:PORT, or -- and a command");
  else if (options->require_client_certificate && options->client_ca == NULL)
    message = _ ("--require-client-certificate needs --client-ca, the authorities to accept");
  else if (options->self_signed &&
           (options->own.label != NULL || options->own.certificate_file != NULL))
    message = _ ("--self-signed excludes --credential and --cert");
  else if (options->quiet && options->verbose)
    message = _ ("--quiet and --verbose exclude each other");
  if (message != NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
      return FALSE;
    }
  return (options->max_clients_text == NULL ||
          cli_number_parse ("--max-clients", options->max_clients_text, 1, MAX_CLIENTS,
                            &options->max_clients, error)) &&
         cli_options_check_not_empty ("--client-ca", options->client_ca, error) &&
         (options->listen == NULL || cli_listen_check (options->listen, error)) &&
         cli_application_protocols_check (options->protocols, error) &&
         cli_own_credential_check (&options->own, error);
}

/* Checked before any client comes; what goes wrong later is reported then. */
static gboolean
find_program (const char *name, GError **error)
{
  g_autofree char *program = g_find_program_in_path (name);

  if (program == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("There is no program “%s” that could be run"), name);
  return program != NULL;
}

/* By default no more than processes usually have; the programs inherit what they get here. */
static gboolean
reserve_descriptors (const ServeOptions *options, GError **error)
{
  const rlim_t needed = (rlim_t) options->max_clients *
                            (options->command != NULL ? PROGRAM_DESCRIPTORS : FORWARD_DESCRIPTORS) +
                        OWN_DESCRIPTORS;
  struct rlimit limit;

  if (options->max_clients <= DEFAULT_CLIENTS || getrlimit (RLIMIT_NOFILE, &limit) < 0 ||
      limit.rlim_cur >= needed)
    return TRUE;
  if (limit.rlim_max < needed)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _ ("%u clients need %lu open files, and this process may have %lu: give a lower "
                      "--max-clients, or raise the limit (ulimit -n)"),
                   options->max_clients, (gulong) needed, (gulong) limit.rlim_max);
      return FALSE;
    }
  limit.rlim_cur = needed;
  setrlimit (RLIMIT_NOFILE, &limit);
  return TRUE;
}

/* For all names by which a client on this machine, or near it, might ask. */
static gboolean
make_certificate (TlsHandoffHandshakeOptions *handshake, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;
  g_autofree char *all = NULL;
  g_autofree char *sha256 = NULL;
  g_autoptr (GBytes) pem = NULL;

  g_strv_builder_add_many (builder, "localhost", "127.0.0.1", "::1", NULL);
  if (g_str_is_ascii (g_get_host_name ()))
    g_strv_builder_add (builder, g_get_host_name ());
  names = g_strv_builder_end (builder);
  pem = cli_self_signed_new ((const char *const *) names, &sha256, error);
  if (pem == NULL)
    return FALSE;
  tls_handoff_handshake_options_set_credential_pem (handshake, pem);
  all = g_strjoinv (", ", names);
  cli_report (_ ("made a certificate for a test, for %s; its SHA-256 is %s"), all, sha256);
  return TRUE;
}

static gboolean
prepare_client_certificates (const ServeOptions *options,
                             TlsHandoffHandshakeOptions *handshake,
                             GError **error)
{
  g_autoptr (GPtrArray) anchors = NULL;

  if (options->client_ca == NULL)
    return TRUE;
  anchors = cli_certificate_file_load_authorities (options->client_ca, error);
  if (anchors == NULL)
    {
      g_prefix_error (error, "--client-ca: ");
      return FALSE;
    }
  tls_handoff_handshake_options_set_trust_anchors (handshake, anchors);
  tls_handoff_handshake_options_set_client_certificate (handshake, G_TLS_AUTHENTICATION_REQUESTED);
  return TRUE;
}

static gboolean
prepare (Server *self, ServeOptions *options, GError **error)
{
  CliConnectionSettings *front = &self->front.connection;

  if (!check_options (options, error) || !reserve_descriptors (options, error))
    return FALSE;
  if (options->command != NULL && !find_program (options->command[0], error))
    return FALSE;
  if (options->forward != NULL)
    {
      self->forward = cli_target_parse (options->forward, error);
      if (self->forward == NULL)
        {
          g_prefix_error (error, "--forward: ");
          return FALSE;
        }
    }
  front->options = tls_handoff_handshake_options_new ();
  front->quiet = options->quiet;
  front->verbose = options->verbose;
  front->backend.command = (const char *const *) options->command;
  front->backend.forward = self->forward;
  if (options->protocols != NULL)
    tls_handoff_handshake_options_set_application_protocols (
        front->options, (const char *const *) options->protocols);
  self->front.once = options->once;
  self->front.max_clients = (int) options->max_clients;
  return prepare_client_certificates (options, front->options, error) &&
         cli_own_credential_apply (&options->own, front->options, error) &&
         (!options->self_signed || make_certificate (front->options, error));
}

static CliExitStatus
start_listening (Server *self, const char *where)
{
  g_autoptr (GError) error = NULL;

  self->front.listeners = cli_listen (where, &error);
  if (self->front.listeners != NULL)
    return CLI_EXIT_OK;
  cli_report ("--listen: %s", error->message);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) &&
      cli_listen_is_privileged (where))
    cli_hint (_ ("ports below 1024 are for privileged users; try --listen 8443"));
  return CLI_EXIT_FAILED;
}

static CliExitStatus
run (Server *self, const ServeOptions *options)
{
  CliConnectionSettings *connection = &self->front.connection;
  const gboolean service_chooses =
      options->own.label == NULL && options->own.certificate_file == NULL && !options->self_signed;
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  connection->manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (connection->manager == NULL)
    return cli_report_no_service (error);
  status = start_listening (self, options->listen != NULL ? options->listen : "443");
  if (status != CLI_EXIT_OK)
    return status;
  connection->flags = cli_text_agent_start (options->interactive);
  /* A program that does not read what it is sent is no reason to die. */
  signal (SIGPIPE, SIG_IGN);
  if (!options->no_check)
    status = cli_serve_check (connection, service_chooses);
  if (status != CLI_EXIT_OK)
    return status;
  /* Only now: polkit's user may have taken his time, and the one client has no certificate. */
  cli_front_set_time_limit (connection->options);
  if (options->require_client_certificate)
    tls_handoff_handshake_options_set_client_certificate (connection->options,
                                                          G_TLS_AUTHENTICATION_REQUIRED);
  cli_listen_report (self->front.listeners);
  return cli_fronts_run (&self->front) ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

/**
 * cli_serve:
 *
 * The verb "serve": a TLS front for a program or for another server.
 */
CliExitStatus
cli_serve (GOptionContext *context, char **arguments)
{
  g_auto (ServeOptions) options = { .max_clients = DEFAULT_CLIENTS };
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
    { "self-signed", 0, 0, G_OPTION_ARG_NONE, &options.self_signed,
      N_ ("Authenticate with a certificate that is made for this test"), NULL },
    { "no-check", 0, 0, G_OPTION_ARG_NONE, &options.no_check,
      N_ ("Begin without trying whether a client could be served"), NULL },
    { "max-clients", 'm', 0, G_OPTION_ARG_STRING, &options.max_clients_text,
      N_ ("Serve at most N clients at a time; default: 240"), N_ ("N") },
    { "once", 0, 0, G_OPTION_ARG_NONE, &options.once, N_ ("Serve one client, then end"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet,
      N_ ("Say on the standard error only what goes wrong"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options.verbose,
      N_ ("Say what each client negotiated as soon as it has"), NULL },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &options.interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.command, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_auto (Server) server = { 0 };
  g_autoptr (GError) error = NULL;
  CliExitStatus status;

  cli_own_credential_add_options (&options.own, context);
  cli_options_add (context, entries);
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
