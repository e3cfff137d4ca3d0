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
#include "session/session-home.h"

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

/* Names that are known only in the handshake, or after it. */
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

/* Before the reply: who has it, and asks what the service has counted, finds it there. */
static void
account_for_completion (const HandoffSessionContext *context,
                        HandoffSession *session,
                        const HandoffHandshakeOutcome *outcome)
{
  guint uid = handoff_caller_get_uid (session->caller);

  session->end_time = handoff_clock_get_monotonic_time ();
  session->counted = TRUE;
  session->outcome = handoff_handshake_outcome_copy (outcome);
  /* What the peer sent is for the reply: the session need not keep it. */
  g_clear_pointer (&session->outcome->peer_certificates, g_variant_unref);
  g_clear_pointer (&session->outcome->certificate_authorities, g_variant_unref);
  take_names (session, outcome);
  handoff_statistics_count (context->statistics, HANDOFF_STATISTIC_COMPLETED, uid);
  if (outcome->resumed)
    handoff_statistics_count (context->statistics, HANDOFF_STATISTIC_RESUMED, uid);
}

/* Likewise. */
static void
account_for_failure (const HandoffSessionContext *context, HandoffSession *session)
{
  if (session->counted)
    return;
  session->end_time = handoff_clock_get_monotonic_time ();
  session->counted = TRUE;
  handoff_resumption_failed (context->resumption, session);
  handoff_statistics_count (context->statistics, HANDOFF_STATISTIC_FAILED,
                            handoff_caller_get_uid (session->caller));
}

/* Returns whether it completes the handshake. */
static gboolean
take_progress (const HandoffSessionContext *context,
               HandoffSession *session,
               HandoffHandshakeProgress *progress)
{
  gboolean completes = progress->outcome != NULL && session->outcome == NULL &&
                       (progress->state == HANDOFF_HANDSHAKE_COMPLETE ||
                        progress->state == HANDOFF_HANDSHAKE_EXPORTED);

  session->state = progress->state;
  if (completes)
    account_for_completion (context, session, progress->outcome);
  handoff_session_store_note (context->sessions, session);
  switch (progress->state)
    {
    case HANDOFF_HANDSHAKE_EXPORTED:
      handoff_resumption_keep (context->resumption, session, progress);
      /* Nothing of it is left on the worker. */
      g_clear_pointer (&session->handshake_place, handoff_place_free);
      if (session->transient && session->window == NULL)
        handoff_session_store_remove (context->sessions, session);
      break;
    case HANDOFF_HANDSHAKE_FAILED:
      account_for_failure (context, session);
      /* A handshake on a socket: nobody knows the session's path, or only the failure is left. */
      if (session->transient || !session->stepwise)
        handoff_session_store_remove (context->sessions, session);
      break;
    case HANDOFF_HANDSHAKE_COMPLETE:
    case HANDOFF_HANDSHAKE_CONTINUE:
    case HANDOFF_HANDSHAKE_REVIEW:
    case HANDOFF_HANDSHAKE_REQUEST:
    default:
      break;
    }
  return completes;
}

/* What may take time is done when the caller has its reply. */
static void
operation_done (HandoffHandshakeProgress *progress, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (HandoffHandshakeProgress) owned_progress = progress;
  HandoffSession *session = operation->session;
  const HandoffSessionReply *reply = &operation->reply;
  g_autoptr (HandoffCaller) caller = g_steal_pointer (&session->actor);
  gboolean completes;

  session->busy = FALSE;
  completes = take_progress (operation->context, session, owned_progress);
  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (caller)))
    reply->caller_left (reply->user_data);
  else
    reply->reply (session, owned_progress, reply->user_data);
  if (completes)
    handoff_session_audit (session, NULL);
}

/* A session that goes by itself after some time. */
static gboolean
lifetime_over (gpointer user_data)
{
  HandoffSession *session = user_data;

  handoff_session_store_remove (session->store, session);
  return G_SOURCE_REMOVE;
}

/* It is in the store as long as the timer is there. */
static void
limit_lifetime (const HandoffSessionContext *context, HandoffSession *session, guint seconds)
{
  session->lifetime =
      handoff_home_timer_new (context->home, seconds * G_TIME_SPAN_SECOND, lifetime_over, session);
}

