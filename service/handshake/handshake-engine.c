/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-engine.h"

#include "handshake/handshake-completion.h"
#include "handshake/handshake-error.h"
#include "handshake/handshake-setup.h"
#include "handshake/tls-session.h"
#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"

/* States: see handshake-progress.h. In CONTINUE an operation may be under way: then the handshake
 * waits for its socket, or GnuTLS pauses (handshake-pause.h). GnuTLS pauses in REQUEST, too, where
 * no operation is under way. The watch is there as long as the handshake has not ended; it waits
 * for the socket only while an operation does. Its deadline is the handshake's, or, in REVIEW and
 * REQUEST, the caller's.
 *
 * Threads: what is below the line belongs to the worker's thread alone, until the handshake has
 * ended: then to its home. The rest does not change. There is no lock. */
struct _HandoffHandshakeEngine
{
  gatomicrefcount ref_count;
  HandoffWorker *worker;            /* (unowned): the pool outlives all handshakes */
  HandoffHandshakePause *pause;     /* (owned) */
  HandoffHandshakeRequest *request; /* (owned) */
  HandoffCredentialAskFunc ask;     /* (nullable) */
  gpointer ask_data;                /* (unowned) */
  HandoffHandshakeFunc ended;
  gpointer ended_data; /* (unowned) */

  /* ---- */
  HandoffHandshakeState state;
  GError *error;                     /* (owned) (nullable): in FAILED */
  char *credential_label;            /* (owned) (nullable): likewise: of the one that it used */
  HandoffHandshakeProgressFunc done; /* (nullable): of the operation that is under way */
  gpointer done_data;                /* (unowned) */
  HandoffWatch *watch;               /* (owned) (nullable): NULL once it has ended */
  gint64 deadline;                   /* the handshake's: monotonic, microseconds */
  gint64 time_left;                  /* until then, when the caller began to think: microseconds */
  HandoffTlsSession *session;        /* (owned) (nullable): likewise */
  int left_fd;                       /* (owned): the socket of one that was refused; -1 otherwise */
  HandoffHandshakeTransport transport;
  GBytes *input; /* (owned) (nullable): of the operation under way */
};

HandoffHandshakeEngine *
handoff_handshake_engine_ref (HandoffHandshakeEngine *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_handshake_engine_unref (HandoffHandshakeEngine *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->session == NULL && self->watch == NULL);
  handoff_descriptor_reap (self->left_fd, self->request->uid);
  handoff_handshake_pause_unref (self->pause);
  handoff_handshake_request_free (self->request);
  handoff_handshake_transport_clear (&self->transport);
  g_clear_error (&self->error);
  g_free (self->credential_label);
  g_free (self);
}

/* Forgets everything that the handshake knew. After this no key can be had from this process. */
static void
destroy_session (HandoffHandshakeEngine *self)
{
  handoff_handshake_transport_cut_off (&self->transport);
  g_clear_pointer (&self->watch, handoff_watch_free);
  g_clear_pointer (&self->session, handoff_tls_session_free);
  handoff_descriptor_close (g_steal_fd (&self->request->fd), self->request->uid);
  handoff_handshake_request_end (self->request);
}

static HandoffHandshakeProgress *
progress_new (HandoffHandshakeEngine *self)
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

/* progress: (transfer full). The last thing that is done with the handshake, but for its end: from
 * here another operation may begin, or another end. */
static void
return_progress (HandoffHandshakeEngine *self, HandoffHandshakeProgress *progress)
{
  const HandoffHandshakeProgressFunc done = self->done;

  self->done = NULL;
  self->transport.input = NULL;
  self->transport.input_size = self->transport.input_used = 0;
  g_clear_pointer (&self->input, g_bytes_unref);
  done (progress, self->done_data);
}

/* Nothing is left of the session: tells whoever waits for that. */
static void
end (HandoffHandshakeEngine *self)
{
  self->ended (self->ended_data);
  handoff_handshake_engine_unref (self);
}

