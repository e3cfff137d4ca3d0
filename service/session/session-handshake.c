/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/session-handshake.h"

#include "session/credential-choice.h"
#include "caller/farewell.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "session/resumption.h"
#include "work/clock.h"
#include "session/session-audit.h"

/* How long a transient session that failed stays, for its caller to ask why. */
#define FAILED_SESSION_SECONDS 300

/* An operation under way. */
typedef struct
{
  const HandoffSessionContext *context; /* (unowned) */
  HandoffSession *session;              /* (owned) */
  HandoffSessionReply reply;            /* its caller is the session's actor */
} Operation;

static Operation *
operation_new (const HandoffSessionContext *context,
               HandoffSession *session,
               HandoffSessionReply reply)
{
  Operation *operation = g_new0 (Operation, 1);

  g_assert (!session->busy);
  session->busy = TRUE;
  operation->context = context;
  operation->session = handoff_session_ref (session);
  g_set_object (&session->actor, reply.caller);
  operation->reply = reply;
  return operation;
}

static void
operation_free (Operation *operation)
{
  handoff_session_unref (operation->session);
  g_free (operation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

/* Names that are known only after the handshake. */
static void
take_names (HandoffSession *session, const HandoffHandshakeOutcome *outcome)
{
  g_free (session->credential_label);
  session->credential_label = g_strdup (outcome->credential);
  if (session->role == HANDOFF_ROLE_SERVER && outcome->server_name != NULL)
    {
      g_free (session->server_identity);
      session->server_identity = g_strdup (outcome->server_name);
    }
}

static void
account_for_completion (const HandoffSessionContext *context,
                        HandoffSession *session,
                        const HandoffHandshakeOutcome *outcome)
{
  guint uid = handoff_caller_get_uid (session->caller);

  if (session->outcome != NULL)
    return;
  session->outcome = handoff_handshake_outcome_copy (outcome);
  /* What the peer sent is for the reply: the session need not keep it. */
  g_clear_pointer (&session->outcome->peer_certificates, g_variant_unref);
  g_clear_pointer (&session->outcome->certificate_authorities, g_variant_unref);
  take_names (session, outcome);
  handoff_statistics_count (context->statistics, HANDOFF_STATISTIC_COMPLETED, uid);
  if (outcome->resumed)
    handoff_statistics_count (context->statistics, HANDOFF_STATISTIC_RESUMED, uid);
  handoff_session_audit (session, NULL);
}

static void
take_progress (const HandoffSessionContext *context,
               HandoffSession *session,
               HandoffHandshakeProgress *progress)
{
  session->state = progress->state;
  switch (progress->state)
    {
    case HANDOFF_HANDSHAKE_COMPLETE:
      account_for_completion (context, session, progress->outcome);
      break;
    case HANDOFF_HANDSHAKE_EXPORTED:
      account_for_completion (context, session, progress->outcome);
      handoff_resumption_keep (context->resumption, session, progress);
      if (session->transient && session->window == NULL)
        handoff_session_store_remove (context->sessions, session);
      break;
    case HANDOFF_HANDSHAKE_FAILED:
      /* A handshake on a socket: nobody knows the session's path, or only the failure is left. */
      if (session->transient || !session->stepwise)
        handoff_session_store_remove (context->sessions, session);
      break;
    case HANDOFF_HANDSHAKE_CONTINUE:
    case HANDOFF_HANDSHAKE_REVIEW:
    case HANDOFF_HANDSHAKE_REQUEST:
    default:
      break;
    }
}

static void
operation_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (HandoffHandshakeProgress) progress = handoff_handshake_finish (result);
  HandoffSession *session = operation->session;
  const HandoffSessionReply *reply = &operation->reply;
  g_autoptr (HandoffCaller) caller = g_steal_pointer (&session->actor);

  session->busy = FALSE;
  take_progress (operation->context, session, progress);
  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (caller)))
    reply->caller_left (reply->user_data);
  else
    reply->reply (session, progress, reply->user_data);
}