/* What waits for the end of a handshake. */
typedef struct
{
  HandoffSessionContext *context; /* (owned) */
  HandoffSession *session;        /* (owned) */
  HandoffSeat *seat;              /* (owned) */
} Ending;

/* The session comes last: it keeps the service, and the workers' pool with it. */
static void
ending_free (Ending *ending)
{
  handoff_seat_unref (ending->seat);
  handoff_session_home_unref (ending->context);
  handoff_session_unref (ending->session);
  g_free (ending);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ending, ending_free)

/* If the handshake was refused, tells the peer why. */
static void
leave_socket (const Ending *ending)
{
  HandoffSession *session = ending->session;
  const int fd = handoff_handshake_take_socket (session->handshake);

  if (fd >= 0)
    handoff_farewell_say (handoff_seat_ref (ending->seat), ending->context->idle_timer,
                          g_steal_pointer (&session->handshake_place),
                          handoff_caller_get_uid (session->caller), fd, HANDOFF_ALERT_NONE);
}

/* The handshake was complete, but nobody fetched the keys. The audit log and the quota have counted
 * it as complete: only who watches is told. */
static void
expire (const HandoffSessionContext *context, HandoffSession *session)
{
  if (context->observer != NULL && !session->removed)
    context->observer->expired (session, context->observer_data);
}

/* Nothing is left of the handshake on the worker, and whoever waited for it has the reply. */
static void
ended (gpointer user_data)
{
  g_autoptr (Ending) ending = user_data;
  HandoffSession *session = ending->session;
  g_autoptr (GError) error = handoff_handshake_dup_error (session->handshake);
  const char *label = handoff_handshake_get_credential_label (session->handshake);

  leave_socket (ending);
  g_clear_pointer (&session->handshake_place, handoff_place_free);
  if (error == NULL)
    return;
  session->failed = TRUE;
  if (label != NULL)
    {
      g_free (session->credential_label);
      session->credential_label = g_strdup (label);
    }
  handoff_session_store_note (ending->context->sessions, session);
  /* A caller who wants to know asks soon; perhaps nobody is left who would. */
  if (session->transient && !session->busy && !session->removed && session->lifetime == NULL)
    limit_lifetime (ending->context, session, FAILED_SESSION_SECONDS);
  if (session->outcome != NULL)
    {
      expire (ending->context, session);
      return;
    }
  account_for_failure (ending->context, session);
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
  handoff_session_store_note (ending->context->sessions, session);
}

void
handoff_session_begin (const HandoffSessionContext *context,
                       HandoffSession *session,
                       HandoffHandshakeRequest *request)
{
  Ending *ending = g_new (Ending, 1);
  guint timeout = request->options->timeout;

  ending->context = handoff_session_home_ref (context);
  ending->session = handoff_session_ref (session);
  ending->seat =
      handoff_session_context_take_seat (context, handoff_caller_get_uid (session->caller));
  session->stepwise = request->stepwise;
  session->start_time = handoff_clock_get_monotonic_time ();
  handoff_resumption_prepare (context->resumption, session, request);
  session->handshake = handoff_handshake_new (handoff_seat_get_worker (ending->seat), context->home,
                                              request, ended, asked, ending);
  handoff_session_store_add (context->sessions, session);
  if (context->observer != NULL)
    context->observer->added (session, context->observer_data);
  if (session->outlives_caller)
    limit_lifetime (context, session, timeout);
  /* On a socket its first operation begins at once, and starts it. */
  if (session->stepwise)
    handoff_handshake_start (session->handshake);
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
  handoff_handshake_step (session->handshake, input, operation_done,
                          operation_new (context, session, reply));
}

void
handoff_session_review (const HandoffSessionContext *context,
                        HandoffSession *session,
                        gboolean accept,
                        HandoffSessionReply reply)
{
  handoff_handshake_review (session->handshake, accept, operation_done,
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
                         HandoffSigningGrant *grant,
                         gboolean automatic,
                         HandoffSessionReply reply)
{
  handoff_session_leave (session);
  handoff_handshake_provide (session->handshake, credential, grant, automatic, operation_done,
                             operation_new (context, session, reply));
}

void
handoff_session_export (const HandoffSessionContext *context,
                        HandoffSession *session,
                        const HandoffRecipient *recipient,
                        HandoffSessionReply reply)
{
  handoff_handshake_export (session->handshake, recipient, operation_done,
                            operation_new (context, session, reply));
}