static gboolean
has_ended (const HandoffHandshakeEngine *self)
{
  return self->state == HANDOFF_HANDSHAKE_EXPORTED || self->state == HANDOFF_HANDSHAKE_FAILED;
}

/* Seconds. */
static guint
get_decision_timeout (HandoffHandshakeEngine *self)
{
  return handoff_tls_policy_get_configuration (self->request->policy)->decision_timeout;
}

/* Whether the peer is there to hear why the handshake ended. */
static gboolean
is_refusal (HandoffHandshakeEngine *self, const GError *error)
{
  /* It was the caller who let the time pass. */
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT))
    return self->state == HANDOFF_HANDSHAKE_REQUEST;
  return !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED) &&
         !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
}

/* The caller has to decide: the handshake's own time stands still, and the caller's begins. */
static void
stop_time (HandoffHandshakeEngine *self)
{
  const gint64 now = handoff_clock_get_monotonic_time ();

  self->time_left = self->deadline - now;
  handoff_watch_set_direction (self->watch, HANDOFF_WATCH_NOTHING, NULL);
  handoff_watch_set_deadline (self->watch, now + get_decision_timeout (self) * G_TIME_SPAN_SECOND);
}

/* The caller has decided. */
static void
resume_time (HandoffHandshakeEngine *self)
{
  self->state = HANDOFF_HANDSHAKE_CONTINUE;
  self->deadline = handoff_clock_get_monotonic_time () + self->time_left;
  handoff_watch_set_deadline (self->watch, self->deadline);
}

/* error: (transfer full). The output, perhaps an alert, goes with the operation under way, or else
 * with the next. */
static void
fail (HandoffHandshakeEngine *self, GError *error)
{
  gsize consumed = self->transport.input_used;

  if (is_refusal (self, error))
    self->left_fd = g_steal_fd (&self->request->fd);
  /* Otherwise it failed before it began. */
  if (self->session != NULL)
    self->credential_label =
        handoff_handshake_add_failure_details (self->session, self->request, error);
  self->state = HANDOFF_HANDSHAKE_FAILED;
  self->error = error;
  destroy_session (self);
  if (self->done != NULL)
    {
      HandoffHandshakeProgress *progress = progress_new (self);

      progress->consumed = consumed;
      return_progress (self, progress);
    }
  end (self);
}

/* too_late: the caller, who may have wanted to accept the certificate, did not decide in time */
static void
fail_untrusted (HandoffHandshakeEngine *self, gboolean too_late)
{
  const HandoffPeerVerification *verification =
      handoff_tls_session_get_verification (self->session);
  GError *error = handoff_handshake_error_new_untrusted (
      verification, too_late ? get_decision_timeout (self) : 0);

  handoff_tls_session_send_alert (self->session,
                                  handoff_trust_problems_get_alert (verification->problems));
  fail (self, error);
}

static GError *
new_error (HandoffHandshakeEngine *self, int code)
{
  gnutls_session_t session = handoff_tls_session_get (self->session);
  HandoffHandshakeCredential *credential = handoff_tls_session_get_credential (self->session);

  if (handoff_handshake_credential_get_error (credential) != NULL)
    return handoff_handshake_error_new_with_alert (
        code, handoff_handshake_credential_get_error (credential));
  if (handoff_handshake_transport_is_flooded (&self->transport))
    return handoff_handshake_error_new_flooded (code);
  if (handoff_tls_session_get_refusal (self->session) != NULL)
    return handoff_handshake_error_new_with_alert (code,
                                                   handoff_tls_session_get_refusal (self->session));
  if (handoff_handshake_error_is_about_certificate (session, code) &&
      self->request->role == HANDOFF_ROLE_CLIENT &&
      handoff_handshake_credential_is_requested (credential) &&
      handoff_handshake_credential_get (credential) == NULL)
    return handoff_handshake_error_new_refused (
        session, self->request->identity, handoff_handshake_credential_was_looked_for (credential));
  return handoff_handshake_error_new (session, self->request->role, code, &self->transport);
}

