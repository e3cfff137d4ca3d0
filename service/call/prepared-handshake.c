/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/prepared-handshake.h"

#include "call/session-reply.h"
#include "caller/farewell.h"
#include "keyblob/tls-handoff-error.h"
#include "session/session-audit.h"
#include "session/session-home.h"
#include "work/descriptor-reaper.h"
#include "work/home.h"

/* Tells a client that nobody will serve it. */
static void
refuse_client (HandoffPreparedHandshake *self)
{
  HandoffHandshakeRequest *request = self->request;

  if (self->refuses_client && request->role == HANDOFF_ROLE_SERVER && request->fd >= 0)
    handoff_farewell_say (handoff_session_context_take_seat (self->context->shared, request->uid),
                          self->context->shared->idle_timer,
                          g_steal_pointer (&self->session->handshake_place), request->uid,
                          g_steal_fd (&request->fd), HANDOFF_ALERT_ACCESS_DENIED);
}

void
handoff_prepared_handshake_note_error (HandoffPreparedHandshake *self, const GError *error)
{
  self->refuses_client =
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT) &&
      !g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
}

void
handoff_prepared_handshake_free (HandoffPreparedHandshake *self)
{
  HandoffCaller *caller = self->session->caller;

  if (self->request != NULL)
    {
      if (!self->failed && !g_cancellable_is_cancelled (handoff_caller_get_cancellable (caller)))
        handoff_statistics_count (self->context->shared->statistics, HANDOFF_STATISTIC_DENIED,
                                  handoff_caller_get_uid (caller));
      refuse_client (self);
      handoff_handshake_request_free (self->request);
    }
  g_clear_pointer (&self->waiting_place, handoff_place_free);
  handoff_descriptor_reap (self->pem_fd, handoff_caller_get_uid (caller));
  handoff_session_unref (self->session);
  g_free (self);
}

/* As it is, it is in the audit log if polkit was asked. */
static void
audit_memory (HandoffCaller *caller, HandoffCallMemory *memory, const char *label)
{
  if (memory != NULL && handoff_call_memory_get (memory) != NULL)
    handoff_call_memory_audit (memory, caller, label);
}

/* At home. self, call: (transfer full) */
static void
begin (HandoffPreparedHandshake *prepared, HandoffCall *owned_call)
{
  g_autoptr (HandoffPreparedHandshake) self = prepared;
  g_autoptr (HandoffCall) call = owned_call;
  const HandoffSessionContext *home = self->context->shared;
  g_autoptr (HandoffCallMemory) memory = handoff_call_steal_memory (call);
  g_autofree char *path = handoff_session_reply_dup_path (self->session);
  /* Of what was allowed: the handshake, which may be complete at once, forgets what it has no use
   * for. */
  g_autofree char *label = g_strdup (self->session->credential_label);

  /* What is told of the caller's end at home reaches only what has begun. */
  if (handoff_call_is_cancelled (call))
    return;
  handoff_session_begin (home, self->session, g_steal_pointer (&self->request));
  handoff_call_note_session (call, self->session->id);
  if (self->session->stepwise)
    handoff_call_return (g_steal_pointer (&call), g_variant_new ("(o)", path), NULL);
  else
    handoff_session_step (
        home, self->session, NULL,
        handoff_session_reply_new (g_steal_pointer (&call), handoff_session_reply_to_handshake));
  /* Now, while the peer has something to do. */
  audit_memory (self->session->caller, memory, label);
}

/* A handshake on its way home. */
typedef struct
{
  HandoffPreparedHandshake *prepared; /* (owned) */
  HandoffCall *call;                  /* (owned) */
} Journey;

static gboolean
arrived (gpointer data)
{
  g_autofree Journey *journey = data;

  begin (journey->prepared, journey->call);
  return G_SOURCE_REMOVE;
}

void
handoff_prepared_handshake_begin (HandoffPreparedHandshake *self, HandoffCall *call)
{
  HandoffWorker *home = self->context->shared->home;
  HandoffCallMemory *memory = handoff_call_get_memory (call);
  Journey *journey;

  if (handoff_home_is_here (home))
    {
      begin (self, call);
      return;
    }
  /* It had to wait, in line or for its PEM: what was remembered may be forgotten now. */
  if (memory != NULL && !handoff_call_memory_look_again (memory))
    {
      self->ask_again (self, call);
      return;
    }
  if (memory != NULL)
    handoff_call_memory_keep (
        memory, self->request->options->credential != NULL ? self->request->credential : NULL,
        self->request->options->credential != NULL ? self->request->grant : NULL,
        self->request->choice);
  journey = g_new (Journey, 1);
  journey->prepared = self;
  journey->call = call;
  handoff_home_invoke (home, arrived, journey, NULL);
}

void
handoff_prepared_handshake_fail (HandoffPreparedHandshake *self,
                                 HandoffCall *call,
                                 const GError *error)
{
  self->failed = TRUE;
  handoff_prepared_handshake_note_error (self, error);
  handoff_statistics_count (self->context->shared->statistics, HANDOFF_STATISTIC_FAILED,
                            handoff_caller_get_uid (self->session->caller));
  handoff_call_fail (call, error);
  handoff_session_audit (self->session, error);
}
