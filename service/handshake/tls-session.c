/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/tls-session.h"

#include "handshake/client-hello.h"
#include "handshake/handshake-setup.h"
#include "handshake/peer-limits.h"
#include "handshake/signature-input.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "work/fiber.h"

/* Warning alerts and the like do not continue a handshake. A peer that sends nothing else is
 * stopped. */
#define MAX_INTERRUPTIONS 16

/* States of the peer: not verified; verified, with problems or without; in review, until run() told
 * of it; accepted. Only a peer without problems, or one that was accepted, is trusted.
 *
 * Threads: all of it is the worker's, partly on the fiber. */
struct _HandoffTlsSession
{
  HandoffCertificateSource source;        /* first: see trust-store.h */
  HandoffHandshakePause *pause;           /* (unowned) */
  HandoffHandshakeRequest *request;       /* (unowned) */
  HandoffHandshakeTransport *transport;   /* (unowned) */
  gnutls_session_t session;               /* (owned) */
  HandoffKeyExport *export;               /* (owned) */
  HandoffSignatureInput *input;           /* (owned) */
  HandoffHandshakeCredential *credential; /* (owned) */
  HandoffTrustStore *trust_store;         /* (owned) */

  gsize used_before; /* bytes of the input, before gnutls_handshake() ran */
  guint n_interruptions;

  HandoffPeerLimits limits;
  GError *refusal; /* (owned) (nullable): why the peer's messages are refused */

  HandoffPeerVerification *verification; /* (owned): of no peer before it is verified */
  gboolean verified;
  gboolean in_review; /* the verification waits for the caller's decision */
  gboolean accepted;  /* the caller's decision was to go on */
};
G_STATIC_ASSERT (G_STRUCT_OFFSET (HandoffTlsSession, source) == 0);

static void
verify (HandoffTlsSession *self)
{
  const HandoffHandshakeRequest *request = self->request;
  const HandoffHandshakeOptions *options = request->options;
  const HandoffVerificationConditions conditions = {
    .uid = request->uid,
    .role = request->role,
    .identity = request->identity,
    .anchors_digest = options->trust_anchors != NULL ? options->trust_anchors_digest : NULL,
  };
  unsigned int n_certificates = 0;

  self->verified = TRUE;
  /* A client may send no certificate, unless it has to. */
  if (request->role == HANDOFF_ROLE_SERVER &&
      options->client_certificate != HANDOFF_CLIENT_CERTIFICATE_MODE_REQUIRE &&
      gnutls_certificate_get_peers (self->session, &n_certificates) == NULL)
    return;
  handoff_peer_verification_free (self->verification);
  self->verification = handoff_verified_chains_verify (
      handoff_tls_policy_get_verified_chains (request->policy), self->session, &conditions);
}

static int
verify_peer (gnutls_session_t session)
{
  HandoffTlsSession *self = gnutls_session_get_ptr (session);

  /* GnuTLS asks again when it goes on after an interruption. */
  if (!self->verified)
    verify (self);
  if (self->verification->problems == 0 || self->accepted)
    return 0;
  if (!self->request->options->review_certificate)
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
  self->in_review = TRUE;
  return GNUTLS_E_INTERRUPTED;
}

static int
retrieve_certificate (gnutls_session_t session,
                      const struct gnutls_cert_retr_st *info,
                      gnutls_pcert_st **pcerts,
                      unsigned int *n_pcerts,
                      gnutls_ocsp_data_st **ocsp,
                      unsigned int *n_ocsp,
                      gnutls_privkey_t *key,
                      unsigned int *flags)
{
  HandoffTlsSession *self = gnutls_session_get_ptr (session);

  return handoff_handshake_credential_retrieve (self->credential, info, pcerts, n_pcerts, ocsp,
                                                n_ocsp, key, flags);
}

static int
secrets_changed (gnutls_session_t session,
                 gnutls_record_encryption_level_t level,
                 const void *secret_read,
                 const void *secret_write,
                 size_t size)
{
  HandoffTlsSession *self = gnutls_session_get_ptr (session);

  return handoff_key_export_take_secrets (self->export, level, secret_read, secret_write, size);
}

