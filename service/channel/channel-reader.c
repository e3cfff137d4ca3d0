/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "channel/channel-reader.h"

#include <sys/socket.h>

#include "channel/channel-call.h"
#include "work/clock.h"
#include "work/descriptor-reaper.h"

#define MESSAGES_PER_TURN 16
/* More messages than a socket holds. */
#define MAX_DROPPED 4096
/* The kernel does not tell when a descriptor has been read, nor the reaper when one was closed. */
#define RETRY_TIME (50 * G_TIME_SPAN_MILLISECOND)

/* The size of a call that is remembered: it usually comes again. Each channel has one. */
#define KNOWN_SIZE 2048

/* What came of an attempt to read. */
typedef enum
{
  READ_ONE,
  READ_NOTHING, /* now */
  READ_END,     /* nor ever */
} ReadResult;

static guint
get_uid (HandoffChannel *channel)
{
  return handoff_caller_get_uid (channel->caller);
}

/* An application that connects to a server again and again makes the same call again and again. */
static void
remember (HandoffChannel *channel, const HandoffChannelMessage *message)
{
  if (message->kind != HANDOFF_CHANNEL_CALL || message->n_fds == 0 ||
      message->body == channel->known || g_variant_get_size (message->body) > KNOWN_SIZE)
    return;
  g_clear_pointer (&channel->known, g_variant_unref);
  channel->known = g_variant_ref (message->body);
}

/* message: (out): filled in for READ_ONE */
static ReadResult
receive (HandoffChannel *channel, HandoffChannelMessage *message)
{
  /* On the worker's own stack, of which only what came is ever touched. */
  guint8 buffer[HANDOFF_CHANNEL_MAX_MESSAGE_SIZE];
  g_autoptr (GError) error = NULL;
  const HandoffPacketStatus status = handoff_channel_message_receive_known (
      channel->fd, HANDOFF_CHANNEL_SERVICE, channel->known, buffer, message, &error);

  if (status == HANDOFF_PACKET_DONE)
    {
      remember (channel, message);
      return READ_ONE;
    }
  handoff_channel_message_reap (message, get_uid (channel));
  if (status == HANDOFF_PACKET_WOULD_BLOCK)
    return READ_NOTHING;
  if (error != NULL)
    g_info ("The channel of %s ends: %s", handoff_caller_get_bus_name (channel->caller),
            error->message);
  return READ_END;
}

/* Whether one more call may be under way. If not, the reader is woken when one has ended. */
static gboolean
has_room (HandoffChannel *channel)
{
  gboolean has;

  g_mutex_lock (&channel->mutex);
  has = channel->n_calls < HANDOFF_CHANNEL_MAXIMUM_CALLS;
  channel->is_waited_for = !has;
  g_mutex_unlock (&channel->mutex);
  return has;
}

/* message: what it owns is taken. FALSE if it breaks the rules. */
static gboolean
handle (HandoffChannel *channel, HandoffChannelMessage *message)
{
  if (message->kind == HANDOFF_CHANNEL_CANCEL)
    {
      handoff_channel_call_cancel (channel, message->serial);
      g_clear_pointer (&message->body, g_variant_unref);
      return TRUE;
    }
  if (has_room (channel))
    return handoff_channel_call_begin (channel, message);
  /* Calls can be cancelled as long as none too many is made. */
  channel->parked = *message;
  return TRUE;
}

/* FALSE if the channel is of no more use. */
static gboolean
read_some (HandoffChannel *channel)
{
  HandoffChannelMessage message;
  guint i;

  for (i = 0; i < MESSAGES_PER_TURN && channel->parked.body == NULL; i++)
    {
      const ReadResult result = receive (channel, &message);

      if (result == READ_NOTHING)
        return TRUE;
      if (result == READ_END || !handle (channel, &message))
        return FALSE;
    }
  return TRUE;
}

/* Likewise. First the call that was parked. */
static gboolean
read_on (HandoffChannel *channel)
{
  if (channel->parked.body == NULL)
    return read_some (channel);
  if (!has_room (channel))
    return TRUE;
  return handoff_channel_call_begin (channel, &channel->parked) && read_some (channel);
}

