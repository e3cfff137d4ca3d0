/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-error.h"

#include "keyblob/error-details.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

char *
handoff_alert_dup_name (gnutls_alert_description_t alert)
{
  const char *name = gnutls_alert_get_strname (alert); /* "GNUTLS_A_HANDSHAKE_FAILURE" */

  if (name == NULL || !g_str_has_prefix (name, "GNUTLS_A_"))
    return g_strdup_printf ("alert_%d", (int) alert);
  return g_ascii_strdown (name + strlen ("GNUTLS_A_"), -1);
}

void
handoff_handshake_error_add_detail (GError *error, const char *key, GVariant *value)
{
  GVariant *details = tls_handoff_error_get_details (error);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (details);

  g_variant_dict_insert_value (&dict, key, value);
  handoff_error_set_details (error, g_variant_dict_end (&dict));
}

static gboolean
is_closure (gnutls_session_t session, int code)
{
  return code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_SESSION_EOF ||
         (code == GNUTLS_E_FATAL_ALERT_RECEIVED &&
          gnutls_alert_get (session) == GNUTLS_A_CLOSE_NOTIFY);
}

/* The first bytes as they are, for people. (transfer full) */
static char *
quote_first_bytes (const HandoffHandshakeTransport *transport, gboolean as_text)
{
  const gsize size = MIN (transport->n_read, sizeof transport->first_read);
  GString *quoted = g_string_new (NULL);
  gsize i;

  for (i = 0; i < size; i++)
    {
      guint8 byte = transport->first_read[i];

      if (!as_text)
        g_string_append_printf (quoted, "%s%02x", i > 0 ? " " : "", byte);
      else
        g_string_append_c (quoted, g_ascii_isprint ((char) byte) ? (char) byte : ' ');
    }
  return g_string_free (quoted, FALSE);
}

/* When the peer closed or reset the connection. (transfer full) */
static char *
describe_moment (const HandoffHandshakeTransport *transport)
{
  g_autofree char *quoted = NULL;

  if (transport->n_read == 0)
    return g_strdup ("before it sent anything");
  if (transport->n_read >= sizeof transport->first_read ||
      handoff_foreign_protocol_may_be_tls (transport->first_read, transport->n_read))
    return g_strdup ("during the handshake");
  quoted = quote_first_bytes (transport, FALSE);
  return g_strdup_printf ("after it sent what does not look like TLS: %s", quoted);
}

/* NULL if it is not the transport that broke. Says what was found: an end in TLS's own words, an
 * end in TCP's way, or a reset; and whether the peer ever said anything. */
static GError *
new_loss (gnutls_session_t session, int code, const HandoffHandshakeTransport *transport)
{
  const int system_error = transport->last_errno;
  g_autofree char *when = describe_moment (transport);

  if (is_closure (session, code))
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
                        "The peer closed the connection (close_notify) during the handshake");
  if (code != GNUTLS_E_PULL_ERROR && code != GNUTLS_E_PUSH_ERROR)
    return NULL;
  if (code == GNUTLS_E_PULL_ERROR && system_error == EBADMSG)
    return g_error_new_literal (
        TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
        "The peer sent file descriptors along with the handshake: TLS has no use for them");
  if (transport->at_end || system_error == EPIPE || system_error == ENOTCONN)
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
                        "The peer closed the connection %s", when);
  if (system_error == ECONNRESET)
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
                        "The peer reset the connection %s", when);
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED,
                      "The connection broke during the handshake: %s", g_strerror (system_error));
}

/* NULL if the peer may speak TLS. */
static GError *
new_foreign (const HandoffHandshakeTransport *transport)
{
  const char *protocol = handoff_foreign_protocol_detect (
      transport->first_read, MIN (transport->n_read, sizeof transport->first_read));
  g_autofree char *quoted = NULL;
  const char *title;
  GError *error;

  if (protocol == NULL)
    return NULL;
  title = handoff_foreign_protocol_get_title (protocol);
  quoted = quote_first_bytes (transport, title != NULL);
  if (title != NULL)
    error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                         "What the peer sends does not look like TLS, but like %s: it begins with "
                         "“%s”",
                         title, quoted);
  else
    error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                         "What the peer sends does not look like TLS: it begins with the bytes %s",
                         quoted);
  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_PEER_PROTOCOL,
                                      g_variant_new_string (protocol));
  return error;
}

/* As a server: of TLS 1.2, and of TLS 1.3. */
static gboolean
misses_certificate (HandoffRole role, int code)
{
  return role == HANDOFF_ROLE_SERVER &&
         (code == GNUTLS_E_NO_CERTIFICATE_FOUND || code == GNUTLS_E_CERTIFICATE_REQUIRED);
}