static void
fail_with_code (HandoffHandshakeEngine *self, int code)
{
  GError *error;
  int alert;

  if (!handoff_tls_session_is_trusted (self->session, FALSE))
    {
      fail_untrusted (self, FALSE);
      return;
    }
  /* GnuTLS knows only that the connection broke. */
  if (handoff_handshake_transport_is_flooded (&self->transport))
    code = GNUTLS_E_UNEXPECTED_PACKET;
  /* It has the same code for the certificates of both sides. */
  if (code == GNUTLS_E_KEY_USAGE_VIOLATION &&
      !handoff_handshake_credential_may_sign (handoff_tls_session_get_credential (self->session)))
    code = GNUTLS_E_PK_SIGN_FAILED;
  error = new_error (self, code);
  alert = handoff_handshake_error_get_alert (code);
  if (alert >= 0)
    handoff_tls_session_send_alert (self->session, (gnutls_alert_description_t) alert);
  fail (self, error);
}

/* GnuTLS has no fatal code for this, and sends no alert of its own. */
static void
fail_interrupted (HandoffHandshakeEngine *self)
{
  handoff_tls_session_send_alert (self->session, GNUTLS_A_UNEXPECTED_MESSAGE);
  fail (self, handoff_handshake_error_new_interrupted ());
}

/* Export, then destroy: the session is gone before anybody can be told. outcome: (transfer full) */
static void
export_keys (HandoffHandshakeEngine *self,
             const HandoffRecipient *recipient,
             HandoffHandshakeOutcome *outcome)
{
  HandoffHandshakeProgress *progress = progress_new (self);
  GError *error = NULL;

  progress->outcome = outcome;
  if (!handoff_handshake_export_keys (self->session, self->request, recipient, progress, &error))
    {
      handoff_handshake_progress_free (progress);
      handoff_tls_session_send_alert (self->session, GNUTLS_A_INTERNAL_ERROR);
      fail (self, error);
      return;
    }

  self->state = progress->state = HANDOFF_HANDSHAKE_EXPORTED;
  destroy_session (self);
  return_progress (self, progress);
  end (self);
}

static void
complete (HandoffHandshakeEngine *self)
{
  HandoffHandshakeProgress *progress;
  HandoffHandshakeOutcome *outcome;
  GError *error = NULL;

  if (!handoff_tls_session_is_trusted (self->session, TRUE))
    {
      fail_untrusted (self, FALSE);
      return;
    }

  handoff_handshake_setup_remember_group (handoff_tls_session_get (self->session), self->request);
  outcome = handoff_handshake_make_outcome (self->session, self->request, TRUE, &error);
  if (outcome == NULL)
    {
      handoff_tls_session_send_alert (self->session, GNUTLS_A_HANDSHAKE_FAILURE);
      fail (self, error);
      return;
    }
  if (!self->request->stepwise)
    {
      export_keys (self, &self->request->recipient, outcome);
      return;
    }

  self->state = HANDOFF_HANDSHAKE_COMPLETE;
  progress = progress_new (self);
  progress->outcome = outcome;
  return_progress (self, progress);
}

/* state: REVIEW or REQUEST */
static void
wait_for_caller (HandoffHandshakeEngine *self, HandoffHandshakeState state)
{
  HandoffHandshakeProgress *progress;

  self->state = state;
  stop_time (self);
  progress = progress_new (self);
  progress->outcome = handoff_handshake_make_outcome (self->session, self->request, FALSE, NULL);
  return_progress (self, progress);
}

