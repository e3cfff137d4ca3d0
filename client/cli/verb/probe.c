/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <sys/socket.h>

#include "peer/details.h"
#include "terminal/certificate.h"
#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/number.h"
#include "terminal/options.h"
#include "terminal/service-words.h"
#include "peer/negotiated.h"
#include "peer/peer.h"
#include "terminal/report.h"
#include "peer/trust-report.h"
#include "verb/expiry-check.h"
#include "verb/pem-output.h"
#include "verb/probe-many.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/* A hundred years. */
#define MAX_DAYS 36500
/* A day. */
#define MAX_WATCH 86400

/* What a probe found out, whether the peer is trusted or not. */
typedef struct
{
  gboolean verified;       /* the handshake came far enough to tell whether the peer is trusted */
  GPtrArray *certificates; /* (owned) (element-type CliCertificate) */
  GPtrArray *needed; /* (owned) (element-type CliCertificate): those that its trust rests on */
  char **reasons;    /* (owned): why the certificate is not trusted; empty if it is */
} Findings;

static void
findings_clear (Findings *self)
{
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_pointer (&self->needed, g_ptr_array_unref);
  g_clear_pointer (&self->reasons, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Findings, findings_clear)

/* chain: (nullable) (element-type GBytes). (transfer full) (element-type CliCertificate) */
static GPtrArray *
read_certificates (GPtrArray *chain)
{
  GPtrArray *certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_certificate_free);
  guint i;

  for (i = 0; chain != NULL && i < chain->len; i++)
    g_ptr_array_add (certificates, cli_certificate_new (g_ptr_array_index (chain, i)));
  return certificates;
}

static void
findings_init_from_result (Findings *self, TlsHandoffHandshakeResult *result)
{
  self->certificates =
      read_certificates (tls_handoff_handshake_result_get_peer_certificates (result));
  self->needed = read_certificates (tls_handoff_handshake_result_get_verified_chain (result));
  self->reasons = g_new0 (char *, 1);
  self->verified = TRUE;
}

static void
findings_init_from_error (Findings *self, const GError *error)
{
  GVariant *details = tls_handoff_error_get_details (error);
  g_autoptr (GPtrArray) chain = NULL;

  if (details != NULL)
    chain = cli_details_get_bytes (details, "peer-certificates");
  self->certificates = read_certificates (chain);
  /* Servers send certificates that nobody needs. Without a path to an authority, it is not known
   * which those are, but for the first. */
  if (chain != NULL && chain->len > 1)
    g_ptr_array_set_size (chain, 1);
  self->needed = read_certificates (chain);
  self->verified =
      g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  if (details != NULL && g_variant_lookup (details, "verification-errors", "^as", &self->reasons))
    return;
  self->reasons = g_strsplit (self->verified ? "other" : "", ",", 1);
}

static void
print_names (const Findings *findings)
{
  g_autofree char *names = NULL;
  g_autofree char *safe = NULL;

  if (findings->certificates->len == 0)
    return;
  names = cli_trust_describe_names (g_ptr_array_index (findings->certificates, 0));
  safe = cli_escape (names, -1);
  g_print (_ ("    it is for %s\n"), safe);
}

static void
print_text (CliPeer *peer, const Findings *findings)
{
  g_autofree char *text = cli_negotiated_to_text (peer);
  guint i;

  g_print ("%s", text);
  if (!findings->verified)
    g_print (_ ("verification: the handshake ended too early\n"));
  else if (findings->reasons[0] == NULL)
    {
      g_autofree char *identity = cli_escape (peer->identity, -1);

      g_print (_ ("verification: trusted as %s\n"), identity);
    }
  else
    g_print (_ ("verification: NOT trusted\n"));
  for (i = 0; findings->reasons[i] != NULL; i++)
    {
      g_autofree char *reason = cli_escape (findings->reasons[i], -1);

      g_print ("  %s: %s\n", reason, cli_trust_explain_reason (findings->reasons[i]));
      if (g_str_equal (findings->reasons[i], "wrong-name"))
        print_names (findings);
    }
  g_print (_ ("certificates: %u\n"), findings->certificates->len);
  for (i = 0; i < findings->certificates->len; i++)
    cli_certificate_print (g_ptr_array_index (findings->certificates, i), i + 1);
}