/* What the code means here, where GnuTLS's words say too little. (transfer full) */
static char *
describe_code (int code, HandoffRole role, const HandoffHandshakeTransport *transport)
{
  static const char *const versions[] = { "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2" };
  const guint8 handshake = 22, dtls = 0xfe;
  const guint8 *record = transport->first_read;

  if (misses_certificate (role, code))
    return g_strdup ("The client has no certificate, and this server requires one.");
  if (code == GNUTLS_E_KEY_USAGE_VIOLATION)
    return g_strdup ("The peer's certificate is not meant for TLS: its key usage does not allow "
                     "signing a handshake (digital signature).");
  if (code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET && transport->n_read >= HANDOFF_FIRST_BYTES &&
      record[0] == handshake)
    {
      if (record[1] == dtls)
        return g_strdup ("The peer sends DTLS, which is for datagrams, and not TLS.");
      /* The records of a client's hello do not tell its versions (RFC 8446 5.1). */
      if (role == HANDOFF_ROLE_SERVER)
        return g_strdup ("The client offers no version of TLS that may be used with it.");
      if (record[1] == 3 && record[2] < G_N_ELEMENTS (versions))
        return g_strdup_printf ("The server wants %s, which may not be used with it.",
                                versions[record[2]]);
    }
  return g_strdup_printf ("The handshake failed: %s", gnutls_strerror (code));
}

/* Some clients, OpenSSL's among them, refuse the server's certificate in TLS 1.3 with an alert that
 * is not encrypted, where GnuTLS expects an encrypted one. Nobody vouches for such an alert, but
 * the handshake has failed anyway. */
static int
get_alert_received (gnutls_session_t session, int code, const HandoffHandshakeTransport *transport)
{
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
    return (int) gnutls_alert_get (session);
  if (code == GNUTLS_E_DECRYPTION_FAILED)
    return handoff_handshake_transport_get_plain_alert (transport);
  return -1;
}

int
handoff_handshake_error_get_alert (int code)
{
  switch (code)
    {
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
      return -1;
    /* GnuTLS would say that the empty list of TLS 1.2 cannot be decoded. */
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
      return GNUTLS_A_HANDSHAKE_FAILURE;
    /* GnuTLS knows no alert for the codes that follow, and would tell the peer of an error on our
     * side. */
    case GNUTLS_E_OCSP_RESPONSE_ERROR:
      return HANDOFF_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE;
    case GNUTLS_E_KEY_USAGE_VIOLATION:
      return GNUTLS_A_UNSUPPORTED_CERTIFICATE;
    case GNUTLS_E_X509_DUPLICATE_EXTENSION:
    case GNUTLS_E_X509_UNSUPPORTED_EXTENSION:
    case GNUTLS_E_PK_INVALID_PUBKEY_PARAMS:
      return GNUTLS_A_BAD_CERTIFICATE;
    case GNUTLS_E_TOO_MANY_EMPTY_PACKETS:
    case GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS:
    case GNUTLS_E_GOT_APPLICATION_DATA:
      return GNUTLS_A_UNEXPECTED_MESSAGE;
    default:
      return gnutls_error_to_alert (code, NULL);
    }
}

GError *
handoff_handshake_error_new_flooded (int code)
{
  const GError reason = {
    TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
    (char *) "The peer sent more than " G_STRINGIFY (
        HANDOFF_MAX_HANDSHAKE_INPUT_KIB) " KiB without an end of the handshake"
  };

  return handoff_handshake_error_new_with_alert (code, &reason);
}

GError *
handoff_handshake_error_new (gnutls_session_t session,
                             HandoffRole role,
                             int code,
                             const HandoffHandshakeTransport *transport)
{
  g_autofree char *alert_name = NULL;
  GError *error = new_loss (session, code, transport);
  int alert;

  if (error != NULL)
    return error;
  alert = get_alert_received (session, code, transport);
  if (alert >= 0)
    {
      alert_name = handoff_alert_dup_name ((gnutls_alert_description_t) alert);
      error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                           "The peer ended the handshake with the alert %s%s", alert_name,
                           alert == GNUTLS_A_PROTOCOL_VERSION
                               ? ": it accepts no version of TLS that may be used with it"
                               : "");
    }
  else
    {
      alert = handoff_handshake_error_get_alert (code);
      if (alert >= 0)
        alert_name = handoff_alert_dup_name ((gnutls_alert_description_t) alert);
      error = new_foreign (transport);
      if (error == NULL)
        {
          g_autofree char *words = describe_code (code, role, transport);

          error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED, "%s%s%s",
                               words, alert_name != NULL ? " Alert sent: " : "",
                               alert_name != NULL ? alert_name : "");
        }
    }

  if (alert_name != NULL)
    handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                        g_variant_new_string (alert_name));
  /* The alert of TLS 1.2 does not tell. */
  if (misses_certificate (role, code))
    handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_CERTIFICATE_REQUESTED,
                                        g_variant_new_boolean (TRUE));
  return error;
}

