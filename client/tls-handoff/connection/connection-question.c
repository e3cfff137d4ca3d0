/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/connection-question.h"
#include "phrasebook/library-text.h"

/* Asks, if nobody did. */
static gboolean
ask (HandoffConnection *self, gboolean blocking)
{
  gboolean asks = FALSE;
  HandoffQuestion question;
  gpointer user_data;

  g_mutex_lock (&self->lock);
  if (self->question.ask != NULL && self->asked_thread == NULL)
    {
      self->asked_thread = g_thread_self ();
      question = self->question;
      user_data = self->question_data;
      asks = TRUE;
    }
  g_mutex_unlock (&self->lock);

  if (asks)
    question.ask (self, blocking, user_data);
  return asks;
}

static gboolean
ask_cb (gpointer self)
{
  ask (self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
end_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* In the thread of the handshake. */
static gboolean
answered_cb (gpointer user_data)
{
  HandoffConnection *self = user_data;
  HandoffQuestion question;
  gpointer question_data;

  end_source (&self->withdrawal);
  end_source (&self->asking);

  g_mutex_lock (&self->lock);
  question = self->question;
  question_data = self->question_data;
  self->question = (HandoffQuestion){ NULL, NULL };
  g_mutex_unlock (&self->lock);

  question.answered (question_data);
  return G_SOURCE_REMOVE;
}

/* The same: nobody is asked any more. */
static gboolean
withdraw_cb (GCancellable *cancellable, gpointer user_data)
{
  HandoffConnection *self = user_data;
  gboolean withdraws;

  g_mutex_lock (&self->lock);
  withdraws = self->question.ask != NULL && self->asked_thread == NULL;
  if (withdraws)
    self->question.ask = NULL;
  g_mutex_unlock (&self->lock);

  if (withdraws)
    answered_cb (self);
  return G_SOURCE_REMOVE;
}

/* func: is called with the connection. (transfer full) */
static GSource *
invoke_in (GMainContext *context, GSourceFunc func, HandoffConnection *self)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, g_object_ref (self), g_object_unref);
  g_source_attach (source, context);
  return source;
}

void
handoff_connection_pose (HandoffConnection *self,
                         const HandoffQuestion *question,
                         gpointer user_data)
{
  self->withdrawal = g_cancellable_source_new (self->handshake_cancellable);
  g_source_set_callback (self->withdrawal, G_SOURCE_FUNC (withdraw_cb), g_object_ref (self),
                         g_object_unref);
  g_source_attach (self->withdrawal, self->flight_context);

  g_mutex_lock (&self->lock);
  self->question = *question;
  self->question_data = user_data;
  self->n_questions++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  if (self->context != NULL)
    self->asking = invoke_in (self->context, ask_cb, self);
}

void
handoff_connection_answered (HandoffConnection *self)
{
  g_mutex_lock (&self->lock);
  self->asked_thread = NULL;
  /* It was asked: not again. */
  self->question.ask = NULL;
  g_mutex_unlock (&self->lock);

  g_source_unref (invoke_in (self->flight_context, answered_cb, self));
}

gboolean
handoff_connection_ask (HandoffConnection *self)
{
  return ask (self, TRUE);
}

gboolean
handoff_connection_ask_while_waiting (HandoffConnection *self)
{
  GMainContext *context = NULL;
  gboolean asked;

  g_mutex_lock (&self->lock);
  if (self->question.ask != NULL && self->asked_thread == NULL)
    context = self->context;
  g_mutex_unlock (&self->lock);
  /* That of another thread's blocking call, or of another thread's main loop. */
  if (context == NULL || !g_main_context_acquire (context))
    return FALSE;

  asked = ask (self, TRUE);
  g_main_context_release (context);
  return asked;
}

gboolean
handoff_connection_is_asked_here (HandoffConnection *self, GError **error)
{
  gboolean asked_here;

  g_mutex_lock (&self->lock);
  asked_here = self->asked_thread == g_thread_self ();
  g_mutex_unlock (&self->lock);

  if (asked_here)
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_FAILED,
        _ ("This TLS connection cannot be used in a blocking way while its handshake "
           "waits for the application's answer in this thread"));
  return asked_here;
}