static void
wait_for_peer (HandoffHandshakeEngine *self)
{
  HandoffWatchDirection direction;
  GError *error = NULL;

  self->state = HANDOFF_HANDSHAKE_CONTINUE;
  if (self->request->stepwise)
    {
      return_progress (self, progress_new (self));
      return;
    }
  direction = gnutls_record_get_direction (handoff_tls_session_get (self->session)) == 0
                  ? HANDOFF_WATCH_READABLE
                  : HANDOFF_WATCH_WRITABLE;
  if (!handoff_watch_set_direction (self->watch, direction, &error))
    fail (self, error);
}

/* Goes as far as it can. Then the operation under way has ended, or waits for the socket, or for
 * what the session pauses for. */
static void
advance (HandoffHandshakeEngine *self)
{
  int code;

  if (!handoff_tls_session_run (self->session, &code))
    {
      if (handoff_tls_session_takes_request (self->session))
        wait_for_caller (self, HANDOFF_HANDSHAKE_REQUEST);
      else
        handoff_watch_set_direction (self->watch, HANDOFF_WATCH_NOTHING, NULL);
    }
  else if (code == GNUTLS_E_SUCCESS)
    complete (self);
  else if (handoff_tls_session_takes_review (self->session))
    wait_for_caller (self, HANDOFF_HANDSHAKE_REVIEW);
  else if (code == GNUTLS_E_AGAIN && !handoff_tls_session_is_stuck (self->session))
    wait_for_peer (self);
  else if (gnutls_error_is_fatal (code))
    fail_with_code (self, code);
  else
    fail_interrupted (self);
}

static void
fail_timed_out (HandoffHandshakeEngine *self)
{
  const HandoffHandshakeWaiting waiting = {
    .timeout = self->request->options->timeout,
    .decision_timeout = get_decision_timeout (self),
    .is_complete = self->state == HANDOFF_HANDSHAKE_COMPLETE,
    .is_requested = self->state == HANDOFF_HANDSHAKE_REQUEST,
    .pauses = handoff_handshake_pause_is_under_way (self->pause),
    .is_peer_silent = self->transport.n_read == 0,
  };

  /* Nobody else has the keys: we may still write. */
  if (waiting.is_complete)
    handoff_tls_session_send_alert (self->session, GNUTLS_A_INTERNAL_ERROR);
  if (waiting.is_requested)
    {
      handoff_tls_session_give_up (self->session);
      handoff_tls_session_send_alert (self->session, GNUTLS_A_USER_CANCELED);
    }
  fail (self, handoff_handshake_error_new_timed_out (&waiting));
}

static void
watch_ready (gboolean timed_out, gpointer user_data)
{
  g_autoptr (HandoffHandshakeEngine) self = handoff_handshake_engine_ref (user_data);

  if (!timed_out)
    advance (self);
  else if (self->state == HANDOFF_HANDSHAKE_REVIEW)
    fail_untrusted (self, TRUE); /* no decision is a refusal */
  else
    fail_timed_out (self);
}

/* FALSE if it has failed, as whoever waits knows then. */
static gboolean
start (HandoffHandshakeEngine *self)
{
  GError *error = NULL;

  self->deadline =
      handoff_clock_get_monotonic_time () + self->request->options->timeout * G_TIME_SPAN_SECOND;
  self->transport.stepwise = self->request->stepwise;
  self->transport.fd = self->request->fd;
  self->transport.uid = self->request->uid;
  self->session = handoff_tls_session_new (self->pause, self->request, &self->transport, self->ask,
                                           self->ask_data, &error);
  if (self->session == NULL)
    {
      fail (self, error);
      return FALSE;
    }
  self->watch =
      handoff_watch_new (self->worker, self->request->fd, self->deadline, watch_ready, self);
  return TRUE;
}

void
handoff_handshake_engine_start (HandoffHandshakeEngine *self)
{
  G_GNUC_UNUSED g_autoptr (HandoffHandshakeEngine) guard = handoff_handshake_engine_ref (self);

  start (self);
}