static void
print_json (CliPeer *peer, const Findings *findings)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  guint i;

  json_builder_begin_object (builder);
  cli_json_add_string (builder, "host", peer->target->host);
  json_builder_set_member_name (builder, "port");
  json_builder_add_int_value (builder, peer->target->port);
  cli_json_add_string (builder, "address", peer->address);
  json_builder_set_member_name (builder, "proxied");
  json_builder_add_boolean_value (builder, peer->proxied);
  cli_json_add_string (builder, "starttls", peer->starttls);
  cli_json_add_string (builder, "server-identity", peer->identity);
  json_builder_set_member_name (builder, "trusted");
  if (findings->verified)
    json_builder_add_boolean_value (builder, findings->reasons[0] == NULL);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "verification-errors");
  json_builder_begin_array (builder);
  for (i = 0; findings->reasons[i] != NULL; i++)
    json_builder_add_string_value (builder, findings->reasons[i]);
  json_builder_end_array (builder);
  cli_negotiated_add_to_json (peer, builder);
  json_builder_set_member_name (builder, "certificates");
  json_builder_begin_array (builder);
  for (i = 0; i < findings->certificates->len; i++)
    cli_certificate_add_to_json (g_ptr_array_index (findings->certificates, i), builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  cli_json_print (builder);
}