/* A session that goes by itself after some time. */
typedef struct
{
  HandoffSessionStore *store; /* (unowned) */
  HandoffSession *session;    /* (unowned): in the store as long as the source is there */
} Lifetime;

static gboolean
lifetime_over (gpointer user_data)
{
  Lifetime *lifetime = user_data;

  lifetime->session->lifetime_id = 0;
  handoff_session_store_remove (lifetime->store, lifetime->session);
  return G_SOURCE_REMOVE;
}

static void
limit_lifetime (HandoffSession *session, HandoffSessionStore *store, guint seconds)
{
  g_autoptr (GSource) source = handoff_clock_timeout_source_new (seconds * G_TIME_SPAN_SECOND);
  Lifetime *lifetime = g_new (Lifetime, 1);

  lifetime->store = store;
  lifetime->session = session;
  g_source_set_callback (source, lifetime_over, lifetime, g_free);
  session->lifetime_id = g_source_attach (source, NULL);
}

/* What waits for the end of a handshake. */
typedef struct
{
  const HandoffSessionContext *context; /* (unowned) */
  HandoffSession *session;              /* (owned) */
  HandoffSeat *seat;                    /* (owned) */
} Ending;

/* If the handshake was refused, tells the peer why. */
static void
leave_socket (const HandoffSessionContext *context, HandoffSession *session)
{
  const int fd = handoff_handshake_take_socket (session->handshake);

  if (fd >= 0)
    handoff_farewell_say (context->worker_pool, context->idle_timer,
                          g_steal_pointer (&session->handshake_place),
                          handoff_caller_get_uid (session->caller), fd, HANDOFF_ALERT_NONE);
}

/* Nothing is left of the handshake on the worker. */
static void
ended (gpointer user_data)
{
  g_autofree Ending *ending = user_data;
  g_autoptr (HandoffSession) session = ending->session;
  G_GNUC_UNUSED g_autoptr (HandoffSeat) seat = ending->seat;
  g_autoptr (GError) error = handoff_handshake_dup_error (session->handshake);

  leave_socket (ending->context, session);
  g_clear_pointer (&session->handshake_place, handoff_place_free);
  if (error == NULL)
    return;
  session->failed = TRUE;
  /* A caller who wants to know asks soon; perhaps nobody is left who would. */
  if (session->transient && !session->busy && !session->removed && session->lifetime_id == 0)
    limit_lifetime (session, ending->context->sessions, FAILED_SESSION_SECONDS);
  if (session->outcome != NULL)
    return; /* it was complete, but nobody fetched the keys */
  handoff_resumption_failed (ending->context->resumption, session);
  handoff_statistics_count (ending->context->statistics, HANDOFF_STATISTIC_FAILED,
                            handoff_caller_get_uid (session->caller));
  handoff_session_audit (session, error);
}

static void
asked (HandoffCredentialQuestion *question, gpointer user_data)
{
  Ending *ending = user_data;
  HandoffSession *session = ending->session;

  /* A session may outlive the caller who began it. Whoever takes it further is of the same user. */
  handoff_credential_choice_answer (ending->context, session,
                                    session->actor != NULL ? session->actor : session->caller,
                                    question);
}

void
handoff_session_begin (const HandoffSessionContext *context,
                       HandoffSession *session,
                       HandoffHandshakeRequest *request)
{
  Ending *ending = g_new (Ending, 1);
  guint timeout = request->options->timeout;

  ending->context = context;
  ending->session = handoff_session_ref (session);
  session->stepwise = request->stepwise;
  session->start_time = handoff_clock_get_monotonic_time ();
  handoff_resumption_prepare (context->resumption, session, request);
  ending->seat = handoff_worker_pool_take_seat (context->worker_pool,
                                                handoff_caller_get_uid (session->caller));
  session->handshake =
      handoff_handshake_new (handoff_seat_get_worker (ending->seat), request, ended, asked, ending);
  handoff_session_store_add (context->sessions, session);
  if (session->outlives_caller)
    limit_lifetime (session, context->sessions, timeout);
}