static void
review (HandoffHandshakeEngine *self, gboolean accept)
{
  if (!accept)
    {
      fail_untrusted (self, FALSE);
      return;
    }
  handoff_tls_session_accept (self->session);
  resume_time (self);
  advance (self);
}

static void
provide (HandoffHandshakeEngine *self, const HandoffOperation *operation)
{
  handoff_handshake_credential_provide (handoff_tls_session_get_credential (self->session),
                                        operation->credential, operation->grant,
                                        operation->automatic);
  resume_time (self);
  advance (self);
}

void
handoff_handshake_engine_operate (HandoffHandshakeEngine *self,
                                  const HandoffOperation *operation,
                                  HandoffHandshakeProgressFunc done,
                                  gpointer done_data)
{
  G_GNUC_UNUSED g_autoptr (HandoffHandshakeEngine) guard = handoff_handshake_engine_ref (self);

  self->done = done;
  self->done_data = done_data;
  if (!has_ended (self) && self->session == NULL && !start (self))
    return;
  if (self->state == HANDOFF_HANDSHAKE_FAILED)
    {
      return_progress (self, progress_new (self));
      return;
    }

  if (operation->input != NULL)
    {
      self->input = g_bytes_ref (operation->input);
      self->transport.input = g_bytes_get_data (self->input, &self->transport.input_size);
    }
  switch (operation->kind)
    {
    case HANDOFF_OPERATION_STEP:
      advance (self);
      break;
    case HANDOFF_OPERATION_REVIEW:
      review (self, operation->accept);
      break;
    case HANDOFF_OPERATION_PROVIDE:
      provide (self, operation);
      break;
    case HANDOFF_OPERATION_EXPORT:
      export_keys (self, &operation->recipient,
                   handoff_handshake_make_outcome (self->session, self->request, TRUE, NULL));
      break;
    default:
      g_assert_not_reached ();
    }
}

void
handoff_handshake_engine_abort (HandoffHandshakeEngine *self)
{
  G_GNUC_UNUSED g_autoptr (HandoffHandshakeEngine) guard = handoff_handshake_engine_ref (self);

  if (!has_ended (self))
    fail (self, g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                                     "The handshake was cancelled"));
}

HandoffHandshakePause *
handoff_handshake_engine_get_pause (HandoffHandshakeEngine *self)
{
  return self->pause;
}

GError *
handoff_handshake_engine_dup_error (HandoffHandshakeEngine *self)
{
  return self->error != NULL ? g_error_copy (self->error) : NULL;
}

const char *
handoff_handshake_engine_get_credential_label (HandoffHandshakeEngine *self)
{
  return self->credential_label;
}

char *
handoff_handshake_engine_dup_peer_address (HandoffHandshakeEngine *self)
{
  return handoff_peer_address_to_text (&self->transport.peer);
}

int
handoff_handshake_engine_take_socket (HandoffHandshakeEngine *self)
{
  return g_steal_fd (&self->left_fd);
}

static void
wake (gpointer user_data)
{
  g_autoptr (HandoffHandshakeEngine) self = handoff_handshake_engine_ref (user_data);

  advance (self);
}

HandoffHandshakeEngine *
handoff_handshake_engine_new (HandoffWorker *worker,
                              HandoffWorker *home,
                              HandoffHandshakeRequest *request,
                              HandoffCredentialAskFunc ask,
                              gpointer ask_data,
                              HandoffHandshakeFunc ended,
                              gpointer ended_data)
{
  HandoffHandshakeEngine *self = g_new0 (HandoffHandshakeEngine, 1);

  g_atomic_ref_count_init (&self->ref_count);
  handoff_handshake_engine_ref (self); /* until the end */
  self->worker = worker;
  self->pause = handoff_handshake_pause_new (worker, home, wake, self);
  self->request = request;
  self->ask = ask;
  self->ask_data = ask_data;
  self->ended = ended;
  self->ended_data = ended_data;
  self->transport.fd = -1;
  self->left_fd = -1;
  return self;
}