/* GnuTLS must know the credential, the group, and whether there are tickets, before it reads the
 * hello. */
static int
take_client_hello (HandoffTlsSession *self, const gnutls_datum_t *message)
{
  g_autoptr (HandoffClientHello) client_hello = NULL;
  int code;

  handoff_key_export_take_message (self->export, GNUTLS_HANDSHAKE_CLIENT_HELLO, message);
  /* The ClientHello after a HelloRetryRequest decides nothing again. */
  if (handoff_handshake_credential_get (self->credential) != NULL)
    return GNUTLS_E_SUCCESS;

  client_hello = handoff_client_hello_parse (message);
  code = handoff_handshake_credential_choose (self->credential, client_hello);
  if (code < 0)
    return code;
  if (!handoff_handshake_setup_group (self->session, self->request, client_hello))
    return GNUTLS_E_INTERNAL_ERROR;
  return handoff_handshake_setup_tickets (
             self->session, self->request,
             handoff_handshake_credential_get (self->credential)->serial, client_hello->server_name)
             ? GNUTLS_E_SUCCESS
             : GNUTLS_E_INTERNAL_ERROR;
}

/* GnuTLS would take such a hello. It has no server name, no signature algorithms and no extended
 * master secret. So it could get neither the right credential nor a connection that is worth
 * having. RFC 8446 D.5 recommends to refuse it. */
static int
refuse_sslv2_hello (HandoffTlsSession *self)
{
  if (self->refusal == NULL)
    self->refusal = g_error_new_literal (
        TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
        "The client began with a ClientHello in the form of SSL 2.0, which is not accepted");
  return GNUTLS_E_UNSUPPORTED_VERSION_PACKET;
}

static int
message_passed (gnutls_session_t session,
                unsigned int type,
                unsigned int when,
                unsigned int incoming,
                const gnutls_datum_t *message)
{
  HandoffTlsSession *self = gnutls_session_get_ptr (session);
  int code;

  if (when == GNUTLS_HOOK_PRE)
    handoff_signature_input_note_message (self->input, type, message);
  if (!incoming)
    return GNUTLS_E_SUCCESS;
  if (when == GNUTLS_HOOK_PRE && self->refusal == NULL)
    {
      code = handoff_peer_limits_check (&self->limits, gnutls_protocol_get_version (session),
                                        gnutls_kx_get (session), type, message, &self->refusal);
      if (code < 0)
        return code;
    }
  if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO_V2)
    return refuse_sslv2_hello (self);
  if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
    return when == GNUTLS_HOOK_PRE ? take_client_hello (self, message) : GNUTLS_E_SUCCESS;
  if (when == GNUTLS_HOOK_POST)
    handoff_key_export_take_message (self->export, type, message);
  return GNUTLS_E_SUCCESS;
}

HandoffTlsSession *
handoff_tls_session_new (HandoffHandshakePause *pause,
                         HandoffHandshakeRequest *request,
                         HandoffHandshakeTransport *transport,
                         HandoffCredentialAskFunc ask,
                         gpointer ask_data,
                         GError **error)
{
  HandoffTlsSession *self;
  HandoffTrustStore *trust_store = NULL;
  gnutls_session_t session = handoff_handshake_setup (request, &trust_store, error);

  if (session == NULL)
    return NULL;

  self = g_new0 (HandoffTlsSession, 1);
  self->source.retrieve = retrieve_certificate;
  self->pause = pause;
  self->request = request;
  self->transport = transport;
  self->session = session;
  self->trust_store = trust_store;
  self->verification = handoff_peer_verification_new_for_none ();
  self->export = handoff_key_export_new (request->role);
  self->input = handoff_signature_input_new (session, request->role);
  if (request->credential == NULL && !request->may_ask && !request->options->ask_for_credential)
    handoff_signature_input_close (self->input);
  self->credential = handoff_handshake_credential_new (pause, request, self->input, ask, ask_data);
  handoff_handshake_transport_attach (transport, session);
  gnutls_session_set_ptr (session, self);
  gnutls_session_set_verify_function (session, verify_peer);
  gnutls_handshake_set_secret_function (session, secrets_changed);
  gnutls_handshake_set_hook_function (session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH,
                                      message_passed);
  return self;
}

