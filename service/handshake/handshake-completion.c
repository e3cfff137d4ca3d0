/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-completion.h"

#include <string.h>

#include "handshake/handshake-error.h"
#include "key/gnutls-support.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

/* GnuTLS's priorities select ciphers and key exchanges, not suites. So a caller's list may be
 * narrower than priorities can say. */
static const HandoffCipherSuite *
get_cipher_suite (gnutls_session_t session, const HandoffHandshakeOptions *options, GError **error)
{
  const HandoffCipherSuite *suite =
      handoff_cipher_suite_by_id (handoff_cipher_suite_id_of_session (session));

  if (suite == NULL || !handoff_handshake_options_allow_suite (options, suite))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                   "The cipher suite is %s, which the caller's record layer does not take",
                   suite != NULL ? suite->name : "(unknown)");
      return NULL;
    }
  return suite;
}

const HandoffCipherSuite *
handoff_handshake_check_negotiated (gnutls_session_t session,
                                    const HandoffHandshakeOptions *options,
                                    const HandoffConfiguration *configuration,
                                    GError **error)
{
  const HandoffCipherSuite *suite = get_cipher_suite (session, options, error);
  const char *reason = NULL;

  if (suite == NULL)
    return NULL;
  /* Then the keys come from the earlier session's secret alone, which is kept for longer than a
   * connection. */
  if (suite->protocol == 0x0304 && gnutls_group_get (session) == GNUTLS_GROUP_INVALID)
    reason = "the session is resumed without a key exchange";
  else if (handoff_cipher_suite_is_cbc (suite) && gnutls_session_etm_status (session) == 0 &&
           !configuration->allow_mac_then_encrypt)
    reason = "the peer has only AES-CBC without encrypt-then-MAC, which the configuration does not "
             "allow (AllowMacThenEncrypt)";
  if (reason == NULL)
    return suite;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
               "The handshake failed: %s", reason);
  return NULL;
}

/* The name that was sent, or received. (nullable) */
static const char *
get_server_name (const HandoffHandshakeRequest *request, HandoffHandshakeCredential *credential)
{
  return request->role == HANDOFF_ROLE_CLIENT
             ? handoff_handshake_request_get_server_name (request)
             : handoff_handshake_credential_get_server_name (credential);
}

/* (transfer full) (nullable) */
static char *
dup_application_protocol (gnutls_session_t session)
{
  gnutls_datum_t protocol;

  return gnutls_alpn_get_selected_protocol (session, &protocol) >= 0
             ? g_strndup ((const char *) protocol.data, protocol.size)
             : NULL;
}

static void
take_names (HandoffHandshakeOutcome *outcome,
            const HandoffHandshakeRequest *request,
            HandoffHandshakeCredential *credential)
{
  const HandoffCredential *used = handoff_handshake_credential_get (credential);

  outcome->server_name = g_strdup (get_server_name (request, credential));
  outcome->certificate_requested = handoff_handshake_credential_is_requested (credential);
  /* A key of the caller's own has no label to tell. */
  if (used != NULL && *used->label != '\0')
    outcome->credential = g_strdup (used->label);
}

HandoffHandshakeOutcome *
handoff_handshake_make_outcome (HandoffTlsSession *tls,
                                const HandoffHandshakeRequest *request,
                                gboolean complete,
                                GError **error)
{
  gnutls_session_t session = handoff_tls_session_get (tls);
  const HandoffPeerVerification *verification = handoff_tls_session_get_verification (tls);
  g_autoptr (HandoffHandshakeOutcome) outcome = g_new0 (HandoffHandshakeOutcome, 1);
  HandoffHandshakeCredential *credential = handoff_tls_session_get_credential (tls);
  GVariant *authorities = handoff_handshake_credential_get_authorities (credential);
  const HandoffCipherSuite *suite;

  outcome->peer_certificates =
      g_variant_ref_sink (handoff_peer_verification_get_certificates (session));
  if (complete)
    {
      suite = handoff_handshake_check_negotiated (
          session, request->options, handoff_tls_policy_get_configuration (request->policy), error);
      if (suite == NULL)
        return NULL;
    }
  else
    suite = handoff_cipher_suite_by_id (
        handoff_key_export_get_cipher_suite (handoff_tls_session_get_export (tls)));
  if (suite != NULL)
    {
      outcome->protocol = handoff_protocol_name (suite->protocol);
      outcome->cipher_suite = suite->name;
    }
  take_names (outcome, request, credential);
  if (authorities != NULL)
    outcome->certificate_authorities = g_variant_ref (authorities);
  /* In TLS 1.3 a server asks for a certificate before it shows its own. */
  if (complete || g_variant_n_children (outcome->peer_certificates) > 0)
    {
      outcome->ocsp_status = verification->ocsp_status;
      outcome->ocsp_problem = verification->ocsp_problem;
    }
  if (verification->path != NULL)
    outcome->verified_path = g_variant_ref (verification->path);
  outcome->resumed = complete && gnutls_session_is_resumed (session);
  if (verification->problems != 0)
    outcome->verification_errors = handoff_trust_problems_describe (verification->problems);
  outcome->application_protocol = dup_application_protocol (session);
  return g_steal_pointer (&outcome);
}