/* Sends a close_notify. If that fails, the peer is gone already, and need not be told. */
static void
close_politely (CliPeer *peer)
{
  TlsHandoffRecordLayer *layer = tls_handoff_handshake_result_get_record_layer (peer->result);
  g_autoptr (GBytes) output = NULL;

  if (!tls_handoff_record_layer_close (layer, NULL))
    return;
  output = tls_handoff_record_layer_take_output (layer);
  if (output != NULL && send (cli_peer_get_fd (peer), g_bytes_get_data (output, NULL),
                              g_bytes_get_size (output), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("The peer did not take the close_notify alert");
}

typedef struct
{
  gboolean json;
  char *pem;        /* (owned) (nullable) */
  char *days_text;  /* (owned) (nullable): --expires-within, as given */
  guint days;       /* if it was */
  char *watch_text; /* (owned) (nullable): --watch, as given */
  guint watch;      /* seconds, if it was */
} ProbeOptions;

static void
probe_options_clear (ProbeOptions *self)
{
  g_free (self->pem);
  g_free (self->days_text);
  g_free (self->watch_text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ProbeOptions, probe_options_clear)

static gboolean
check_options (ProbeOptions *options, const char *verb)
{
  g_autoptr (GError) error = NULL;

  if ((options->days_text != NULL && !cli_number_parse ("--expires-within", options->days_text, 0,
                                                        MAX_DAYS, &options->days, &error)) ||
      (options->watch_text != NULL &&
       !cli_number_parse ("--watch", options->watch_text, 1, MAX_WATCH, &options->watch, &error)))
    {
      cli_usage_error (verb, error->message);
      return FALSE;
    }
  if (options->watch_text != NULL && options->json)
    {
      cli_usage_error (verb, _ ("--watch prints lines: give it without --json"));
      return FALSE;
    }
  return cli_pem_option_check (options->pem, options->json, verb);
}

static CliExitStatus
show (CliPeer *peer, const ProbeOptions *options, const Findings *findings)
{
  if (options->pem != NULL && !cli_pem_write (options->pem, findings->certificates))
    return CLI_EXIT_FAILED;
  if (options->json)
    print_json (peer, findings);
  else if (!cli_pem_option_is_output (options->pem))
    print_text (peer, findings);
  return CLI_EXIT_OK;
}

/* error: (nullable): why the peer is not trusted */
static CliExitStatus
judge (CliPeer *peer, const ProbeOptions *options, const Findings *findings, const GError *error)
{
  CliExitStatus status = CLI_EXIT_OK;
  g_autofree char *message = NULL;

  if (options->days_text != NULL)
    status = cli_expiry_check (peer->name, findings->needed, options->days);
  if (error == NULL)
    return status;
  message = cli_service_words_translate (error->message);
  cli_report ("%s: %s", peer->name, message);
  return CLI_EXIT_UNTRUSTED;
}

/* The options were applied. */
static CliExitStatus
probe (CliPeer *peer, const ProbeOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_auto (Findings) findings = { 0 };
  CliExitStatus status = cli_peer_connect (peer);

  if (status != CLI_EXIT_OK)
    return status;
  if (cli_peer_handshake (peer, &error))
    {
      findings_init_from_result (&findings, peer->result);
      close_politely (peer);
    }
  else if (cli_negotiated_is_known (peer) ||
           g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED))
    findings_init_from_error (&findings, error);
  else
    return cli_peer_report_error (peer, error);

  status = show (peer, options, &findings);
  if (status != CLI_EXIT_OK)
    return status;
  return findings.verified ? judge (peer, options, &findings, error)
                           : cli_peer_report_error (peer, error);
}

/* What a process needs that probes one of several. */
typedef struct
{
  CliPeer *peer;
  const ProbeOptions *options;
  const char *verb;
} Plan;

/* A CliProbeFunc. */
static CliExitStatus
probe_server (const char *server, gpointer user_data)
{
  Plan *plan = user_data;
  CliExitStatus status = cli_peer_retarget (plan->peer, server, plan->verb);

  return status == CLI_EXIT_OK ? probe (plan->peer, plan->options) : status;
}

/* Finds out what is wrong with the command line before any server is asked. */
static CliExitStatus
check_servers (CliPeer *peer, char **servers, const char *verb)
{
  CliExitStatus status;
  guint i;

  g_strfreev (peer->arguments);
  peer->arguments = g_strdupv ((char *[]){ servers[0], NULL });
  status = cli_peer_apply_options (peer, verb);
  for (i = 1; status == CLI_EXIT_OK && servers[i] != NULL; i++)
    status = cli_peer_retarget (peer, servers[i], verb);
  return status;
}

static CliExitStatus
probe_servers (CliPeer *peer, const ProbeOptions *options, const char *verb)
{
  g_auto (GStrv) servers = g_strdupv (peer->arguments);
  ProbeOptions each = *options;
  Plan plan = { peer, &each, verb };
  CliExitStatus status;

  if (options->pem != NULL)
    return cli_usage_error (verb, _ ("--pem shows the certificates of one server, once"));
  if (peer->interactive && servers[1] != NULL)
    return cli_usage_error (verb, _ ("--interactive is for one server: several would ask at once"));
  status = check_servers (peer, servers, verb);
  if (status != CLI_EXIT_OK)
    return status;
  each.json = TRUE;
  if (options->watch_text != NULL)
    return cli_probe_watch (servers, options->watch, probe_server, &plan);
  return cli_probe_many (servers, options->json, probe_server, &plan);
}

/**
 * cli_probe:
 *
 * The verb "probe": what servers negotiate, and who they are.
 */
CliExitStatus
cli_probe (GOptionContext *context, char **arguments)
{
  g_auto (ProbeOptions) options = { 0 };
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options.json, N_ ("Print JSON"), NULL },
    { "expires-within", 'e', 0, G_OPTION_ARG_STRING, &options.days_text,
      N_ ("Exit with status 6 if a certificate ends within DAYS"), N_ ("DAYS") },
    { "watch", 0, 0, G_OPTION_ARG_STRING, &options.watch_text,
      N_ ("Probe again every SECONDS, and print what is new"), N_ ("SECONDS") },
    G_OPTION_ENTRY_NULL
  };
  g_auto (GStrv) prepared = cli_pem_option_prepare (arguments);
  g_autoptr (CliPeer) peer = cli_peer_new ();
  CliExitStatus status;

  cli_peer_add_options (peer, context);
  cli_options_add (context, entries);
  cli_pem_option_add (&options.pem, context);
  if (!cli_verb_parse (context, prepared, &status))
    return status;
  if (!check_options (&options, arguments[0]))
    return CLI_EXIT_USAGE;
  if (peer->arguments != NULL && (options.watch_text != NULL || peer->arguments[1] != NULL))
    return probe_servers (peer, &options, arguments[0]);
  status = cli_peer_apply_options (peer, arguments[0]);
  return status == CLI_EXIT_OK ? probe (peer, &options) : status;
}
