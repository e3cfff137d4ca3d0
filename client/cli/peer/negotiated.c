/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/negotiated.h"

#include <glib/gi18n.h>

#include "terminal/escape.h"
#include "terminal/json-output.h"
#include "terminal/service-info.h"
#include "peer/trust-report.h"

/**
 * cli_negotiated_get_protocol:
 *
 * Returns: (nullable): the protocol version as the D-Bus interface writes it
 */
const char *
cli_negotiated_get_protocol (TlsHandoffHandshakeResult *result)
{
  switch (tls_handoff_handshake_result_get_protocol_version (result))
    {
    case G_TLS_PROTOCOL_VERSION_TLS_1_2:
      return "TLS1.2";
    case G_TLS_PROTOCOL_VERSION_TLS_1_3:
      return "TLS1.3";
    default:
      return NULL;
    }
}

static void
append_field (GString *text, const char *label, const char *value)
{
  g_autofree char *safe = cli_escape (value, -1);

  g_string_append_printf (text, "%s %s\n", label, safe);
}

/* (nullable): a detail of a failed handshake, if it was negotiated before the failure */
static const char *
get_failure_detail (CliPeer *peer, const char *name)
{
  const char *value = NULL;

  if (peer->failure != NULL)
    g_variant_lookup (peer->failure, name, "&s", &value);
  return value;
}

static void
append_failure (GString *text, CliPeer *peer)
{
  const char *protocol = get_failure_detail (peer, "protocol");
  const char *suite = get_failure_detail (peer, "cipher-suite");

  if (protocol != NULL)
    append_field (text, _ ("protocol:    "), protocol);
  if (suite != NULL)
    append_field (text, _ ("cipher suite:"), suite);
}

static void
append_ocsp_status (GString *text, TlsHandoffHandshakeResult *result)
{
  const char *status = tls_handoff_handshake_result_get_ocsp_status (result);
  const char *problem = tls_handoff_handshake_result_get_ocsp_problem (result);
  g_autofree char *both = NULL;

  if (problem != NULL)
    both = g_strdup_printf ("%s (%s)", status, cli_trust_explain_ocsp_problem (problem));
  append_field (text, _ ("OCSP status: "), both != NULL ? both : status);
}

static void
append_result (GString *text, TlsHandoffHandshakeResult *result)
{
  const char *protocol = cli_negotiated_get_protocol (result);
  const char *suite = tls_handoff_handshake_result_get_ciphersuite_name (result);
  const char *alpn = tls_handoff_handshake_result_get_application_protocol (result);
  const char *server_name = tls_handoff_handshake_result_get_server_name (result);
  const char *credential = tls_handoff_handshake_result_get_credential (result);
  const char *seals = tls_handoff_handshake_result_get_key_blob_seals (result);
  gboolean resumed = tls_handoff_handshake_result_get_resumed (result);

  append_field (text, _ ("protocol:    "), protocol != NULL ? protocol : "?");
  append_field (text, _ ("cipher suite:"), suite != NULL ? suite : "?");
  append_field (text, _ ("ALPN:        "), alpn != NULL ? alpn : _ ("none"));
  append_field (text, _ ("server name: "), server_name != NULL ? server_name : _ ("none sent"));
  append_field (text, _ ("resumed:     "), resumed ? _ ("yes") : _ ("no"));
  append_ocsp_status (text, result);
  append_field (text, _ ("credential:  "), credential != NULL ? credential : _ ("none"));
  g_string_append_printf (text, _ ("key blob:     %zu bytes, seals: %s\n"),
                          tls_handoff_handshake_result_get_key_blob_size (result),
                          seals != NULL && *seals != '\0' ? seals : _ ("none"));
}

static void
append_address (GString *text, CliPeer *peer)
{
  g_autofree char *proxy =
      peer->proxied ? g_strdup_printf (_ ("%s (a proxy)"), peer->address) : NULL;

  append_field (text, _ ("address:     "), proxy != NULL ? proxy : peer->address);
}

/**
 * cli_negotiated_to_text:
 * @peer: after the handshake, successful or not
 *
 * Returns: (transfer full): lines for people that say what was negotiated, and by whom
 */
