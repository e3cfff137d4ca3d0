/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-tickets.h"

#include "work/descriptor-reaper.h"
#include "caller/quota.h"

struct _HandoffBusTickets
{
  gatomicrefcount ref_count;

  GMutex mutex;         /* only locks of GLib are taken under it; protects everything below */
  HandoffQuota *inside; /* (owned) */
  gsize bytes_inside;
  GQueue issued;         /* (element-type Ticket): GDBus has not read their calls yet */
  GMainContext *context; /* (owned) (nullable): NULL once it is closed */
  GSourceFunc returned;
  gpointer user_data;
};

typedef struct
{
  HandoffBusTickets *tickets; /* (owned) (nullable): NULL while the ticket is among the issued ones
                               */
  HandoffPlace *place;        /* (owned) */
  guint uid;
  gsize size;
} Ticket;

HandoffBusTickets *
handoff_bus_tickets_new (GMainContext *context, GSourceFunc returned, gpointer user_data)
{
  HandoffBusTickets *self = g_new0 (HandoffBusTickets, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->inside = handoff_quota_new ("calls inside");
  g_queue_init (&self->issued);
  self->context = g_main_context_ref (context);
  self->returned = returned;
  self->user_data = user_data;
  return self;
}

static HandoffBusTickets *
tickets_ref (HandoffBusTickets *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* ticket: (transfer full). With the mutex held. */
static void
take_back (HandoffBusTickets *self, Ticket *ticket)
{
  handoff_place_free (ticket->place);
  self->bytes_inside -= ticket->size;
  g_free (ticket);
}

void
handoff_bus_tickets_unref (HandoffBusTickets *self)
{
  Ticket *ticket;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  while ((ticket = g_queue_pop_head (&self->issued)) != NULL)
    take_back (self, ticket);
  handoff_quota_free (self->inside);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
handoff_bus_tickets_close (HandoffBusTickets *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_clear_pointer (&self->context, g_main_context_unref);
}

gboolean
handoff_bus_tickets_has_room (HandoffBusTickets *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return handoff_quota_get_total (self->inside) < HANDOFF_BUS_CALLS_INSIDE &&
         self->bytes_inside < HANDOFF_BUS_BYTES_INSIDE;
}

gboolean
handoff_bus_tickets_has_room_for (HandoffBusTickets *self, guint uid)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return handoff_quota_get_count (self->inside, uid) < HANDOFF_BUS_CALLS_INSIDE_PER_USER;
}

void
handoff_bus_tickets_issue (HandoffBusTickets *self, guint uid, gsize size)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Ticket *ticket = g_new0 (Ticket, 1);

  ticket->uid = uid;
  ticket->size = size;
  ticket->place = handoff_quota_take (self->inside, uid, HANDOFF_BUS_CALLS_INSIDE_PER_USER,
                                      HANDOFF_BUS_CALLS_INSIDE, NULL);
  g_assert (ticket->place != NULL);
  self->bytes_inside += size;
  g_queue_push_tail (&self->issued, ticket);
}

/* Runs on the thread that frees the message, which may hold locks of GDBus. So returned is never
 * called from here, but later. */
static void
ticket_returned (gpointer data)
{
  Ticket *ticket = data;
  g_autoptr (HandoffBusTickets) self = ticket->tickets;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, self->returned, self->user_data, NULL);
  g_mutex_lock (&self->mutex);
  take_back (self, ticket);
  if (self->context != NULL)
    g_source_attach (source, self->context);
  g_mutex_unlock (&self->mutex);
}

static GQuark
get_quark (void)
{
  return g_quark_from_static_string ("handoff-bus-ticket");
}

void
handoff_bus_ticket_return (GDBusMessage *call)
{
  g_object_set_qdata (G_OBJECT (call), get_quark (), NULL);
}

guint
handoff_bus_ticket_get_uid (GDBusMessage *call)
{
  const Ticket *ticket = g_object_get_qdata (G_OBJECT (call), get_quark ());

  return ticket != NULL ? ticket->uid : HANDOFF_UID_UNKNOWN;
}

/* On GDBus's thread. */
static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  HandoffBusTickets *self = user_data;
  Ticket *ticket;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_mutex_lock (&self->mutex);
  ticket = g_queue_pop_head (&self->issued);
  g_mutex_unlock (&self->mutex);
  if (ticket == NULL)
    return message;
  ticket->tickets = tickets_ref (self);
  g_object_set_qdata_full (G_OBJECT (message), get_quark (), ticket, ticket_returned);
  return message;
}

void
handoff_bus_tickets_attach (HandoffBusTickets *self, GDBusConnection *connection)
{
  g_dbus_connection_add_filter (connection, filter, tickets_ref (self),
                                (GDestroyNotify) handoff_bus_tickets_unref);
}
