/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/peer.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "peer/application-protocols.h"
#include "terminal/certificate.h"
#include "terminal/certificate-file.h"
#include "peer/connector.h"
#include "peer/credential-advice.h"
#include "peer/details.h"
#include "peer/drain.h"
#include "terminal/number.h"
#include "terminal/options.h"
#include "terminal/report.h"
#include "terminal/service-words.h"
#include "terminal/text-agent.h"
#include "peer/trust-report.h"

/* The service's configuration cannot allow more. 0 is refused: some would mean "no limit" by it,
 * and others "at once". */
#define MAX_TIMEOUT 86400
/* Seconds for a server to begin TLS, where --timeout does not say. Mail servers let strangers wait
 * before they greet them. */
#define STARTTLS_TIMEOUT 60

CliPeer *
cli_peer_new (void)
{
  return g_new0 (CliPeer, 1);
}

void
cli_peer_free (CliPeer *self)
{
  g_free (self->trust_file);
  g_free (self->timeout_text);
  g_strfreev (self->protocols);
  g_free (self->server_name);
  g_free (self->starttls);
  g_free (self->verify_name);
  g_free (self->sni);
  g_strfreev (self->suites);
  cli_own_credential_clear (&self->own);
  cli_reach_clear (&self->reach);
  cli_protocol_range_clear (&self->range);
  g_strfreev (self->arguments);
  g_clear_pointer (&self->target, cli_target_free);
  g_free (self->name);
  g_free (self->identity);
  g_clear_object (&self->options);
  g_clear_object (&self->manager);
  g_clear_object (&self->connection);
  g_free (self->address);
  g_clear_object (&self->result);
  g_clear_pointer (&self->failure, g_variant_unref);
  g_clear_pointer (&self->service, g_variant_unref);
  g_free (self);
}

/**
 * cli_peer_add_options:
 * @context: of a verb that makes a connection
 *
 * Adds the options that all such verbs have; parsing them fills @self.
 */
void
cli_peer_add_options (CliPeer *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "trust", 't', 0, G_OPTION_ARG_FILENAME, &self->trust_file,
      N_ ("Trust the certificates in FILE (PEM) in place of the system's"), N_ ("FILE") },
    { "alpn", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &self->protocols,
      N_ ("Offer the application protocol PROTO; repeatable, the preferred one first"),
      N_ ("PROTO") },
    { "server-name", 'n', 0, G_OPTION_ARG_STRING, &self->server_name,
      N_ ("The server's name, if not HOST: to be sent and to be proven"), N_ ("NAME") },
    { "verify-name", 0, 0, G_OPTION_ARG_STRING, &self->verify_name,
      N_ ("The name that the server must prove, whichever is sent"), N_ ("NAME") },
    { "sni", 0, 0, G_OPTION_ARG_STRING, &self->sni,
      N_ ("The name that is sent, whichever the server must prove; empty: none"), N_ ("NAME") },
    { "cipher-suite", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->suites,
      N_ ("Offer this cipher suite, and no others than those named so; repeatable"), N_ ("SUITE") },
    { "starttls", 0, 0, G_OPTION_ARG_STRING, &self->starttls,
      N_ ("First have the server begin TLS in PROTOCOL, such as smtp"), N_ ("PROTOCOL") },
    { "no-resumption", 0, 0, G_OPTION_ARG_NONE, &self->no_resumption,
      N_ ("Do not resume an earlier session, nor let a later one resume this"), NULL },
    { "timeout", 'w', 0, G_OPTION_ARG_STRING, &self->timeout_text,
      N_ ("Give up if connecting or the handshake takes more than SECONDS"), N_ ("SECONDS") },
    { "interactive", 'i', 0, G_OPTION_ARG_NONE, &self->interactive,
      N_ ("Let polkit ask for a password where its rules want one"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->arguments, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
  cli_own_credential_add_options (&self->own, context);
  cli_reach_add_options (&self->reach, context);
  cli_protocol_range_add_options (&self->range, context);
}

/* RFC 6066 3: an address is never sent. name: (nullable) */
static gboolean
check_sni (const char *name, GError **error)
{
  if (name == NULL || !g_hostname_is_ip_address (name))
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("--sni must be a DNS name, or empty to send none"));
  return FALSE;
}

/* text: HOST[:PORT], as the user gave it */
static gboolean
take_target (CliPeer *self, const char *text, GError **error)
{
  const guint16 port =
      self->protocol != NULL ? cli_starttls_get_port (self->protocol) : CLI_TARGET_DEFAULT_PORT;

  g_clear_pointer (&self->target, cli_target_free);
  g_clear_pointer (&self->name, g_free);
  self->target = cli_target_parse_with_port (text, port, error);
  if (self->target == NULL || !cli_reach_check (&self->reach, self->target, error))
    return FALSE;
  self->name = cli_target_to_string (self->target);
  return TRUE;
}