static void
wait_for (HandoffChannel *channel, HandoffWatchDirection direction, gboolean is_to_retry)
{
  const gint64 deadline =
      is_to_retry ? handoff_clock_get_monotonic_time () + RETRY_TIME : G_MAXINT64;

  if (is_to_retry || channel->is_retrying)
    handoff_watch_set_deadline (channel->watch, deadline);
  channel->is_retrying = is_to_retry;
  if (!handoff_watch_set_direction (channel->watch, direction, NULL))
    handoff_channel_close (channel, HANDOFF_CHANNEL_END_PEER);
}

void
handoff_channel_reader_go_on (HandoffChannel *channel)
{
  HandoffChannelFlow flow;

  if (channel->watch == NULL)
    return;
  flow = handoff_channel_replies_get_flow (channel->replies);
  if (flow == HANDOFF_CHANNEL_FLOW_STUCK)
    wait_for (channel, HANDOFF_WATCH_WRITABLE, FALSE);
  else if (flow == HANDOFF_CHANNEL_FLOW_HELD ||
           !handoff_descriptor_reaper_accepts (get_uid (channel), NULL))
    wait_for (channel, HANDOFF_WATCH_NOTHING, TRUE);
  else if (flow == HANDOFF_CHANNEL_FLOW_BROKEN || !read_on (channel))
    handoff_channel_close (channel, HANDOFF_CHANNEL_END_PEER);
  else
    wait_for (channel,
              channel->parked.body == NULL ? HANDOFF_WATCH_READABLE : HANDOFF_WATCH_NOTHING, FALSE);
}

static void
ready (gboolean timed_out, gpointer user_data)
{
  g_autoptr (HandoffChannel) channel = handoff_channel_ref (user_data);

  handoff_channel_replies_flush (channel->replies);
  handoff_channel_reader_go_on (channel);
}

gboolean
handoff_channel_reader_start (HandoffChannel *channel, GError **error)
{
  channel->watch = handoff_watch_new (handoff_channel_get_worker (channel), channel->fd, G_MAXINT64,
                                      ready, channel);
  return handoff_watch_set_direction (channel->watch, HANDOFF_WATCH_READABLE, error);
}

/* Nothing more can be sent to the service: answers what was sent before. So nobody at the other end
 * has to guess whether a call was begun. */
static void
refuse_all (HandoffChannel *channel)
{
  HandoffChannelMessage message;

  shutdown (channel->fd, SHUT_RD);
  if (channel->parked.body != NULL)
    handoff_channel_call_refuse (channel, &channel->parked);
  while (receive (channel, &message) == READ_ONE)
    {
      if (message.kind == HANDOFF_CHANNEL_CALL)
        handoff_channel_call_refuse (channel, &message);
      g_clear_pointer (&message.body, g_variant_unref);
    }
}

/* Nothing more can be sent to the service, and what was sent nobody wants. The other end may be
 * among it: as long as it lay in this socket, it would not be closed. */
static void
drop_all (HandoffChannel *channel)
{
  guint8 buffer[HANDOFF_CHANNEL_MAX_MESSAGE_SIZE];
  HandoffChannelMessage message;
  HandoffPacketStatus status;
  gboolean is_end = FALSE;
  guint i;

  for (i = 0; i < MAX_DROPPED && !is_end; i++)
    {
      status = handoff_channel_message_receive (channel->fd, HANDOFF_CHANNEL_SERVICE, buffer,
                                                &message, NULL);
      /* An empty packet looks like it: who sends one before such a thing loses a channel by it. */
      is_end = status == HANDOFF_PACKET_CLOSED && message.n_fds == 0;
      handoff_channel_message_reap (&message, get_uid (channel));
      g_clear_pointer (&message.body, g_variant_unref);
    }
}

void
handoff_channel_reader_end (HandoffChannel *channel, HandoffChannelEnd end)
{
  if (channel->watch == NULL)
    return;
  if (end == HANDOFF_CHANNEL_END_SERVICE)
    refuse_all (channel);
  else if (end == HANDOFF_CHANNEL_END_CALLER)
    read_some (channel);
  if (end != HANDOFF_CHANNEL_END_SERVICE)
    {
      shutdown (channel->fd, SHUT_RDWR);
      drop_all (channel);
    }
  g_clear_pointer (&channel->watch, handoff_watch_free);
  g_clear_pointer (&channel->known, g_variant_unref);
  handoff_channel_message_reap (&channel->parked, get_uid (channel));
  g_clear_pointer (&channel->parked.body, g_variant_unref);
}
