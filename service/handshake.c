/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake.h"

#include <string.h>
#include <unistd.h>

#include "client-socket.h"
#include "gnutls-support.h"
#include "handshake-error.h"
#include "handshake-transport.h"
#include "key-export.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "peer-verification.h"

/* Warning alerts and the like bring a handshake no further: a peer that sends nothing else is
 * stopped. */
#define MAX_INTERRUPTIONS 16

/* Modes: created on the main thread, running on one worker's thread, done. The session, the watch
 * and the task's result belong to the worker's thread alone; the main thread holds a reference for
 * cancelling. `request` and `worker` do not change. */
typedef struct
{
  gatomicrefcount ref_count;
  HandoffWorker *worker;            /* (unowned): the pool outlives all handshakes */
  HandoffHandshakeRequest *request; /* (owned) */
  gulong cancelled_id;              /* main thread */

  GTask *task;                    /* (owned) (nullable): NULL once done */
  gnutls_session_t session;       /* (owned) (nullable) */
  HandoffKeyExport *export;       /* (owned) (nullable) */
  HandoffTrustStore *trust_store; /* (owned) (nullable) */
  HandoffWatch *watch;            /* (owned) (nullable) */
  HandoffHandshakeTransport transport;
  guint verification_status; /* gnutls_certificate_status_t */
  guint n_interruptions;
} HandoffHandshake;

static HandoffHandshake *
handshake_ref (HandoffHandshake *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
handshake_unref (HandoffHandshake *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->session == NULL && self->watch == NULL);
  handoff_handshake_request_free (self->request);
  g_free (self);
}

/* Forgets everything that the handshake knew. After this no key can be had from this process:
 * GnuTLS wipes what it frees (gnutls-support.c), we wipe what we collected, then the stack. */
static void
destroy_session (HandoffHandshake *self)
{
  self->transport.fd = -1;
  g_clear_pointer (&self->watch, handoff_watch_free);
  g_clear_pointer (&self->session, gnutls_deinit);
  g_clear_pointer (&self->export, handoff_key_export_free);
  g_clear_pointer (&self->trust_store, handoff_trust_store_unref);
  handoff_wipe_stack ();
}

static void
fail (HandoffHandshake *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  destroy_session (self);
  handoff_client_socket_close (g_steal_fd (&self->request->fd));
  g_task_return_error (task, error);
}

static void
send_alert (HandoffHandshake *self, gnutls_alert_description_t alert)
{
  /* One attempt: a peer that does not read must not keep the worker. */
  gnutls_alert_send (self->session, GNUTLS_AL_FATAL, alert);
}

static void
fail_untrusted (HandoffHandshake *self)
{
  g_auto (GStrv) reasons = handoff_peer_verification_describe (self->verification_status);
  g_autofree char *explanation =
      handoff_peer_verification_explain (self->verification_status, self->request->identity);
  GError *error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED, explanation);
  gnutls_alert_description_t alert =
      handoff_peer_verification_get_alert (self->verification_status);
  g_autofree char *alert_name = handoff_alert_dup_name (alert);

  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                      g_variant_new_strv ((const char *const *) reasons, -1));
  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_PEER_CERTIFICATES,
                                      handoff_peer_verification_get_certificates (self->session));
  handoff_handshake_error_add_detail (
      error, HANDOFF_DETAIL_OCSP_STATUS,
      g_variant_new_string (
          handoff_peer_verification_get_ocsp_status (self->session, self->verification_status)));
  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                      g_variant_new_string (alert_name));

  send_alert (self, alert);
  fail (self, error);
}

static void
fail_with_code (HandoffHandshake *self, int code)
{
  GError *error;

  if (self->verification_status != 0)
    {
      fail_untrusted (self);
      return;
    }
  error = handoff_handshake_error_new (self->session, code, self->transport.last_errno);
  if (code != GNUTLS_E_FATAL_ALERT_RECEIVED && gnutls_error_to_alert (code, NULL) >= 0)
    gnutls_alert_send_appropriate (self->session, code);
  fail (self, error);
}

/* GnuTLS has no fatal code for it, and sends no alert of its own. */
static void
fail_interrupted (HandoffHandshake *self)
{
  g_autofree char *alert_name = handoff_alert_dup_name (GNUTLS_A_UNEXPECTED_MESSAGE);
  GError *error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                               "The handshake failed: the peer sends nothing that brings it on. "
                               "Alert sent: %s",
                               alert_name);

  handoff_handshake_error_add_detail (error, HANDOFF_DETAIL_ALERT,
                                      g_variant_new_string (alert_name));
  send_alert (self, GNUTLS_A_UNEXPECTED_MESSAGE);
  fail (self, error);
}