static gboolean
check_options (CliPeer *self, GError **error)
{
  if (self->arguments == NULL || g_strv_length (self->arguments) != 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   self->arguments == NULL ? _ ("The server is missing: give HOST[:PORT]")
                                           : _ ("Too many arguments: give one HOST[:PORT]"));
      return FALSE;
    }
  if (self->timeout_text != NULL &&
      !cli_number_parse ("--timeout", self->timeout_text, 1, MAX_TIMEOUT, &self->timeout, error))
    return FALSE;
  if (!cli_options_check_not_empty ("--trust", self->trust_file, error) ||
      !cli_options_check_not_empty ("--server-name", self->server_name, error) ||
      !cli_options_check_not_empty ("--verify-name", self->verify_name, error) ||
      !check_sni (self->sni, error) || !cli_application_protocols_check (self->protocols, error) ||
      !cli_own_credential_check (&self->own, error) ||
      !cli_protocol_range_check (&self->range, error))
    return FALSE;
  if (self->starttls != NULL)
    {
      self->protocol = cli_starttls_find (self->starttls, error);
      if (self->protocol == NULL)
        return FALSE;
    }
  return take_target (self, self->arguments[0], error);
}

static void
apply_names (CliPeer *self)
{
  g_autofree char *name = self->server_name != NULL ? g_strdup (self->server_name)
                                                    : cli_target_get_identity (self->target);
  const char *sent = self->sni;

  if (sent == NULL && self->verify_name != NULL)
    sent = g_hostname_is_ip_address (name) ? "" : name;
  tls_handoff_handshake_options_set_server_name (self->options, sent);
  g_free (self->identity);
  self->identity = self->verify_name != NULL ? g_strdup (self->verify_name) : g_strdup (name);
}

static CliExitStatus
report_suite (const char *verb, const GError *error)
{
  CliExitStatus status = cli_usage_error (verb, error->message);

  cli_hint (_ ("“tls-handoff status” shows the cipher suites that there are"));
  return status;
}

/**
 * cli_peer_apply_options:
 * @verb: the verb they were given to
 *
 * Checks the options that were parsed, and reports what is wrong with them.
 *
 * Returns: %CLI_EXIT_OK if they are fine
 */
CliExitStatus
cli_peer_apply_options (CliPeer *self, const char *verb)
{
  g_autoptr (GError) error = NULL;

  if (!check_options (self, &error))
    return cli_usage_error (verb, error->message);

  self->options = tls_handoff_handshake_options_new ();
  apply_names (self);
  if (!tls_handoff_handshake_options_set_cipher_suites (self->options,
                                                        (const char *const *) self->suites, &error))
    return report_suite (verb, error);
  if (self->protocols != NULL)
    tls_handoff_handshake_options_set_application_protocols (self->options,
                                                             (const char *const *) self->protocols);
  tls_handoff_handshake_options_set_protocol_range (self->options, self->range.minimum,
                                                    self->range.maximum);
  tls_handoff_handshake_options_set_resumption (self->options, !self->no_resumption);
  tls_handoff_handshake_options_set_timeout (self->options, self->timeout);
  if (self->trust_file != NULL)
    {
      g_autoptr (GPtrArray) anchors =
          cli_certificate_file_load_authorities (self->trust_file, &error);

      if (anchors == NULL)
        {
          cli_report ("--trust: %s", error->message);
          return CLI_EXIT_USAGE;
        }
      tls_handoff_handshake_options_set_trust_anchors (self->options, anchors);
    }
  if (!cli_own_credential_apply (&self->own, self->options, &error))
    {
      cli_report ("%s", error->message);
      return CLI_EXIT_USAGE;
    }
  return CLI_EXIT_OK;
}

/**
 * cli_peer_retarget:
 * @self: whose options were applied, and which has not connected yet
 * @server: HOST[:PORT], as the user gave it
 * @verb: the verb that it was given to
 *
 * Takes another server, with the same options.
 *
 * Returns: %CLI_EXIT_OK if it is one
 */
CliExitStatus
cli_peer_retarget (CliPeer *self, const char *server, const char *verb)
{
  g_autoptr (GError) error = NULL;

  g_strfreev (self->arguments);
  self->arguments = g_strdupv ((char *[]){ (char *) server, NULL });
  if (!take_target (self, server, &error))
    return cli_usage_error (verb, error->message);
  apply_names (self);
  return CLI_EXIT_OK;
}

static char *
describe_address (GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);

  if (address == NULL)
    return g_strdup ("?");
  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    {
      g_autofree char *path = g_filename_display_name (
          g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));

      return g_strconcat ("unix:", path, NULL);
    }
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

