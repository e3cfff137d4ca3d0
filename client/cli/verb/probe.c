/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <sys/socket.h>

#include "terminal/certificate.h"
#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "peer/negotiated.h"
#include "peer/peer.h"
#include "terminal/report.h"
#include "peer/trust-report.h"
#include "verb/verb-options.h"
#include "verb/verbs.h"

/* What a probe found out, whether the peer is trusted or not. */
typedef struct
{
  GPtrArray *certificates; /* (owned) (element-type CliCertificate) */
  char **reasons;          /* (owned): why the certificate is not trusted; empty if it is */
} Findings;

static void
findings_clear (Findings *self)
{
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_pointer (&self->reasons, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Findings, findings_clear)

static void
findings_init_from_result (Findings *self, TlsHandoffHandshakeResult *result)
{
  GPtrArray *chain = tls_handoff_handshake_result_get_peer_certificates (result);
  guint i;

  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_certificate_free);
  self->reasons = g_new0 (char *, 1);
  for (i = 0; chain != NULL && i < chain->len; i++)
    g_ptr_array_add (self->certificates, cli_certificate_new (g_ptr_array_index (chain, i)));
}

static void
findings_init_from_error (Findings *self, const GError *error)
{
  GVariant *details = tls_handoff_error_get_details (error);
  g_autoptr (GVariant) chain = NULL;
  gsize i;

  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_certificate_free);
  if (details == NULL || !g_variant_lookup (details, "verification-errors", "^as", &self->reasons))
    self->reasons = g_strsplit ("other", ",", 1);
  if (details != NULL)
    chain = g_variant_lookup_value (details, "peer-certificates", G_VARIANT_TYPE ("aay"));
  for (i = 0; chain != NULL && i < g_variant_n_children (chain); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (chain, i);
      g_autoptr (GBytes) der = g_variant_get_data_as_bytes (child);

      g_ptr_array_add (self->certificates, cli_certificate_new (der));
    }
}

static void
print_text (CliPeer *peer, const Findings *findings)
{
  g_autofree char *text = cli_negotiated_to_text (peer);
  guint i;

  g_print ("%s", text);
  if (findings->reasons[0] == NULL)
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
  cli_json_add_string (builder, "server-identity", peer->identity);
  json_builder_set_member_name (builder, "trusted");
  json_builder_add_boolean_value (builder, findings->reasons[0] == NULL);
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

/**
 * cli_probe:
 *
 * The verb "probe": what a server negotiates, and who it is.
 */
CliExitStatus
cli_probe (GOptionContext *context, char **arguments)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL }, G_OPTION_ENTRY_NULL
  };
  g_autoptr (CliPeer) peer = cli_peer_new ();
  g_autoptr (GError) error = NULL;
  g_auto (Findings) findings = { 0 };
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

  if (cli_peer_handshake (peer, &error))
    {
      findings_init_from_result (&findings, peer->result);
      close_politely (peer);
    }
  else if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED))
    {
      findings_init_from_error (&findings, error);
      status = CLI_EXIT_UNTRUSTED;
    }
  else
    return cli_peer_report_error (peer, error);

  if (json)
    print_json (peer, &findings);
  else
    print_text (peer, &findings);
  if (status == CLI_EXIT_UNTRUSTED)
    cli_report ("%s: %s", peer->name, error->message);
  return status;
}