/* Whether the server gave us anything to resume by. */
static gboolean
is_resumable (gnutls_session_t session)
{
  gnutls_datum_t id;

  if (gnutls_session_ext_master_secret_status (session) == 0)
    return FALSE; /* RFC 7627 5.3 */
  return (gnutls_session_get_flags (session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0 ||
         (gnutls_session_get_id2 (session, &id) >= 0 && id.size > 0);
}

/* TLS 1.2: the ticket or the session id came with the handshake. */
static void
take_session_data (gnutls_session_t session, HandoffHandshakeProgress *progress)
{
  gnutls_datum_t data;

  if (!is_resumable (session) || gnutls_session_get_data2 (session, &data) < 0)
    return;
  progress->session_data = handoff_secret_new (data.size, HANDOFF_SECRET_DEFAULT);
  memcpy (progress->session_data, data.data, data.size);
  gnutls_free (data.data); /* which wipes */
}

/* A session is not kept if a credential authenticated it that nobody named before: later handshakes
 * would resume it without the question whether the credential may be used; nor if the caller was
 * asked and had none: it may have one the next time. A server keeps nothing: its tickets hold its
 * sessions. */
static gboolean
is_to_be_kept (const HandoffHandshakeRequest *request, HandoffHandshakeCredential *credential)
{
  const HandoffCredential *used = handoff_handshake_credential_get (credential);

  return request->role == HANDOFF_ROLE_CLIENT && request->keeps_sessions &&
         (used == NULL || used == request->credential) &&
         !handoff_handshake_credential_was_caller_asked (credential);
}

static void
keep_for_resumption (gnutls_session_t session,
                     const HandoffPeerVerification *verification,
                     const HandoffHandshakeRequest *request,
                     HandoffHandshakeProgress *progress)
{
  gboolean is_tls1_3 = gnutls_protocol_get_version (session) == GNUTLS_TLS1_3;

  if ((is_tls1_3 ? 0x0304 : 0x0303) < request->keeps_sessions_of_min)
    return;
  progress->session_lifetime = handoff_peer_verification_get_lifetime (verification);
  if (is_tls1_3)
    progress->window = handoff_ticket_window_open (session);
  else
    take_session_data (session, progress);
}

gboolean
handoff_handshake_export_keys (HandoffTlsSession *tls,
                               const HandoffHandshakeRequest *request,
                               const HandoffRecipient *recipient,
                               HandoffHandshakeProgress *progress,
                               GError **error)
{
  gnutls_session_t session = handoff_tls_session_get (tls);
  const HandoffPeerVerification *verification = handoff_tls_session_get_verification (tls);
  const HandoffCredential *credential =
      handoff_handshake_credential_get (handoff_tls_session_get_credential (tls));
  GBytes *own = credential != NULL && handoff_credential_has_certificate (credential)
                    ? g_ptr_array_index (credential->description->certificates, 0)
                    : NULL;
  g_autoptr (HandoffKeyState) state = handoff_key_export_take (
      handoff_tls_session_get_export (tls), session, request->options->blob_format, own, error);

  if (state == NULL)
    return FALSE;
  if (recipient->by_channel)
    progress->key_state = g_steal_pointer (&state);
  else
    {
      progress->key_blob_fd = handoff_key_export_seal_to (recipient->key, state, error);
      if (progress->key_blob_fd < 0)
        return FALSE;
    }

  /* A peer that the caller accepted in spite of its certificate must not become trusted by
   * resumption. */
  if (verification->problems == 0 &&
      is_to_be_kept (request, handoff_tls_session_get_credential (tls)))
    keep_for_resumption (session, verification, request, progress);
  return TRUE;
}

/* Of a peer whose certificate was looked at: then all of this was negotiated. */
static void
add_negotiated (HandoffTlsSession *tls, const HandoffHandshakeRequest *request, GError *error)
{
  gnutls_session_t session = handoff_tls_session_get (tls);
  const char *server_name = get_server_name (request, handoff_tls_session_get_credential (tls));
  const HandoffCipherSuite *suite = handoff_cipher_suite_by_id (
      handoff_key_export_get_cipher_suite (handoff_tls_session_get_export (tls)));
  g_autofree char *application_protocol = dup_application_protocol (session);

  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_PEER_CERTIFICATES,
                                      handoff_peer_verification_get_certificates (session));
  if (suite != NULL)
    {
      handoff_handshake_error_add_detail (
          error, HANDOFF_DETAIL_PROTOCOL,
          g_variant_new_string (handoff_protocol_name (suite->protocol)));
      handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_CIPHER_SUITE,
                                          g_variant_new_string (suite->name));
    }
  if (application_protocol != NULL)
    handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_APPLICATION_PROTOCOL,
                                        g_variant_new_string (application_protocol));
  if (server_name != NULL)
    handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_SERVER_NAME,
                                        g_variant_new_string (server_name));
}

char *
handoff_handshake_add_failure_details (HandoffTlsSession *tls,
                                       const HandoffHandshakeRequest *request,
                                       GError *error)
{
  HandoffHandshakeCredential *choice = handoff_tls_session_get_credential (tls);
  GVariant *authorities = handoff_handshake_credential_get_authorities (choice);
  const HandoffCredential *credential = handoff_handshake_credential_get (choice);

  if (authorities != NULL)
    {
      handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES,
                                          authorities);
      handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_CERTIFICATE_REQUESTED,
                                          g_variant_new_boolean (TRUE));
    }
  if (handoff_tls_session_is_verified (tls))
    add_negotiated (tls, request, error);
  return credential != NULL && *credential->label != '\0' ? g_strdup (credential->label) : NULL;
}
