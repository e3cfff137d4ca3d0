/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/pending-call.h"

#include "caller/descriptor-reader.h"

/* Nothing of the service is touched any more once the call is gone. */
static void
let_go (HandoffPendingCall *self)
{
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  if (self->data != NULL && self->destroy_data != NULL)
    self->destroy_data (g_steal_pointer (&self->data));
  if (self->call == NULL)
    return;
  handoff_call_free (g_steal_pointer (&self->call));
  handoff_idle_timer_release (self->context->shared.idle_timer);
}

static GCancellable *
get_cancellable (HandoffPendingCall *self)
{
  return handoff_caller_get_cancellable (handoff_call_get_caller (self->call));
}

static gboolean
caller_left (GCancellable *cancellable, gpointer user_data)
{
  let_go (user_data);
  return G_SOURCE_REMOVE;
}

HandoffPendingCall *
handoff_pending_call_new (const HandoffFacadeContext *context,
                          HandoffCall *call,
                          gpointer data,
                          GDestroyNotify destroy_data)
{
  HandoffPendingCall *self = g_new0 (HandoffPendingCall, 1);

  self->context = context;
  self->call = call;
  self->data = data;
  self->destroy_data = destroy_data;
  handoff_idle_timer_hold (context->shared.idle_timer);
  self->cancelled = g_cancellable_source_new (get_cancellable (self));
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (caller_left), self, NULL);
  g_source_attach (self->cancelled, NULL);
  return self;
}

void
handoff_pending_call_free (HandoffPendingCall *self)
{
  let_go (self);
  g_clear_pointer (&self->pass, handoff_pass_free);
  g_free (self);
}

gboolean
handoff_pending_call_is_alive (HandoffPendingCall *self)
{
  return self->call != NULL && !g_cancellable_is_cancelled (get_cancellable (self));
}

guint
handoff_pending_call_get_uid (HandoffPendingCall *self)
{
  return handoff_caller_get_uid (handoff_call_get_caller (self->call));
}

void
handoff_pending_call_queue (HandoffPendingCall *self, HandoffTurnstileFunc entered)
{
  self->pass = handoff_turnstile_queue (self->context->turnstile,
                                        handoff_pending_call_get_uid (self), entered, self);
}

void
handoff_pending_call_read (HandoffPendingCall *self,
                           int fd,
                           const char *what,
                           gsize maximum_size,
                           GAsyncReadyCallback callback)
{
  handoff_descriptor_read_async (fd, handoff_pending_call_get_uid (self), what, maximum_size,
                                 get_cancellable (self), callback, self);
}

HandoffCall *
handoff_pending_call_steal_call (HandoffPendingCall *self)
{
  HandoffCall *call = g_steal_pointer (&self->call);

  handoff_idle_timer_release (self->context->shared.idle_timer);
  handoff_pending_call_free (self);
  return call;
}

void
handoff_pending_call_return (HandoffPendingCall *self, GVariant *value)
{
  handoff_call_return (handoff_pending_call_steal_call (self), value, NULL);
}

void
handoff_pending_call_fail (HandoffPendingCall *self, const GError *error)
{
  handoff_call_fail (handoff_pending_call_steal_call (self), error);
}

void
handoff_pending_call_fail_unknown_object (HandoffPendingCall *self)
{
  handoff_call_fail_unknown_object (handoff_pending_call_steal_call (self));
}