/* Sets an error if the server does not begin TLS. */
static gboolean
begin_tls (CliPeer *self, GError **error)
{
  const guint timeout = self->timeout > 0 ? self->timeout : STARTTLS_TIMEOUT;
  g_autofree char *host = cli_target_get_identity (self->target);

  return self->protocol == NULL ||
         cli_starttls_run (self->protocol, cli_peer_get_fd (self),
                           self->server_name != NULL ? self->server_name : host, timeout * 1000,
                           error);
}

/* (transfer none) (nullable): the value of --starttls that may help against error */
static const char *
guess_starttls (CliPeer *self, const GError *error)
{
  GVariant *details = tls_handoff_error_get_details (error);
  const char *protocol = NULL;

  if (self->protocol != NULL)
    return NULL;
  if (details != NULL && g_variant_lookup (details, "peer-protocol", "&s", &protocol))
    return cli_starttls_guess (protocol, self->target->port);
  /* Those that wait for the client to speak hang up on what they do not understand. */
  return error->code == TLS_HANDOFF_ERROR_PEER_CLOSED
             ? cli_starttls_guess (NULL, self->target->port)
             : NULL;
}

/**
 * cli_peer_connect:
 *
 * Finds the service, then connects to the peer, has it begin TLS if --starttls says so, and reports
 * what goes wrong.
 *
 * Returns: %CLI_EXIT_OK if the handshake can begin
 */
CliExitStatus
cli_peer_connect (CliPeer *self)
{
  g_autoptr (GError) error = NULL;

  /* The service first: without it, the server is not bothered with a connection. */
  self->manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
  if (self->manager == NULL)
    return cli_report_no_service (error);

  self->connection = cli_connect_by (&self->reach, self->timeout, &self->proxied, &error);
  if (self->connection == NULL)
    {
      cli_report ("%s: %s", self->name, error->message);
      return CLI_EXIT_FAILED;
    }
  self->address = describe_address (self->connection);
  /* The relay writes what it has in one go; waiting for more would only delay it. */
  g_socket_set_option (g_socket_connection_get_socket (self->connection), IPPROTO_TCP, TCP_NODELAY,
                       1, NULL);
  if (!begin_tls (self, &error))
    {
      cli_report ("%s: %s", self->name, error->message);
      return CLI_EXIT_FAILED;
    }
  return CLI_EXIT_OK;
}

/**
 * cli_peer_handshake:
 *
 * Has the service do the handshake.
 *
 * Returns: whether it completed; @self's service may be known in any case
 */
gboolean
cli_peer_handshake (CliPeer *self, GError **error)
{
  GError *failure = NULL;

  self->result = tls_handoff_manager_handshake_as_client_sync (
      self->manager, g_socket_connection_get_socket (self->connection), self->identity,
      self->options, cli_text_agent_start (self->interactive), NULL, &failure);
  if (self->result == NULL)
    {
      GVariant *details = tls_handoff_error_get_details (failure);

      if (details != NULL)
        self->failure = g_variant_ref (details);
      g_propagate_error (error, failure);
      /* The service may have sent an alert. */
      cli_drain_socket (cli_peer_get_fd (self));
    }
  /* For information only, so its absence is no error. */
  self->service = tls_handoff_manager_get_status_sync (self->manager, NULL, NULL);
  return self->result != NULL;
}

/* (nullable): the label of the credential that the server got, as far as that is known */
static const char *
get_used_credential (CliPeer *self)
{
  if (self->result != NULL)
    return tls_handoff_handshake_result_get_credential (self->result);
  return self->own.label != NULL && *self->own.label != '\0' ? self->own.label : NULL;
}

/* (transfer full) (nullable) */
static GPtrArray *
dup_authorities (CliPeer *self, GVariant *details)
{
  GPtrArray *authorities = NULL;

  if (details != NULL)
    authorities = cli_details_get_bytes (details, "certificate-authorities");
  if (authorities == NULL && self->result != NULL)
    {
      authorities = tls_handoff_handshake_result_get_certificate_authorities (self->result);
      if (authorities != NULL)
        g_ptr_array_ref (authorities);
    }
  return authorities;
}

/**
 * cli_peer_hint_at_credentials:
 * @error: says that the server wanted a certificate, or another one, or what is wrong with the
 * credential that the user named
 *
 * If the service itself chose the credential, and its token failed, there is no hint: only that
 * can help.
 */
