/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/places.h"

#include <poll.h>
#include <unistd.h>

#include "keyblob/packet.h"
#include "link/handshaker-messages.h"
#include "link/link-message.h"
#include "work/clock.h"

G_STATIC_ASSERT (HANDOFF_RESERVE_BLOCK <= HANDOFF_PLACES_BLOCK);

/* The broker answers out of its main loop, which nothing blocks. Without an answer there is no
 * place, and the caller hears that. */
#define PATIENCE (2 * G_TIME_SPAN_SECOND)

typedef struct
{
  HandoffPlacesSocket *socket; /* (unowned) */
  guint which;
} Counter;

/* Threads: whoever has the lock uses the socket. */
struct _HandoffPlacesSocket
{
  Counter counters[HANDOFF_N_PLACES];
  GMutex mutex;
  int fd; /* (owned) */
  guint32 last_serial;
  guint8 *buffer; /* (owned) */
};

HandoffPlacesSocket *
handoff_places_socket_new (int socket)
{
  HandoffPlacesSocket *self = g_new0 (HandoffPlacesSocket, 1);

  g_mutex_init (&self->mutex);
  self->fd = socket;
  self->buffer = g_malloc (HANDOFF_PACKET_MAX_SIZE);
  return self;
}

void
handoff_places_socket_free (HandoffPlacesSocket *self)
{
  g_mutex_clear (&self->mutex);
  close (self->fd);
  g_free (self->buffer);
  g_free (self);
}

/* FALSE if that does not come. deadline: monotonic time, microseconds */
static gboolean
wait_for (HandoffPlacesSocket *self, short events, gint64 deadline)
{
  struct pollfd pollfd = { self->fd, events, 0 };
  gint64 rest;

  do
    {
      rest = handoff_clock_get_sleep (deadline);
      if (rest == 0)
        return FALSE;
    }
  while (poll (&pollfd, 1, rest > 0 ? (int) (rest / 1000) + 1 : -1) <= 0);
  return TRUE;
}

/* Call with the lock held. */
static gboolean
send (HandoffPlacesSocket *self, const HandoffLinkHead *head, guint which, guint n, gint64 deadline)
{
  g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new ("(uu)", which, n));
  HandoffLinkBytes bytes;
  HandoffPacketStatus status;

  if (!handoff_link_message_pack (&handoff_places_table, head, body, &bytes, NULL))
    return FALSE;
  do
    status = handoff_packet_send (self->fd, bytes.data, bytes.size, NULL, 0, NULL);
  while (status == HANDOFF_PACKET_WOULD_BLOCK && wait_for (self, POLLOUT, deadline));
  handoff_link_bytes_clear (&bytes);
  return status == HANDOFF_PACKET_DONE;
}

/* Likewise. What comes late, to a request that was given up, is passed over: the broker counts
 * those places for this process, until it ends. Returns: 0 without an answer. */
static guint
receive (HandoffPlacesSocket *self, guint32 serial, gint64 deadline)
{
  for (;;)
    {
      HandoffPacketRights rights = { 0 };
      HandoffLinkHead head;
      g_autoptr (GVariant) body = NULL;
      gsize size;
      guint n;
      const HandoffPacketStatus status =
          handoff_packet_receive (self->fd, self->buffer, &size, &rights, NULL);

      if (status == HANDOFF_PACKET_WOULD_BLOCK)
        {
          if (!wait_for (self, POLLIN, deadline))
            return 0;
          continue;
        }
      if (status != HANDOFF_PACKET_DONE ||
          !handoff_link_message_parse (&handoff_places_table, HANDOFF_LINK_LOWER, self->buffer,
                                       size, rights.n_fds, &head, &body, NULL))
        return 0;
      if (head.serial != serial)
        continue;
      if (head.kind != HANDOFF_LINK_REPLY)
        return 0;
      g_variant_get (body, "(u)", &n);
      return n;
    }
}

static gint64
get_deadline (void)
{
  return handoff_clock_get_monotonic_time () + PATIENCE;
}

static guint
lend (guint n, gpointer user_data)
{
  const Counter *counter = user_data;
  HandoffPlacesSocket *self = counter->socket;
  const gint64 deadline = get_deadline ();
  HandoffLinkHead head = { HANDOFF_LINK_REQUEST, HANDOFF_PLACES_TAKE, 0 };
  guint given = 0;

  g_mutex_lock (&self->mutex);
  head.serial = ++self->last_serial;
  if (send (self, &head, counter->which, n, deadline))
    given = receive (self, head.serial, deadline);
  g_mutex_unlock (&self->mutex);
  return MIN (given, n);
}

static void
take_back (guint n, gpointer user_data)
{
  const Counter *counter = user_data;
  HandoffPlacesSocket *self = counter->socket;
  const HandoffLinkHead head = { HANDOFF_LINK_NOTICE, HANDOFF_PLACES_GIVE_BACK, 0 };

  g_mutex_lock (&self->mutex);
  send (self, &head, counter->which, n, get_deadline ());
  g_mutex_unlock (&self->mutex);
}

static const HandoffReserveFuncs reserve_funcs = { lend, take_back };

void
handoff_places_socket_serve (HandoffPlacesSocket *self, guint which, HandoffQuota *quota)
{
  Counter *counter = &self->counters[which];

  counter->socket = self;
  counter->which = which;
  handoff_quota_set_reserve (quota, &reserve_funcs, counter);
}