char *
cli_negotiated_to_text (CliPeer *peer)
{
  GString *text = g_string_new (NULL);

  append_address (text, peer);
  if (peer->result != NULL)
    append_result (text, peer->result);
  else
    append_failure (text, peer);
  if (peer->service != NULL)
    {
      g_autofree char *user = cli_service_get_user (peer->service);

      g_string_append_printf (text, _ ("handshake by: tls-handoffd, pid %u, user %s\n"),
                              cli_service_get_pid (peer->service), user);
    }
  return g_string_free (text, FALSE);
}

/**
 * cli_negotiated_to_line:
 *
 * Returns: (transfer full): the most important facts on one line, for a server's log
 */
char *
cli_negotiated_to_line (TlsHandoffHandshakeResult *result)
{
  const char *protocol = cli_negotiated_get_protocol (result);
  const char *suite = tls_handoff_handshake_result_get_ciphersuite_name (result);
  const char *alpn = tls_handoff_handshake_result_get_application_protocol (result);
  const char *server_name = tls_handoff_handshake_result_get_server_name (result);
  const char *credential = tls_handoff_handshake_result_get_credential (result);
  GPtrArray *chain = tls_handoff_handshake_result_get_peer_certificates (result);
  GString *line = g_string_new (protocol);

  g_string_append_printf (line, ", %s", suite);
  if (server_name != NULL)
    g_string_append_printf (line, _ (", server name %s"), server_name);
  if (alpn != NULL)
    g_string_append_printf (line, ", ALPN %s", alpn);
  if (credential != NULL)
    g_string_append_printf (line, _ (", credential %s"), credential);
  if (chain != NULL && chain->len > 0)
    {
      g_autofree char *sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, chain->pdata[0]);

      g_string_append_printf (line, _ (", client certificate SHA-256 %s"), sha256);
    }
  if (tls_handoff_handshake_result_get_resumed (result))
    g_string_append (line, _ (", resumed"));
  return g_string_free (line, FALSE);
}

/**
 * cli_negotiated_add_to_json:
 * @peer: after the handshake, successful or not
 * @builder: within an object
 *
 * Adds the members that say what was negotiated, and by whom. What was not negotiated is null.
 */
void
cli_negotiated_add_to_json (CliPeer *peer, JsonBuilder *builder)
{
  TlsHandoffHandshakeResult *result = peer->result;
  gboolean ok = result != NULL;

  cli_json_add_string (builder, "protocol",
                       ok ? cli_negotiated_get_protocol (result)
                          : get_failure_detail (peer, "protocol"));
  cli_json_add_string (builder, "cipher-suite",
                       ok ? tls_handoff_handshake_result_get_ciphersuite_name (result)
                          : get_failure_detail (peer, "cipher-suite"));
  cli_json_add_string (builder, "application-protocol",
                       ok ? tls_handoff_handshake_result_get_application_protocol (result) : NULL);
  cli_json_add_string (builder, "server-name",
                       ok ? tls_handoff_handshake_result_get_server_name (result) : NULL);
  cli_json_add_string (builder, "ocsp-status",
                       ok ? tls_handoff_handshake_result_get_ocsp_status (result) : NULL);
  cli_json_add_string (builder, "ocsp-problem",
                       ok ? tls_handoff_handshake_result_get_ocsp_problem (result) : NULL);
  cli_json_add_string (builder, "credential",
                       ok ? tls_handoff_handshake_result_get_credential (result) : NULL);
  json_builder_set_member_name (builder, "resumed");
  if (ok)
    json_builder_add_boolean_value (builder, tls_handoff_handshake_result_get_resumed (result));
  else
    json_builder_add_null_value (builder);

  json_builder_set_member_name (builder, "key-blob");
  if (ok)
    {
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "size");
      json_builder_add_int_value (builder, tls_handoff_handshake_result_get_key_blob_size (result));
      cli_json_add_string (builder, "seals",
                           tls_handoff_handshake_result_get_key_blob_seals (result));
      json_builder_end_object (builder);
    }
  else
    json_builder_add_null_value (builder);

  json_builder_set_member_name (builder, "service");
  if (peer->service != NULL)
    {
      g_autofree char *user = cli_service_get_user (peer->service);

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "pid");
      json_builder_add_int_value (builder, cli_service_get_pid (peer->service));
      cli_json_add_string (builder, "user", user);
      json_builder_end_object (builder);
    }
  else
    json_builder_add_null_value (builder);
}
