/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "gate/pending-call.h"

#include "caller/descriptor-reader.h"

/* After that, self uses nothing of the service any more. */
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
  /* The context may go with the call. */
  handoff_idle_timer_release (handoff_call_context_get_gate (self->context)->idle_timer);
  handoff_call_free (g_steal_pointer (&self->call));
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

static void
pending_call_free (HandoffPendingCall *self)
{
  let_go (self);
  g_clear_pointer (&self->reply, g_variant_unref);
  g_clear_pointer (&self->pass, handoff_pass_free);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPendingCall, pending_call_free)

/* Whether somebody waits for it. */
static gboolean
is_alive (HandoffPendingCall *self)
{
  return self->call != NULL && !g_cancellable_is_cancelled (get_cancellable (self));
}

static void go_on (HandoffPendingCall *self);

static void
step_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPendingCall) self = user_data;
  const HandoffPlan *plan = self->plan;
  g_autoptr (GError) error = NULL;

  if (!is_alive (self))
    return;
  if (self->next[-1].finish (self, result, &error))
    go_on (g_steal_pointer (&self));
  else if (plan->fail != NULL)
    plan->fail (g_steal_pointer (&self), error);
  else
    handoff_pending_call_fail (g_steal_pointer (&self), error);
}

/* self: (transfer full): alive */
static void
go_on (HandoffPendingCall *self)
{
  while (self->next->begin != NULL)
    {
      const HandoffStep *step = self->next++;

      if (step->begin (self, step_done) != HANDOFF_STEP_SKIPPED)
        return;
    }
  if (self->plan->end != NULL)
    {
      self->plan->end (self);
    }
  else
    {
      g_autoptr (GVariant) reply = g_steal_pointer (&self->reply);

      handoff_call_return (handoff_pending_call_steal_call (self), reply, NULL);
    }
}

void
handoff_pending_call_start (const HandoffCallContext *context,
                            HandoffCall *call,
                            gpointer data,
                            GDestroyNotify destroy_data,
                            const HandoffPlan *plan)
{
  HandoffPendingCall *self = g_new0 (HandoffPendingCall, 1);

  self->context = context;
  self->call = call;
  self->data = data;
  self->destroy_data = destroy_data;
  self->plan = plan;
  self->next = plan->steps;
  handoff_idle_timer_hold (handoff_call_context_get_gate (context)->idle_timer);
  self->cancelled = g_cancellable_source_new (get_cancellable (self));
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (caller_left), self, NULL);
  g_source_attach (self->cancelled, NULL);
  go_on (self);
}

guint
handoff_pending_call_get_uid (HandoffPendingCall *self)
{
  return handoff_caller_get_uid (handoff_call_get_caller (self->call));
}

void
handoff_pending_call_read (HandoffPendingCall *self,
                           int fd,
                           const char *what,
                           gsize maximum_size,
                           GAsyncReadyCallback done)
{
  handoff_descriptor_read_async (fd, handoff_pending_call_get_uid (self), what, maximum_size,
                                 get_cancellable (self), done, self);
}

static void
entered (gpointer user_data)
{
  g_autoptr (HandoffPendingCall) self = user_data;

  if (is_alive (self))
    go_on (g_steal_pointer (&self));
}

HandoffStepState
handoff_pending_call_enter (HandoffPendingCall *self, GAsyncReadyCallback done)
{
  self->pass = handoff_turnstile_queue (handoff_call_context_get_gate (self->context)->turnstile,
                                        handoff_pending_call_get_uid (self), entered, self);
  return HANDOFF_STEP_BEGUN;
}

HandoffStepState
handoff_pending_call_leave (HandoffPendingCall *self, GAsyncReadyCallback done)
{
  g_clear_pointer (&self->pass, handoff_pass_free);
  return HANDOFF_STEP_SKIPPED;
}

HandoffCall *
handoff_pending_call_steal_call (HandoffPendingCall *self)
{
  HandoffCall *call = g_steal_pointer (&self->call);

  handoff_idle_timer_release (handoff_call_context_get_gate (self->context)->idle_timer);
  pending_call_free (self);
  return call;
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