/* What a session in that state waits for. */
static const char *
get_next_call (HandoffHandshakeState state)
{
  switch (state)
    {
    case HANDOFF_HANDSHAKE_CONTINUE:
      return "it wants more bytes (Step)";
    case HANDOFF_HANDSHAKE_REVIEW:
      return "it waits for a decision (ReviewCertificate)";
    case HANDOFF_HANDSHAKE_REQUEST:
      return "it waits for a credential, or none (ProvideCredential)";
    case HANDOFF_HANDSHAKE_COMPLETE:
      return "its keys have to be fetched (ExportKeys)";
    case HANDOFF_HANDSHAKE_EXPORTED:
    case HANDOFF_HANDSHAKE_FAILED:
    default:
      return "nothing more can be done with it";
    }
}

gboolean
handoff_session_check_state (const HandoffSession *session,
                             HandoffHandshakeState state,
                             GError **error)
{
  if (session->state == state && !session->busy)
    return TRUE;

  if (session->busy)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                         "Another call on this session is under way; wait for its reply");
  else if (session->state == HANDOFF_HANDSHAKE_EXPORTED)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                         "The keys of this session were exported; nothing more can be done with "
                         "it here");
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "This session is in the state “%s”: %s", handoff_session_get_state_name (session),
                 get_next_call (session->state));
  return FALSE;
}

void
handoff_session_step (const HandoffSessionContext *context,
                      HandoffSession *session,
                      GBytes *input,
                      HandoffSessionReply reply)
{
  handoff_handshake_step_async (session->handshake, input, operation_done,
                                operation_new (context, session, reply));
}

void
handoff_session_review (const HandoffSessionContext *context,
                        HandoffSession *session,
                        gboolean accept,
                        HandoffSessionReply reply)
{
  handoff_handshake_review_async (session->handshake, accept, operation_done,
                                  operation_new (context, session, reply));
}

void
handoff_session_occupy (HandoffSession *session)
{
  g_assert (!session->busy);
  session->busy = TRUE;
}

void
handoff_session_leave (HandoffSession *session)
{
  session->busy = FALSE;
}

void
handoff_session_provide (const HandoffSessionContext *context,
                         HandoffSession *session,
                         HandoffCredential *credential,
                         gboolean automatic,
                         HandoffSessionReply reply)
{
  handoff_session_leave (session);
  handoff_handshake_provide_async (session->handshake, credential, automatic, operation_done,
                                   operation_new (context, session, reply));
}

void
handoff_session_export (const HandoffSessionContext *context,
                        HandoffSession *session,
                        const HandoffRecipient *recipient,
                        HandoffSessionReply reply)
{
  handoff_handshake_export_async (session->handshake, recipient, operation_done,
                                  operation_new (context, session, reply));
}

const char *
handoff_session_get_state_name (const HandoffSession *session)
{
  if (session->failed)
    return HANDOFF_STATE_FAILED;
  switch (session->state)
    {
    case HANDOFF_HANDSHAKE_CONTINUE:
      return HANDOFF_STATE_CONTINUE;
    case HANDOFF_HANDSHAKE_REVIEW:
      return HANDOFF_STATE_CERTIFICATE_REVIEW;
    case HANDOFF_HANDSHAKE_REQUEST:
      return HANDOFF_STATE_CERTIFICATE_REQUEST;
    case HANDOFF_HANDSHAKE_COMPLETE:
    case HANDOFF_HANDSHAKE_EXPORTED:
      return HANDOFF_STATE_COMPLETE;
    case HANDOFF_HANDSHAKE_FAILED:
    default:
      return HANDOFF_STATE_FAILED;
    }
}
