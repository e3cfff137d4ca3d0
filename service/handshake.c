/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake-operation.h"

#include "client-socket.h"
#include "gnutls-support.h"
#include "handshake-completion.h"
#include "handshake-error.h"
#include "handshake-setup.h"
#include "handshake-transport.h"
#include "key-export.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "peer-verification.h"

/* Warning alerts and the like bring a handshake no further: a peer that sends nothing else is
 * stopped. */
#define MAX_INTERRUPTIONS 16

/* Threads: what is below the line belongs to the worker's thread alone. The rest does not change.
 * The main thread starts operations (handshake-operation.c), which run on the worker in the order
 * in which they were started; each is a task that ends on the main thread again.
 *
 * The watch is there as long as the handshake has not ended. It waits for the socket only while an
 * operation does. */
struct _HandoffHandshake
{
  gatomicrefcount ref_count;
  HandoffWorker *worker;            /* (unowned): the pool outlives all handshakes */
  HandoffHandshakeRequest *request; /* (owned) */

  /* ---- */
  HandoffHandshakeState state;
  GError *error;                  /* (owned) (nullable): in FAILED */
  GTask *task;                    /* (owned) (nullable): the operation that is under way */
  GTask *end_task;                /* (owned) (nullable): NULL once it has ended */
  HandoffWatch *watch;            /* (owned) (nullable): likewise */
  gnutls_session_t session;       /* (owned) (nullable): likewise */
  HandoffKeyExport *export;       /* (owned) (nullable): likewise */
  HandoffTrustStore *trust_store; /* (owned) (nullable): likewise */
  HandoffHandshakeTransport transport;
  guint verification_status; /* gnutls_certificate_status_t */
  gboolean verified;
  gboolean in_review; /* the verification waits for the caller's decision */
  gboolean accepted;  /* it was to go on */
  guint n_interruptions;
};

HandoffHandshake *
handoff_handshake_ref (HandoffHandshake *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_handshake_unref (HandoffHandshake *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->session == NULL && self->watch == NULL);
  handoff_handshake_request_free (self->request);
  handoff_handshake_transport_clear (&self->transport);
  g_clear_error (&self->error);
  g_free (self);
}

/* Forgets everything that the handshake knew. After this no key can be had from this process:
 * GnuTLS wipes what it frees (gnutls-support.c), we wipe what we collected, then the stack. */
static void
destroy_session (HandoffHandshake *self)
{
  handoff_handshake_transport_cut_off (&self->transport);
  g_clear_pointer (&self->watch, handoff_watch_free);
  g_clear_pointer (&self->session, gnutls_deinit);
  g_clear_pointer (&self->export, handoff_key_export_free);
  g_clear_pointer (&self->trust_store, handoff_trust_store_unref);
  handoff_wipe_stack ();
  handoff_handshake_request_end (self->request);
}

static HandoffHandshakeProgress *
progress_new (HandoffHandshake *self)
{
  HandoffHandshakeProgress *progress = g_new0 (HandoffHandshakeProgress, 1);

  progress->state = self->state;
  progress->key_blob_fd = -1;
  progress->output = handoff_handshake_transport_take_output (&self->transport);
  progress->consumed = self->transport.input_used;
  if (self->error != NULL)
    progress->error = g_error_copy (self->error);
  return progress;
}

/* progress: (transfer full) */
static void
return_progress (HandoffHandshake *self, HandoffHandshakeProgress *progress)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  g_task_return_pointer (task, progress, (GDestroyNotify) handoff_handshake_progress_free);
}

/* Nothing is left of the session: whoever waits for that may know. */
static void
end (HandoffHandshake *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->end_task);

  g_task_return_boolean (task, TRUE);
}

/* error: (transfer full). The output, an alert perhaps, is for the operation under way, or else for
 * the next. */
static void
fail (HandoffHandshake *self, GError *error)
{
  gsize consumed = self->transport.input_used;

  self->state = HANDOFF_HANDSHAKE_FAILED;
  self->error = error;
  destroy_session (self);
  if (self->task != NULL)
    {
      HandoffHandshakeProgress *progress = progress_new (self);

      progress->consumed = consumed;
      return_progress (self, progress);
    }
  end (self);
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
  GError *error = handoff_handshake_error_new_untrusted (self->session, self->verification_status,
                                                         self->request->identity);

  send_alert (self, handoff_peer_verification_get_alert (self->verification_status));
  fail (self, error);
}

static void
fail_with_code (HandoffHandshake *self, int code)
{
  GError *error;

  if (self->verification_status != 0 && !self->accepted)
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
  send_alert (self, GNUTLS_A_UNEXPECTED_MESSAGE);
  fail (self, handoff_handshake_error_new_interrupted ());
}