GError *
handoff_handshake_error_new_untrusted (const HandoffPeerVerification *verification,
                                       guint decision_timeout)
{
  g_auto (GStrv) reasons = handoff_trust_problems_describe (verification->problems);
  g_autofree char *alert_name =
      handoff_alert_dup_name (handoff_trust_problems_get_alert (verification->problems));
  g_autofree char *lateness =
      decision_timeout > 0
          ? g_strdup_printf ("; and nobody accepted it within %u s (DecisionTimeout)",
                             decision_timeout)
          : g_strdup ("");
  GError *error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED, "%s%s",
                               verification->explanation, lateness);

  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                      g_variant_new_strv ((const char *const *) reasons, -1));
  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_OCSP_STATUS,
                                      g_variant_new_string (verification->ocsp_status));
  if (verification->ocsp_problem != NULL)
    handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_OCSP_PROBLEM,
                                        g_variant_new_string (verification->ocsp_problem));
  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                      g_variant_new_string (alert_name));
  return error;
}

GError *
handoff_handshake_error_new_with_alert (int code, const GError *reason)
{
  GError *error = g_error_new_literal (reason->domain, reason->code, reason->message);
  int alert = handoff_handshake_error_get_alert (code);
  g_autofree char *alert_name = NULL;

  if (alert < 0)
    return error;
  alert_name = handoff_alert_dup_name ((gnutls_alert_description_t) alert);
  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                      g_variant_new_string (alert_name));
  return error;
}

gboolean
handoff_handshake_error_is_about_certificate (gnutls_session_t session, int code)
{
  if (code != GNUTLS_E_FATAL_ALERT_RECEIVED)
    return FALSE;
  switch (gnutls_alert_get (session))
    {
    case GNUTLS_A_HANDSHAKE_FAILURE:
    case GNUTLS_A_SSL3_NO_CERTIFICATE:
    case GNUTLS_A_BAD_CERTIFICATE:
    case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
    case GNUTLS_A_CERTIFICATE_UNKNOWN:
    case GNUTLS_A_CERTIFICATE_REQUIRED:
    case GNUTLS_A_UNKNOWN_CA:
    case GNUTLS_A_ACCESS_DENIED:
      return TRUE;
    default:
      return FALSE;
    }
}

GError *
handoff_handshake_error_new_refused (gnutls_session_t session,
                                     const HandoffServerIdentity *identity,
                                     gboolean was_looked_for)
{
  g_autofree char *alert_name = handoff_alert_dup_name (gnutls_alert_get (session));
  GError *error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                   "%s asked for a client certificate, got none, and ended the handshake with the "
                   "alert %s: %s (option " HANDOFF_OPTION_CREDENTIAL " names one)",
                   handoff_server_identity_describe (identity), alert_name,
                   was_looked_for ? "no credential that its authorities issued may be used for it"
                                  : "no credential was named for it");

  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                      g_variant_new_string (alert_name));
  return error;
}

GError *
handoff_handshake_error_new_timed_out (const HandoffHandshakeWaiting *waiting)
{
  if (waiting->is_complete)
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                        "The keys were not exported within %u s after the handshake began",
                        waiting->timeout);
  if (waiting->is_requested)
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                        "The server asks for a certificate, and the caller did not say within %u s "
                        "(DecisionTimeout) which credential to use",
                        waiting->decision_timeout);
  if (waiting->pauses)
    return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                        "The credential or its token was not available within %u s",
                        waiting->timeout);
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                      "The peer did not finish the handshake within %u s%s", waiting->timeout,
                      waiting->is_peer_silent ? ": it sent nothing" : "");
}

GError *
handoff_handshake_error_new_interrupted (void)
{
  g_autofree char *alert_name = handoff_alert_dup_name (GNUTLS_A_UNEXPECTED_MESSAGE);
  GError *error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                               "The handshake failed: the peer sends nothing that continues it. "
                               "Alert sent: %s",
                               alert_name);

  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                      g_variant_new_string (alert_name));
  return error;
}
