/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/negotiated.h"

#include <glib/gi18n.h>

#include "peer/details.h"
#include "terminal/distinguished-name.h"
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

/* What was negotiated, as far as it is known; the strings are the result's, or the details'. */
typedef struct
{
  gboolean known; /* at least as far as to the peer's certificate */
  const char *protocol;
  const char *suite;
  const char *application_protocol;
  const char *server_name;
  const char *ocsp_status;
  const char *ocsp_problem;
  gboolean request_known; /* whether the server would have asked for a certificate by now */
  gboolean certificate_requested;
  GPtrArray *authorities; /* (owned) (nullable) (element-type GBytes): that the server asked for */
} Facts;

static void
facts_clear (Facts *self)
{
  g_clear_pointer (&self->authorities, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Facts, facts_clear)

static void
take_result (Facts *self, TlsHandoffHandshakeResult *result)
{
  GPtrArray *authorities = tls_handoff_handshake_result_get_certificate_authorities (result);

  self->known = TRUE;
  self->protocol = cli_negotiated_get_protocol (result);
  self->suite = tls_handoff_handshake_result_get_ciphersuite_name (result);
  self->application_protocol = tls_handoff_handshake_result_get_application_protocol (result);
  self->server_name = tls_handoff_handshake_result_get_server_name (result);
  self->ocsp_status = tls_handoff_handshake_result_get_ocsp_status (result);
  self->ocsp_problem = tls_handoff_handshake_result_get_ocsp_problem (result);
  /* A server that resumes a session knows from the earlier one who the client is. */
  self->request_known = !tls_handoff_handshake_result_get_resumed (result);
  self->certificate_requested = tls_handoff_handshake_result_get_certificate_requested (result);
  if (authorities != NULL)
    self->authorities = g_ptr_array_ref (authorities);
}

/* Of a handshake that failed, perhaps because of the peer's certificate: by then the rest was
 * negotiated. But in TLS 1.2, a server asks for the client's certificate after it has sent its own.
 */
static void
take_failure (Facts *self, GVariant *details)
{
  g_variant_lookup (details, "protocol", "&s", &self->protocol);
  g_variant_lookup (details, "cipher-suite", "&s", &self->suite);
  g_variant_lookup (details, "application-protocol", "&s", &self->application_protocol);
  g_variant_lookup (details, "server-name", "&s", &self->server_name);
  g_variant_lookup (details, "ocsp-status", "&s", &self->ocsp_status);
  g_variant_lookup (details, "ocsp-problem", "&s", &self->ocsp_problem);
  g_variant_lookup (details, "certificate-requested", "b", &self->certificate_requested);
  self->authorities = cli_details_get_bytes (details, "certificate-authorities");
  self->known = self->protocol != NULL;
  self->request_known = self->certificate_requested || g_strcmp0 (self->protocol, "TLS1.3") == 0;
}

static void
facts_init (Facts *self, CliPeer *peer)
{
  if (peer->result != NULL)
    take_result (self, peer->result);
  else if (peer->failure != NULL)
    take_failure (self, peer->failure);
}

/**
 * cli_negotiated_is_known:
 * @peer: after the handshake, successful or not
 *
 * Returns: whether there is something to say of what was negotiated: a handshake that failed came
 * as far as to the server's certificate
 */
gboolean
cli_negotiated_is_known (CliPeer *peer)
{
  g_auto (Facts) facts = { 0 };

  facts_init (&facts, peer);
  return facts.known;
}

static void
append_ocsp_status (GString *text, const Facts *facts)
{
  const char *status = facts->ocsp_status;
  g_autofree char *both = NULL;

  /* Not even known: a handshake that ended too early. */
  if (status == NULL)
    return;
  if (facts->ocsp_problem != NULL)
    both =
        g_strdup_printf ("%s (%s)", status, cli_trust_explain_ocsp_problem (facts->ocsp_problem));
  else if (g_str_equal (status, "none"))
    status = C_ ("OCSP status", "none");
  append_field (text, _ ("OCSP status: "), both != NULL ? both : status);
}

static const char *
describe_request (const Facts *facts)
{
  if (!facts->request_known)
    return _ ("not known yet whether it is asked for");
  if (!facts->certificate_requested)
    return _ ("not asked for");
  return facts->authorities != NULL && facts->authorities->len > 0
             ? _ ("asked for, of one of these authorities")
             : _ ("asked for, of any authority");
}

static void
append_request (GString *text, const Facts *facts)
{
  guint i;

  append_field (text, _ ("client cert.:"), describe_request (facts));
  for (i = 0; facts->authorities != NULL && i < facts->authorities->len; i++)
    {
      g_autofree char *name = cli_distinguished_name_new (facts->authorities->pdata[i]);

      append_field (text, " ", name);
    }
}

static void
append_facts (GString *text, const Facts *facts)
{
  append_field (text, _ ("protocol:    "), facts->protocol != NULL ? facts->protocol : "?");
  append_field (text, _ ("cipher suite:"), facts->suite != NULL ? facts->suite : "?");
  append_field (text, _ ("ALPN:        "),
                facts->application_protocol != NULL ? facts->application_protocol : _ ("none"));
  append_field (text, _ ("server name: "),
                facts->server_name != NULL ? facts->server_name : _ ("none sent"));
  append_ocsp_status (text, facts);
}

/* What there is of a connection alone. */
static void
append_result (GString *text, TlsHandoffHandshakeResult *result)
{
  const char *credential = tls_handoff_handshake_result_get_credential (result);
  const char *seals = tls_handoff_handshake_result_get_key_blob_seals (result);
  gboolean resumed = tls_handoff_handshake_result_get_resumed (result);

  append_field (text, _ ("resumed:     "), resumed ? _ ("yes") : _ ("no"));
  append_field (text, _ ("credential:  "),
                credential != NULL ? credential : C_ ("credential", "none"));
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

/* Of a session that was resumed, there is nothing to say. */
static gboolean
is_resumed (CliPeer *peer)
{
  return peer->result != NULL && tls_handoff_handshake_result_get_resumed (peer->result);
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
  g_auto (Facts) facts = { 0 };

  facts_init (&facts, peer);
  append_address (text, peer);
  if (facts.known)
    append_facts (text, &facts);
  if (peer->result != NULL)
    append_result (text, peer->result);
  if (facts.known && !is_resumed (peer))
    append_request (text, &facts);
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

static void
add_request_to_json (const Facts *facts, JsonBuilder *builder)
{
  guint i;

  json_builder_set_member_name (builder, "client-certificate-requested");
  if (facts->request_known)
    json_builder_add_boolean_value (builder, facts->certificate_requested);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "client-certificate-authorities");
  if (!facts->certificate_requested || facts->authorities == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_array (builder);
  for (i = 0; i < facts->authorities->len; i++)
    {
      g_autofree char *name = cli_distinguished_name_new (facts->authorities->pdata[i]);

      json_builder_add_string_value (builder, name);
    }
  json_builder_end_array (builder);
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
  g_auto (Facts) facts = { 0 };

  facts_init (&facts, peer);
  cli_json_add_string (builder, "protocol", facts.protocol);
  cli_json_add_string (builder, "cipher-suite", facts.suite);
  cli_json_add_string (builder, "application-protocol", facts.application_protocol);
  cli_json_add_string (builder, "server-name", facts.server_name);
  cli_json_add_string (builder, "ocsp-status", facts.ocsp_status);
  cli_json_add_string (builder, "ocsp-problem", facts.ocsp_problem);
  add_request_to_json (&facts, builder);
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