/* Of a session after or within its handshake. */
static void
verify (HandoffHandshake *self)
{
  g_autoptr (GError) error = NULL;

  if (!handoff_peer_verification_run (self->session, self->request->identity,
                                      &self->verification_status, &error))
    {
      g_info ("%s", error->message);
      self->verification_status = GNUTLS_CERT_INVALID;
    }
  self->verified = TRUE;
}

static int
verify_peer (gnutls_session_t session)
{
  HandoffHandshake *self = gnutls_session_get_ptr (session);

  /* GnuTLS asks again when it goes on after an interruption. */
  if (!self->verified)
    verify (self);
  if (self->verification_status == 0 || self->accepted)
    return 0;
  if (!self->request->options->review_certificate)
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
  self->in_review = TRUE;
  return GNUTLS_E_INTERRUPTED;
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
prepare_session (HandoffHandshake *self, GError **error)
{
  self->session = handoff_handshake_setup (self->request, &self->trust_store, error);
  if (self->session == NULL)
    return FALSE;

  self->export = handoff_key_export_new ();
  handoff_handshake_transport_attach (&self->transport, self->session);
  gnutls_session_set_ptr (self->session, self);
  gnutls_session_set_verify_function (self->session, verify_peer);
  gnutls_handshake_set_secret_function (self->session, secrets_changed);
  gnutls_handshake_set_hook_function (self->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST,
                                      message_passed);
  return TRUE;
}

/* Export, then destroy: the session is gone before anybody can be told. outcome: (transfer full) */
static void
export_keys (HandoffHandshake *self, const guint8 *recipient_key, HandoffHandshakeOutcome *outcome)
{
  HandoffHandshakeProgress *progress = progress_new (self);
  GError *error = NULL;

  progress->outcome = outcome;
  if (!handoff_handshake_export_keys (self->session, self->export, self->request, recipient_key,
                                      self->verification_status, progress, &error))
    {
      handoff_handshake_progress_free (progress);
      send_alert (self, GNUTLS_A_INTERNAL_ERROR);
      fail (self, error);
      return;
    }

  self->state = progress->state = HANDOFF_HANDSHAKE_EXPORTED;
  destroy_session (self);
  return_progress (self, progress);
  end (self);
}

static void
complete (HandoffHandshake *self)
{
  HandoffHandshakeProgress *progress;
  HandoffHandshakeOutcome *outcome;
  GError *error = NULL;

  /* A resumed session is verified against what is trusted now, at the time that it is now. */
  if (!self->verified)
    verify (self);
  if (self->verification_status != 0 && !self->accepted)
    {
      fail_untrusted (self);
      return;
    }

  outcome = handoff_handshake_make_outcome (self->session, self->request, self->verification_status,
                                            TRUE, &error);
  if (outcome == NULL)
    {
      send_alert (self, GNUTLS_A_HANDSHAKE_FAILURE);
      fail (self, error);
      return;
    }
  if (!self->request->stepwise)
    {
      export_keys (self, self->request->recipient_key, outcome);
      return;
    }

  self->state = HANDOFF_HANDSHAKE_COMPLETE;
  progress = progress_new (self);
  progress->outcome = outcome;
  return_progress (self, progress);
}

static void
pause_for_review (HandoffHandshake *self)
{
  HandoffHandshakeProgress *progress;

  self->in_review = FALSE;
  self->state = HANDOFF_HANDSHAKE_REVIEW;
  handoff_watch_set_direction (self->watch, HANDOFF_WATCH_NOTHING, NULL);
  progress = progress_new (self);
  progress->outcome = handoff_handshake_make_outcome (self->session, self->request,
                                                      self->verification_status, FALSE, NULL);
  return_progress (self, progress);
}

static void
wait_for_peer (HandoffHandshake *self)
{
  HandoffWatchDirection direction;
  GError *error = NULL;

  self->state = HANDOFF_HANDSHAKE_CONTINUE;
  if (self->request->stepwise)
    {
      return_progress (self, progress_new (self));
      return;
    }
  direction = gnutls_record_get_direction (self->session) == 0 ? HANDOFF_WATCH_READABLE
                                                               : HANDOFF_WATCH_WRITABLE;
  if (!handoff_watch_set_direction (self->watch, direction, &error))
    fail (self, error);
}

/* Whether GnuTLS can go on at once after it returned code. It waits after each record that does not
 * complete a message: a socket would wake us for the next, the input of a step does not.
 * used_before: bytes of the input that were used before the call. */
static gboolean
can_go_on (HandoffHandshake *self, int code, gsize used_before)
{
  if (code == GNUTLS_E_SUCCESS || gnutls_error_is_fatal (code) || self->in_review)
    return FALSE;
  if (code == GNUTLS_E_AGAIN)
    {
      if (!handoff_handshake_transport_has_input (&self->transport))
        return FALSE;
      if (self->transport.input_used > used_before)
        return TRUE;
    }
  return ++self->n_interruptions < MAX_INTERRUPTIONS;
}

/* As far as it goes; the operation under way ends, or waits for the socket. */
static void
advance (HandoffHandshake *self)
{
  gsize used_before;
  int code;

  do
    {
      used_before = self->transport.input_used;
      code = gnutls_handshake (self->session);
    }
  while (can_go_on (self, code, used_before));

  if (code == GNUTLS_E_SUCCESS)
    complete (self);
  else if (self->in_review)
    pause_for_review (self);
  else if (code == GNUTLS_E_AGAIN && self->n_interruptions < MAX_INTERRUPTIONS)
    wait_for_peer (self);
  else if (gnutls_error_is_fatal (code))
    fail_with_code (self, code);
  else
    fail_interrupted (self);
}

static void
fail_timed_out (HandoffHandshake *self)
{
  guint timeout = self->request->options->timeout;
  GError *error;

  if (self->state == HANDOFF_HANDSHAKE_COMPLETE)
    {
      error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                           "The keys were not exported within %u seconds of the handshake's begin",
                           timeout);
      /* They are still ours alone. */
      send_alert (self, GNUTLS_A_INTERNAL_ERROR);
    }
  else
    error = g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT,
                         "The peer did not finish the handshake within %u seconds", timeout);
  fail (self, error);
}

