/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Calls that wait in a main context: a source in each that has some, which reads the channel. All
 * of them do: none may rely on another's main loop, which its thread may not run for a while. */

#include "config.h"

#include "call/service-channel-private.h"

#include "call/process.h"

/* Messages that one dispatch reads, before other sources of the main context get their turn. */
#define MAX_AT_ONCE 16

/* Whether it is there depends on n_calls alone: with the channel's lock, as all in it. */
typedef struct
{
  GSource source;
  HandoffServiceChannel *channel; /* (owned) */
  GMainContext *context;          /* (unowned) */
  gpointer tag;                   /* of the channel's socket */
  GQueue unsent;                  /* (element-type AsyncCall) */
  gboolean is_full;               /* waits until the socket takes more */
  GQueue done;                    /* (element-type AsyncCall): whose callbacks come next */
  GHashTable *calls;              /* (owned) (element-type AsyncCall): owned; all of them */
} Watch;

typedef struct
{
  HandoffWaiting waiting;
  Watch *watch; /* (unowned): it lives as long as it has this call */
  HandoffReplyFunc func;
  gpointer user_data;
  GCancellable *cancellable; /* (owned) (nullable) */
  gulong cancelling;
  gboolean registered; /* the service knows of it, or may */
} AsyncCall;

static void
async_call_free (AsyncCall *self)
{
  handoff_waiting_clear (&self->waiting);
  g_clear_object (&self->cancellable);
  g_free (self);
}

/* With lock. */
static void
wake (HandoffWaiting *waiting)
{
  AsyncCall *self = (AsyncCall *) waiting;

  g_queue_remove (&self->watch->unsent, self);
  g_queue_push_tail (&self->watch->done, self);
  g_source_set_ready_time (&self->watch->source, 0);
}

/* Sends what can be sent, and sees to it that the rest is tried again. With lock. */
static void
send_unsent (Watch *self)
{
  HandoffPacketStatus status = HANDOFF_PACKET_DONE;
  const gint64 pause = HANDOFF_CHANNEL_CROWDED_PAUSE * G_TIME_SPAN_MILLISECOND;
  AsyncCall *call;
  gboolean is_full;

  while ((call = g_queue_peek_head (&self->unsent)) != NULL)
    {
      status = handoff_channel_send (self->channel, &call->waiting);
      if (status == HANDOFF_PACKET_WOULD_BLOCK || status == HANDOFF_PACKET_CROWDED)
        break;
      g_queue_remove (&self->unsent, call);
    }
  is_full = status == HANDOFF_PACKET_WOULD_BLOCK;
  if (is_full != self->is_full)
    g_source_modify_unix_fd (&self->source, self->tag, is_full ? G_IO_IN | G_IO_OUT : G_IO_IN);
  self->is_full = is_full;
  if (status == HANDOFF_PACKET_CROWDED && g_queue_is_empty (&self->done))
    g_source_set_ready_time (&self->source, g_get_monotonic_time () + pause);
}

static void
read_some (Watch *self)
{
  guint i;

  if (g_source_query_unix_fd (&self->source, self->tag) == 0)
    return;
  g_mutex_lock (&self->channel->read_lock);
  for (i = 0; i < MAX_AT_ONCE && handoff_channel_read (self->channel); i++)
    ;
  g_mutex_unlock (&self->channel->read_lock);
}

/* Without lock. call: consumed */
static void
call_back (AsyncCall *call)
{
  HandoffReply *reply = g_steal_pointer (&call->waiting.reply);
  GError *error = handoff_waiting_take_error (&call->waiting, call->cancellable);

  g_cancellable_disconnect (call->cancellable, call->cancelling);
  call->func (reply, error, call->user_data);
  async_call_free (call);
}

/* Callbacks may let the main context iterate within. */
static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Watch *self = (Watch *) source;
  HandoffServiceChannel *channel = self->channel;
  AsyncCall *call;
  gboolean goes_on;

  /* What comes is for the parent. */
  if (handoff_process_is_forked_from (channel->process))
    return G_SOURCE_REMOVE;
  g_source_set_ready_time (source, -1);
  read_some (self);

  g_mutex_lock (&channel->lock);
  while ((call = g_queue_pop_head (&self->done)) != NULL)
    {
      g_hash_table_remove (self->calls, call);
      g_mutex_unlock (&channel->lock);
      call_back (call);
      g_mutex_lock (&channel->lock);
    }
  if (!g_queue_is_empty (&self->unsent))
    send_unsent (self);
  goes_on = g_hash_table_size (self->calls) > 0;
  if (!goes_on && g_hash_table_lookup (channel->watches, self->context) == self)
    g_hash_table_remove (channel->watches, self->context);
  g_mutex_unlock (&channel->lock);
  return goes_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* The main context went away under calls: nobody hears of them. */