static int
verify_peer (gnutls_session_t session)
{
  HandoffHandshake *self = gnutls_session_get_ptr (session);
  g_autoptr (GError) error = NULL;

  if (!handoff_peer_verification_run (session, self->request->identity, &self->verification_status,
                                      &error))
    {
      g_info ("%s", error->message);
      self->verification_status = GNUTLS_CERT_INVALID;
    }
  return self->verification_status == 0 ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

static int
secrets_changed (gnutls_session_t session,
                 gnutls_record_encryption_level_t level,
                 const void *secret_read,
                 const void *secret_write,
                 size_t size)
{
  HandoffHandshake *self = gnutls_session_get_ptr (session);

  return handoff_key_export_take_secrets (self->export, level, secret_read, secret_write, size);
}

static int
message_passed (gnutls_session_t session,
                unsigned int type,
                unsigned int when,
                unsigned int incoming,
                const gnutls_datum_t *message)
{
  HandoffHandshake *self = gnutls_session_get_ptr (session);

  if (incoming)
    handoff_key_export_take_message (self->export, type, message);
  return GNUTLS_E_SUCCESS;
}

static gboolean
set_application_protocols (HandoffHandshake *self, GError **error)
{
  GPtrArray *names = self->request->options->application_protocols;
  g_autofree gnutls_datum_t *protocols = g_new0 (gnutls_datum_t, names->len);
  guint i;
  int code;

  if (names->len == 0)
    return TRUE;
  for (i = 0; i < names->len; i++)
    {
      protocols[i].data = g_ptr_array_index (names, i);
      protocols[i].size = (unsigned int) strlen (g_ptr_array_index (names, i));
    }
  code = gnutls_alpn_set_protocols (self->session, protocols, names->len, 0);
  return code >= 0 ||
         handoff_gnutls_set_error (error, code, "Cannot offer the application protocols");
}

static gboolean
set_trust (HandoffHandshake *self, GError **error)
{
  GPtrArray *anchors = self->request->options->trust_anchors;
  int code;

  if (anchors != NULL)
    self->trust_store = handoff_trust_store_new_for_anchors (anchors, error);
  else
    self->trust_store =
        handoff_trust_store_ref (handoff_tls_policy_get_trust_store (self->request->policy));
  if (self->trust_store == NULL)
    return FALSE;

  code = gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE,
                                 handoff_trust_store_get_credentials (self->trust_store));
  return code >= 0 || handoff_gnutls_set_error (error, code, "Cannot set the trust store");
}

static gboolean
set_server_name (HandoffHandshake *self, GError **error)
{
  const char *name = self->request->identity->host_name;
  int code;

  /* RFC 6066 3: literal addresses are not sent. */
  if (name == NULL)
    return TRUE;
  code = gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, name, strlen (name));
  return code >= 0 || handoff_gnutls_set_error (error, code, "Cannot send the server name");
}

static gboolean
prepare_session (HandoffHandshake *self, GError **error)
{
  /* Resumption is not offered: nothing of a session outlives its handshake. */
  int code = gnutls_init (&self->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS);

  if (code < 0)
    return handoff_gnutls_set_error (error, code, "Cannot begin a handshake");

  self->export = handoff_key_export_new ();
  self->transport.fd = self->request->fd;
  handoff_handshake_transport_attach (&self->transport, self->session);
  gnutls_session_set_ptr (self->session, self);
  gnutls_session_set_verify_function (self->session, verify_peer);
  gnutls_handshake_set_secret_function (self->session, secrets_changed);
  gnutls_handshake_set_hook_function (self->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST,
                                      message_passed);

  return handoff_tls_policy_apply (self->request->policy, self->session, self->request->options,
                                   error) &&
         set_trust (self, error) && set_server_name (self, error) &&
         set_application_protocols (self, error);
}

/* What GnuTLS negotiated must be what the caller can take: its priorities select ciphers and key
 * exchanges, not suites, so that a caller's list may be narrower than they can say. */
static const HandoffCipherSuite *
get_cipher_suite (HandoffHandshake *self, GError **error)
{
  const HandoffCipherSuite *suite =
      handoff_cipher_suite_by_id (handoff_cipher_suite_id_of_session (self->session));

  if (suite == NULL || !handoff_handshake_options_allow_suite (self->request->options, suite))
    {
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
          "The server chose the cipher suite %s, which the caller's record layer does not take",
          suite != NULL ? suite->name : "(unknown)");
      return NULL;
    }
  return suite;
}

static int
seal_keys (HandoffHandshake *self, GError **error)
{
  g_autoptr (HandoffKeyState) state =
      handoff_key_export_make_state (self->export, self->session, error);
  g_autoptr (GBytes) blob = NULL;

  if (state == NULL)
    return -1;
  blob = handoff_key_blob_seal (state, self->request->recipient_key, error);
  if (blob == NULL)
    return -1;
  return handoff_sealed_memfd_new (blob, error);
}

static HandoffHandshakeOutcome *
make_outcome (HandoffHandshake *self, GError **error)
{
  g_autoptr (HandoffHandshakeOutcome) outcome = g_new0 (HandoffHandshakeOutcome, 1);
  const HandoffCipherSuite *suite = get_cipher_suite (self, error);
  gnutls_datum_t application_protocol;

  outcome->key_blob_fd = -1;
  if (suite == NULL)
    return NULL;

  outcome->protocol = handoff_protocol_name (suite->protocol);
  outcome->cipher_suite = suite->name;
  outcome->server_name = g_strdup (self->request->identity->host_name);
  outcome->ocsp_status =
      handoff_peer_verification_get_ocsp_status (self->session, self->verification_status);
  outcome->peer_certificates =
      g_variant_ref_sink (handoff_peer_verification_get_certificates (self->session));
  if (gnutls_alpn_get_selected_protocol (self->session, &application_protocol) >= 0)
    outcome->application_protocol =
        g_strndup ((const char *) application_protocol.data, application_protocol.size);

  outcome->key_blob_fd = seal_keys (self, error);
  if (outcome->key_blob_fd < 0)
    return NULL;
  return g_steal_pointer (&outcome);
}