static void
watch_ready (gboolean timed_out, gpointer user_data)
{
  HandoffHandshake *self = user_data;

  if (!timed_out)
    advance (self);
  else if (self->state == HANDOFF_HANDSHAKE_REVIEW)
    fail_untrusted (self); /* no decision is a refusal */
  else
    fail_timed_out (self);
}

/* The first thing on the worker. */
static gboolean
start (gpointer data)
{
  HandoffHandshake *self = data;
  GError *error = NULL;
  gint64 deadline = g_get_monotonic_time () + self->request->options->timeout * G_TIME_SPAN_SECOND;

  self->transport.stepwise = self->request->stepwise;
  self->transport.fd = self->request->fd;
  if (prepare_session (self, &error))
    self->watch = handoff_watch_new (self->worker, self->request->fd, deadline, watch_ready, self);
  else
    fail (self, error);
  return G_SOURCE_REMOVE;
}

static void
review (HandoffHandshake *self, gboolean accept)
{
  if (!accept)
    {
      fail_untrusted (self);
      return;
    }
  self->accepted = TRUE;
  advance (self);
}

void
handoff_handshake_operate (HandoffHandshake *self, const HandoffOperation *operation, GTask *task)
{
  self->task = task;
  if (self->state == HANDOFF_HANDSHAKE_FAILED)
    {
      return_progress (self, progress_new (self));
      return;
    }

  if (operation->input != NULL)
    self->transport.input = g_bytes_get_data (operation->input, &self->transport.input_size);
  switch (operation->kind)
    {
    case HANDOFF_OPERATION_STEP:
      advance (self);
      break;
    case HANDOFF_OPERATION_REVIEW:
      review (self, operation->accept);
      break;
    case HANDOFF_OPERATION_EXPORT:
      export_keys (self, operation->recipient_key,
                   handoff_handshake_make_outcome (self->session, self->request,
                                                   self->verification_status, TRUE, NULL));
      break;
    default:
      g_assert_not_reached ();
    }
  self->transport.input = NULL;
  self->transport.input_size = self->transport.input_used = 0;
}

void
handoff_handshake_abort (HandoffHandshake *self)
{
  if (self->end_task != NULL)
    fail (self, g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                     "The handshake was cancelled"));
}

HandoffWorker *
handoff_handshake_get_worker (HandoffHandshake *self)
{
  return self->worker;
}

GError *
handoff_handshake_dup_error (HandoffHandshake *self)
{
  return self->error != NULL ? g_error_copy (self->error) : NULL;
}

/* What is to be called when it has ended. */
typedef struct
{
  HandoffHandshakeFunc ended;
  gpointer user_data; /* (unowned) */
} EndCallback;

static void
ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree EndCallback *callback = user_data;

  callback->ended (callback->user_data);
}

HandoffHandshake *
handoff_handshake_new (HandoffWorker *worker,
                       HandoffHandshakeRequest *request,
                       HandoffHandshakeFunc ended_function,
                       HandoffCredentialAskFunc ask,
                       gpointer user_data)
{
  HandoffHandshake *self = g_new0 (HandoffHandshake, 1);
  EndCallback *callback = g_new (EndCallback, 1);

  callback->ended = ended_function;
  callback->user_data = user_data;
  g_atomic_ref_count_init (&self->ref_count);
  self->worker = worker;
  self->request = request;
  self->transport.fd = -1;
  self->end_task = g_task_new (NULL, NULL, ended, callback);
  g_task_set_source_tag (self->end_task, handoff_handshake_new);
  handoff_worker_invoke (worker, start, handoff_handshake_ref (self),
                         (GDestroyNotify) handoff_handshake_unref);
  return self;
}