static void
dispose (GSource *source)
{
  Watch *self = (Watch *) source;
  HandoffServiceChannel *channel = self->channel;
  GHashTableIter iter;
  gpointer key;

  if (handoff_process_is_forked_from (channel->process))
    return;
  g_mutex_lock (&channel->lock);
  if (g_hash_table_lookup (channel->watches, self->context) == self)
    g_hash_table_remove (channel->watches, self->context);
  g_hash_table_iter_init (&iter, self->calls);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      AsyncCall *call = key;

      if (!call->waiting.done)
        handoff_channel_abandon (channel, &call->waiting, NULL);
    }
  g_mutex_unlock (&channel->lock);
}

static void
finalize (GSource *source)
{
  Watch *self = (Watch *) source;
  HandoffServiceChannel *channel = self->channel;
  GHashTableIter iter;
  gpointer key;

  if (!handoff_process_is_forked_from (channel->process))
    {
      g_hash_table_iter_init (&iter, self->calls);
      while (g_hash_table_iter_next (&iter, &key, NULL))
        {
          AsyncCall *call = key;

          g_cancellable_disconnect (call->cancellable, call->cancelling);
          async_call_free (call);
        }
    }
  g_queue_clear (&self->unsent);
  g_queue_clear (&self->done);
  g_hash_table_unref (self->calls);
  handoff_service_channel_unref (channel);
}

static GSourceFuncs watch_funcs = { .dispatch = dispatch, .finalize = finalize };

/* With lock. (transfer none) */
static Watch *
get_watch (HandoffServiceChannel *channel, GMainContext *context)
{
  Watch *self = g_hash_table_lookup (channel->watches, context);
  GSource *source;

  /* A context frees its memory before its sources: another may have the address already. */
  if (self != NULL && !g_source_is_destroyed (&self->source))
    return self;

  source = g_source_new (&watch_funcs, sizeof (Watch));
  self = (Watch *) source;
  g_source_set_dispose_function (source, dispose);
  g_source_set_static_name (source, "[tls-handoff] channel");
  g_source_set_can_recurse (source, TRUE);
  self->channel = handoff_service_channel_ref (channel);
  self->context = context;
  self->tag = g_source_add_unix_fd (source, channel->socket, G_IO_IN);
  g_queue_init (&self->unsent);
  g_queue_init (&self->done);
  self->calls = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (channel->watches, context, self);
  g_source_attach (source, context);
  g_source_unref (source);
  return self;
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  AsyncCall *call = user_data;
  HandoffServiceChannel *channel = call->watch->channel;

  if (handoff_process_is_forked_from (channel->process))
    return;
  g_mutex_lock (&channel->lock);
  if (call->registered && !call->waiting.done)
    handoff_channel_abandon (channel, &call->waiting, cancellable);
  g_mutex_unlock (&channel->lock);
}

void
handoff_service_channel_call_async (HandoffServiceChannel *self,
                                    const HandoffChannelCall *call,
                                    GCancellable *cancellable,
                                    HandoffReplyFunc func,
                                    gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  AsyncCall *waiting = g_new0 (AsyncCall, 1);

  g_return_if_fail (!handoff_process_is_forked_from (self->process));

  waiting->waiting.wake = wake;
  waiting->func = func;
  waiting->user_data = user_data;

  g_mutex_lock (&self->lock);
  waiting->watch = get_watch (self, context);
  g_hash_table_add (waiting->watch->calls, waiting);
  g_mutex_unlock (&self->lock);

  /* Before anybody can call back. */
  if (cancellable != NULL)
    {
      waiting->cancellable = g_object_ref (cancellable);
      waiting->cancelling =
          g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), waiting, NULL);
    }

  g_mutex_lock (&self->lock);
  handoff_channel_register (self, &waiting->waiting, call);
  waiting->registered = TRUE;
  if (g_cancellable_is_cancelled (cancellable))
    handoff_channel_abandon (self, &waiting->waiting, cancellable);
  else
    {
      g_queue_push_tail (&waiting->watch->unsent, waiting);
      send_unsent (waiting->watch);
    }
  g_mutex_unlock (&self->lock);
}
