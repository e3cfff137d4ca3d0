/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Threads that block for a reply. The first of them reads the channel, for all; the others sleep
 * until it has something for them, or leaves its place to the next. */

#include "config.h"

#include "call/service-channel-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "call/process.h"
#include "phrasebook/library-text.h"

/* What wakes a thread: one for each that ever blocked for a reply, until it ends. */
typedef struct
{
  pid_t process;
  int fd; /* (owned): an eventfd */
} Waker;

typedef struct
{
  HandoffWaiting waiting;
  GThread *thread; /* (unowned) */
  const Waker *waker;
} BlockingCall;

static void
waker_free (gpointer data)
{
  Waker *self = data;

  close (self->fd);
  g_free (self);
}

static GPrivate thread_waker = G_PRIVATE_INIT (waker_free);

static Waker *
get_waker (GError **error)
{
  Waker *found = g_private_get (&thread_waker);
  int fd;

  /* A child that was forked shares its parent's. */
  if (found != NULL && !handoff_process_is_forked_from (found->process))
    return found;

  fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("A thread that waits for the TLS Handoff service needs a descriptor: %s"),
                   g_strerror (errno));
      return NULL;
    }
  found = g_new0 (Waker, 1);
  found->process = getpid ();
  found->fd = fd;
  g_private_replace (&thread_waker, found);
  return found;
}

static void
ring (const Waker *waker)
{
  const guint64 one = 1;
  G_GNUC_UNUSED gssize written;

  /* That fails only when it was rung very often. */
  written = write (waker->fd, &one, sizeof one);
}

static void
wake (HandoffWaiting *waiting)
{
  BlockingCall *self = (BlockingCall *) waiting;

  if (self->thread != g_thread_self ())
    ring (self->waker);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer waker)
{
  ring (waker);
}

/* Sleeps until something may have changed. Without locks. Returns whether there is something to
 * read, or the end. */
static gboolean
sleep_for (HandoffServiceChannel *self, const Waker *waker, short events, int timeout)
{
  struct pollfd fds[2] = { { .fd = waker->fd, .events = POLLIN },
                           { .fd = self->socket, .events = events } };
  guint64 count;
  G_GNUC_UNUSED gssize n;

  if (poll (fds, events != 0 ? 2 : 1, timeout) <= 0)
    return FALSE;
  if (fds[0].revents != 0)
    n = read (waker->fd, &count, sizeof count);
  return (fds[1].revents & ~POLLOUT) != 0;
}

/* With lock, in which it returns. */
static void
wait_for_reply (HandoffServiceChannel *self, BlockingCall *call, GCancellable *cancellable)
{
  HandoffWaiting *waiting = &call->waiting;
  HandoffPacketStatus status;
  gboolean reads;

  while (!waiting->done)
    {
      short events = 0;
      int timeout = -1;

      if (g_cancellable_is_cancelled (cancellable))
        {
          handoff_channel_abandon (self, waiting, cancellable);
          return;
        }
      status = waiting->sent ? HANDOFF_PACKET_DONE : handoff_channel_send (self, waiting);
      if (waiting->done)
        return;
      if (status == HANDOFF_PACKET_CROWDED)
        timeout = HANDOFF_CHANNEL_CROWDED_PAUSE;
      else if (status == HANDOFF_PACKET_WOULD_BLOCK)
        events = POLLOUT;
      /* Also while it cannot be sent: the service may wait for its replies to be read. */
      reads = g_queue_peek_head (&self->blocking) == waiting;
      if (reads)
        events |= POLLIN;
      g_mutex_unlock (&self->lock);

      if (sleep_for (self, call->waker, events, timeout) && reads)
        {
          g_mutex_lock (&self->read_lock);
          handoff_channel_read (self);
          g_mutex_unlock (&self->read_lock);
        }
      g_mutex_lock (&self->lock);
    }
}

HandoffReply *
handoff_service_channel_call_sync (HandoffServiceChannel *self,
                                   const HandoffChannelCall *call,
                                   GCancellable *cancellable,
                                   GError **error)
{
  BlockingCall blocking = { .waiting.wake = wake, .thread = g_thread_self () };
  HandoffWaiting *waiting = &blocking.waiting;
  HandoffWaiting *next;
  gulong cancelling = 0;
  gboolean was_first;

  g_return_val_if_fail (!handoff_process_is_forked_from (self->process), NULL);

  blocking.waker = get_waker (error);
  if (blocking.waker == NULL)
    {
      g_variant_unref (g_variant_ref_sink (call->arguments));
      return NULL;
    }
  if (cancellable != NULL)
    cancelling = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                        (gpointer) blocking.waker, NULL);

  g_mutex_lock (&self->lock);
  handoff_channel_register (self, waiting, call);
  g_queue_push_tail (&self->blocking, waiting);
  wait_for_reply (self, &blocking, cancellable);
  was_first = g_queue_peek_head (&self->blocking) == waiting;
  g_queue_remove (&self->blocking, waiting);
  next = g_queue_peek_head (&self->blocking);
  if (was_first && next != NULL)
    next->wake (next);
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, cancelling);

  if (waiting->error != NULL)
    g_propagate_error (error, handoff_waiting_take_error (waiting, cancellable));
  return g_steal_pointer (&waiting->reply);
}