void
cli_peer_hint_at_credentials (CliPeer *self, const GError *error)
{
  gboolean named = self->own.label != NULL && *self->own.label != '\0';
  GVariant *details = tls_handoff_error_get_details (error);
  g_autoptr (GPtrArray) authorities = dup_authorities (self, details);
  g_autoptr (GVariant) alert = NULL;
  const CliCredentialRefusal refusal = { .identity = self->identity,
                                         .own = &self->own,
                                         .used = get_used_credential (self),
                                         .authorities = authorities,
                                         .interactive = self->interactive };

  if (details != NULL)
    alert = g_variant_lookup_value (details, "alert", NULL);
  if (alert != NULL)
    cli_credential_advise (self->manager, &refusal);
  else if (named)
    {
      cli_hint (_ ("“tls-handoff credential list” shows what you have"));
      cli_hint_at_interactive (error);
    }
}

/* Of a server that is known by another name. */
static void
hint_at_names (CliPeer *self)
{
  g_autoptr (GPtrArray) chain = cli_details_get_bytes (self->failure, "peer-certificates");
  g_autoptr (CliCertificate) certificate = NULL;
  g_autofree char *names = NULL;

  if (chain == NULL || chain->len == 0)
    return;
  certificate = cli_certificate_new (g_ptr_array_index (chain, 0));
  names = cli_trust_describe_names (certificate);
  cli_hint (_ ("give --server-name NAME if the server is known by another name than %s: the "
               "certificate is for %s"),
            self->identity, names);
}

static void
hint_at_pin (GVariant *details)
{
  g_autoptr (GPtrArray) chain = cli_details_get_bytes (details, "peer-certificates");
  g_autoptr (CliCertificate) certificate = NULL;

  if (chain == NULL || chain->len == 0)
    return;
  certificate = cli_certificate_new (g_ptr_array_index (chain, 0));
  cli_hint (_ ("--fingerprint %s takes this certificate, and no other: first make sure, by another "
               "way, that it is the server's"),
            certificate->sha256);
}

/* Hints only at options that can help: none makes an expired certificate good. */
static void
hint_at_remedies (CliPeer *self, CliTrustRemedy remedy)
{
  if ((remedy & CLI_TRUST_REMEDY_NAME) != 0)
    hint_at_names (self);
  if ((remedy & CLI_TRUST_REMEDY_AUTHORITY) != 0)
    cli_hint (_ ("--trust FILE makes an authority trusted for one call"));
  if ((remedy & CLI_TRUST_REMEDY_PIN) != 0)
    hint_at_pin (self->failure);
  cli_hint (_ ("“tls-handoff probe %s” shows the certificates"), self->arguments[0]);
}

/* The service has one word for the name that the server must prove, wherever it came from.
 * (transfer full) */
static char *
describe_error (CliPeer *self, const GError *error)
{
  const char *theirs = "--server-name: ";
  const char *ours = self->verify_name != NULL ? "--verify-name" : _ ("HOST");
  g_autofree char *message = cli_service_words_translate (error->message);

  if (!g_str_has_prefix (message, theirs) ||
      (self->verify_name == NULL && self->server_name != NULL))
    return g_steal_pointer (&message);
  return g_strconcat (ours, ": ", message + strlen (theirs), NULL);
}

/**
 * cli_peer_report_error:
 * @error: of cli_peer_handshake()
 *
 * Returns: the exit status that fits it
 */
CliExitStatus
cli_peer_report_error (CliPeer *self, const GError *error)
{
  g_autofree char *message = NULL;

  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    return cli_report_not_authorized (self->name, error);
  if (error->domain != TLS_HANDOFF_ERROR)
    return cli_report_error (error);

  message = describe_error (self, error);
  cli_report ("%s: %s", self->name, message);
  switch (error->code)
    {
    case TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED:
      hint_at_remedies (self, cli_trust_get_remedy (error));
      return CLI_EXIT_UNTRUSTED;
    case TLS_HANDOFF_ERROR_INVALID_ARGUMENT:
      return CLI_EXIT_USAGE;
    case TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND:
      cli_peer_hint_at_credentials (self, error);
      return CLI_EXIT_FAILED;
    case TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED:
      cli_hint (_ ("“tls-handoff credential unlock LABEL” tells the service the token's PIN"));
      return CLI_EXIT_FAILED;
    case TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE:
      return CLI_EXIT_NO_SERVICE;
    default:
      if (cli_credential_is_refused (error))
        cli_peer_hint_at_credentials (self, error);
      if (guess_starttls (self, error) != NULL)
        cli_hint (_ ("--starttls %s has such a server begin TLS"), guess_starttls (self, error));
      return CLI_EXIT_FAILED;
    }
}

/**
 * cli_peer_get_fd:
 *
 * Returns: the socket's descriptor, which stays the connection's
 */
int
cli_peer_get_fd (CliPeer *self)
{
  return g_socket_get_fd (g_socket_connection_get_socket (self->connection));
}