void
handoff_tls_session_free (HandoffTlsSession *self)
{
  handoff_handshake_transport_cut_off (self->transport);
  /* GnuTLS has to return before its session can be freed. */
  handoff_handshake_pause_finish (self->pause);
  gnutls_deinit (self->session);
  handoff_key_export_free (self->export);
  handoff_handshake_credential_free (self->credential);
  handoff_signature_input_free (self->input);
  handoff_trust_store_unref (self->trust_store);
  g_clear_error (&self->refusal);
  handoff_peer_verification_free (self->verification);
  g_free (self);
  handoff_wipe_stack ();
  handoff_fiber_wipe_spare_stacks ();
}

/* Whether GnuTLS can go on at once after it returned code. It returns after each record that does
 * not complete a message. A socket would wake us for the next record; the input of a step does not.
 */
static gboolean
can_go_on (HandoffTlsSession *self, int code)
{
  if (code == GNUTLS_E_SUCCESS || gnutls_error_is_fatal (code) || self->in_review)
    return FALSE;
  if (code == GNUTLS_E_AGAIN)
    {
      if (!handoff_handshake_transport_has_input (self->transport))
        return FALSE;
      if (self->transport->input_used > self->used_before)
        return TRUE;
    }
  return ++self->n_interruptions < MAX_INTERRUPTIONS;
}

static int
run_gnutls (gpointer data)
{
  return gnutls_handshake (((HandoffTlsSession *) data)->session);
}

gboolean
handoff_tls_session_run (HandoffTlsSession *self, int *code)
{
  do
    {
      if (!handoff_handshake_pause_is_under_way (self->pause))
        self->used_before = self->transport->input_used;
      if (!handoff_handshake_pause_run (self->pause, run_gnutls, self, code))
        return FALSE;
    }
  while (can_go_on (self, *code));
  return TRUE;
}

gboolean
handoff_tls_session_is_stuck (HandoffTlsSession *self)
{
  return self->n_interruptions >= MAX_INTERRUPTIONS;
}

gboolean
handoff_tls_session_takes_review (HandoffTlsSession *self)
{
  gboolean in_review = self->in_review;

  self->in_review = FALSE;
  return in_review;
}

gboolean
handoff_tls_session_takes_request (HandoffTlsSession *self)
{
  return handoff_handshake_credential_takes_request (self->credential);
}

void
handoff_tls_session_give_up (HandoffTlsSession *self)
{
  handoff_handshake_pause_finish (self->pause);
}

void
handoff_tls_session_accept (HandoffTlsSession *self)
{
  self->accepted = TRUE;
}

gboolean
handoff_tls_session_is_trusted (HandoffTlsSession *self, gboolean complete)
{
  if (complete && !self->verified)
    verify (self);
  return self->verification->problems == 0 || self->accepted;
}

gboolean
handoff_tls_session_is_verified (HandoffTlsSession *self)
{
  return self->verified;
}

const HandoffPeerVerification *
handoff_tls_session_get_verification (HandoffTlsSession *self)
{
  return self->verification;
}

void
handoff_tls_session_send_alert (HandoffTlsSession *self, gnutls_alert_description_t alert)
{
  gnutls_alert_send (self->session, GNUTLS_AL_FATAL, alert);
}

const GError *
handoff_tls_session_get_refusal (HandoffTlsSession *self)
{
  return self->refusal;
}

gnutls_session_t
handoff_tls_session_get (HandoffTlsSession *self)
{
  return self->session;
}

HandoffKeyExport *
handoff_tls_session_get_export (HandoffTlsSession *self)
{
  return self->export;
}

HandoffHandshakeCredential *
handoff_tls_session_get_credential (HandoffTlsSession *self)
{
  return self->credential;
}