static void
complete (HandoffHandshake *self)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  HandoffHandshakeOutcome *outcome = make_outcome (self, &error);

  if (outcome == NULL)
    {
      send_alert (self, GNUTLS_A_HANDSHAKE_FAILURE);
      fail (self, error);
      return;
    }

  /* Export, then destroy: the session is gone before anybody can be told. */
  destroy_session (self);
  handoff_client_socket_close (g_steal_fd (&self->request->fd));
  task = g_steal_pointer (&self->task);
  g_task_return_pointer (task, outcome, (GDestroyNotify) handoff_handshake_outcome_free);
}

static void
step (HandoffHandshake *self)
{
  GError *error = NULL;
  HandoffWatchDirection direction;
  int code;

  do
    code = gnutls_handshake (self->session);
  while (code != GNUTLS_E_SUCCESS && code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal (code) &&
         ++self->n_interruptions < MAX_INTERRUPTIONS);

  if (code == GNUTLS_E_SUCCESS)
    {
      complete (self);
      return;
    }
  if (code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal (code))
    {
      fail_interrupted (self);
      return;
    }
  if (code != GNUTLS_E_AGAIN)
    {
      fail_with_code (self, code);
      return;
    }

  direction = gnutls_record_get_direction (self->session) == 0 ? HANDOFF_WATCH_READABLE
                                                               : HANDOFF_WATCH_WRITABLE;
  if (!handoff_watch_set_direction (self->watch, direction, &error))
    fail (self, error);
}

static void
watch_ready (gboolean timed_out, gpointer user_data)
{
  HandoffHandshake *self = user_data;

  if (timed_out)
    fail (self, g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                             "The peer did not finish the handshake within %u seconds",
                             self->request->options->timeout));
  else
    step (self);
}

static gboolean
start (gpointer data)
{
  HandoffHandshake *self = data;
  GError *error = NULL;
  gint64 deadline = g_get_monotonic_time () + self->request->options->timeout * G_TIME_SPAN_SECOND;

  /* Cancelled before it began. */
  if (self->task == NULL)
    return G_SOURCE_REMOVE;

  if (prepare_session (self, &error))
    self->watch =
        handoff_watch_new (self->worker, self->request->fd, deadline, watch_ready, self, &error);
  if (self->watch == NULL)
    fail (self, error);
  else
    step (self);
  return G_SOURCE_REMOVE;
}

static gboolean
cancel (gpointer data)
{
  HandoffHandshake *self = data;

  if (self->task != NULL)
    fail (self, g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                     "The handshake was cancelled"));
  return G_SOURCE_REMOVE;
}

static void
cancelled (GCancellable *cancellable, gpointer user_data)
{
  HandoffHandshake *self = user_data;

  handoff_worker_invoke (self->worker, cancel, handshake_ref (self),
                         (GDestroyNotify) handshake_unref);
}

void
handoff_handshake_run_async (HandoffWorker *worker,
                             HandoffHandshakeRequest *request,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  HandoffHandshake *self = g_new0 (HandoffHandshake, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->worker = worker;
  self->request = request;
  self->transport.fd = -1;
  self->task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (self->task, handoff_handshake_run_async);
  /* Cancelling is an outcome like others: the caller of this sees what became of the handshake. */
  g_task_set_check_cancellable (self->task, FALSE);
  g_task_set_task_data (self->task, handshake_ref (self), (GDestroyNotify) handshake_unref);

  if (cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled), self, NULL);
  handoff_worker_invoke (worker, start, self, (GDestroyNotify) handshake_unref);
}

HandoffHandshakeOutcome *
handoff_handshake_run_finish (GAsyncResult *result, GError **error)
{
  GTask *task = G_TASK (result);
  HandoffHandshake *self = g_task_get_task_data (task);

  g_cancellable_disconnect (g_task_get_cancellable (task), self->cancelled_id);
  return g_task_propagate_pointer (task, error);
}

void
handoff_handshake_request_free (HandoffHandshakeRequest *self)
{
  handoff_client_socket_close (self->fd);
  g_clear_pointer (&self->identity, handoff_server_identity_free);
  g_clear_pointer (&self->options, handoff_handshake_options_free);
  g_clear_pointer (&self->policy, handoff_tls_policy_unref);
  g_free (self);
}

void
handoff_handshake_outcome_free (HandoffHandshakeOutcome *self)
{
  if (self->key_blob_fd >= 0)
    close (self->key_blob_fd);
  g_free (self->application_protocol);
  g_free (self->server_name);
  g_clear_pointer (&self->peer_certificates, g_variant_unref);
  g_free (self);
}
