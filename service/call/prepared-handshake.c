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

/* Tells a client that nobody will serve it. */
static void
refuse_client (HandoffPreparedHandshake *self)
{
  HandoffHandshakeRequest *request = self->request;

  if (self->refuses_client && request->role == HANDOFF_ROLE_SERVER && request->fd >= 0)
    handoff_farewell_say (handoff_session_context_take_seat (&self->context->shared, request->uid),
                          self->context->shared.idle_timer,
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
        handoff_statistics_count (self->context->shared.statistics, HANDOFF_STATISTIC_DENIED,
                                  handoff_caller_get_uid (caller));
      refuse_client (self);
      handoff_handshake_request_free (self->request);
    }
  g_clear_pointer (&self->waiting_place, handoff_place_free);
  handoff_descriptor_reap (self->pem_fd, handoff_caller_get_uid (caller));
  handoff_session_unref (self->session);
  g_free (self);
}

void
handoff_prepared_handshake_begin (HandoffPreparedHandshake *self, HandoffCall *call)
{
  g_autofree char *path = handoff_session_reply_dup_path (self->session);

  handoff_session_begin (&self->context->shared, self->session, g_steal_pointer (&self->request));
  if (self->session->stepwise)
    handoff_call_return (call, g_variant_new ("(o)", path), NULL);
  else
    handoff_session_step (&self->context->shared, self->session, NULL,
                          handoff_session_reply_new (call, handoff_session_reply_to_handshake));
}

void
handoff_prepared_handshake_fail (HandoffPreparedHandshake *self,
                                 HandoffCall *call,
                                 const GError *error)
{
  self->failed = TRUE;
  handoff_prepared_handshake_note_error (self, error);
  handoff_statistics_count (self->context->shared.statistics, HANDOFF_STATISTIC_FAILED,
                            handoff_caller_get_uid (self->session->caller));
  handoff_call_fail (call, error);
  handoff_session_audit (self->session, error);
}
