/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/farewell.h"

#include <errno.h>
#include <sys/socket.h>

#include "caller/client-socket.h"
#include "work/descriptor-reaper.h"
#include "work/clock.h"

#define MAX_TIME (1 * G_TIME_SPAN_SECOND)
/* A client may have begun a large upload. */
#define MAX_SIZE (64 * 1024 * 1024)
/* Other handshakes on the worker need their turns. */
#define READS_PER_TURN 4

/* Whoever makes it gives it to the worker, which frees it. */
typedef struct
{
  HandoffIdleTimer *idle_timer; /* (unowned): held */
  HandoffPlace *place;          /* (owned) (nullable) */
  HandoffSeat *seat;            /* (owned) */
  guint uid;
  int fd; /* (owned) */
  int alert;
  HandoffWatch *watch; /* (owned) (nullable) */
  gsize size;          /* read so far */
} Farewell;

static void
end (Farewell *self)
{
  g_clear_pointer (&self->watch, handoff_watch_free);
  handoff_descriptor_reap (g_steal_fd (&self->fd), self->uid);
  handoff_seat_unref (self->seat);
  g_clear_pointer (&self->place, handoff_place_free);
  handoff_idle_timer_release (self->idle_timer);
  g_free (self);
}

/* FALSE when there is nothing more to wait for. */
static gboolean
read_on (Farewell *self)
{
  guint8 buffer[64 * 1024];
  guint i;

  for (i = 0; i < READS_PER_TURN && self->size < MAX_SIZE; i++)
    {
      gssize n = handoff_client_socket_receive (self->fd, self->uid, buffer, sizeof buffer);

      if (n <= 0)
        return n < 0 && errno == EAGAIN;
      self->size += (gsize) n;
    }
  return self->size < MAX_SIZE;
}

static void
ready (gboolean timed_out, gpointer user_data)
{
  Farewell *self = user_data;

  if (timed_out || !read_on (self))
    end (self);
}

static void
send_alert (Farewell *self)
{
  const guint8 record[] = { 21, 3, 3, 0, 2, 2, (guint8) self->alert };

  if (send (self->fd, record, sizeof record, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("An alert cannot be sent: %s", g_strerror (errno));
}

/* On the worker. */
static gboolean
start (gpointer user_data)
{
  Farewell *self = user_data;

  if (self->alert != HANDOFF_ALERT_NONE)
    send_alert (self);
  shutdown (self->fd, SHUT_WR);
  self->watch = handoff_watch_new (handoff_seat_get_worker (self->seat), self->fd,
                                   handoff_clock_get_monotonic_time () + MAX_TIME, ready, self);
  if (!handoff_watch_set_direction (self->watch, HANDOFF_WATCH_READABLE, NULL))
    end (self);
  return G_SOURCE_REMOVE;
}

void
handoff_farewell_say (HandoffSeat *seat,
                      HandoffIdleTimer *idle_timer,
                      HandoffPlace *place,
                      guint uid,
                      int fd,
                      int alert)
{
  Farewell *self = g_new0 (Farewell, 1);

  self->idle_timer = idle_timer;
  self->place = place;
  self->seat = seat;
  self->uid = uid;
  self->fd = fd;
  self->alert = alert;
  handoff_idle_timer_hold (idle_timer);
  handoff_worker_invoke (handoff_seat_get_worker (self->seat), start, self, NULL);
}
