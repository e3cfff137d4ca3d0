/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-guard.h"

#include <malloc.h>

#include "guard/bus-desk.h"
#include "guard/bus-entrance.h"
#include "guard/bus-inquiry.h"
#include "guard/bus-stream.h"
#include "work/clock.h"

/* After this many bytes the memory is given back to the system, once it is quiet. */
#define BURST (4 * 1024 * 1024)
#define QUIET_SECONDS 1
/* How long the last replies may take. */
#define FAREWELL_TIME (1 * G_TIME_SPAN_SECOND)

/* Threads: the guard's own thread has the desk, the streams and the inquiry. Other threads give it
 * errands (send_on_errand()), and share with it only the tickets, the number of waiting calls
 * (atomic) and the entrance, whose wait any thread may end. Locks: only that of the tickets, under
 * which only locks of GLib are taken; no callback runs with it. */
struct _HandoffBusGuard
{
  HandoffBusEntrance *entrance; /* (owned) */
  HandoffBusTickets *tickets;   /* (owned) */
  HandoffBusInquiry *inquiry;   /* (owned): the thread's */
  GThread *thread;
  GMainContext *context; /* (owned) */

  /* The thread's. */
  HandoffBusDesk *desk;     /* (owned) */
  HandoffBusStream *bus;    /* (owned) (nullable): NULL until the connection is there */
  HandoffBusStream *client; /* (owned) (nullable): likewise */
  gboolean bus_closed;
  gboolean client_closed;
  gboolean hurried; /* unsent messages are not waited for any more */
  gsize burst;
  GSource *quiet; /* (owned) (nullable) */
};

static gboolean
give_memory_back (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  g_clear_pointer (&self->quiet, g_source_unref);
  malloc_trim (0);
  return G_SOURCE_REMOVE;
}

/* Large amounts of messages are gone again soon, but the allocator would keep their memory. */
static void
note_burst (HandoffBusGuard *self, gsize size)
{
  self->burst += size;
  if (self->burst < BURST || self->quiet != NULL)
    return;
  self->burst = 0;
  self->quiet = handoff_clock_timeout_source_new (QUIET_SECONDS * G_TIME_SPAN_SECOND);
  g_source_set_callback (self->quiet, give_memory_back, self, NULL);
  g_source_attach (self->quiet, self->context);
}

static void
update_bus_reading (HandoffBusGuard *self)
{
  handoff_bus_stream_set_reading (self->bus, !handoff_bus_stream_is_full (self->client) &&
                                                 !handoff_bus_inquiry_is_busy (self->inquiry));
}

/* Reading from one socket stops while the other one is full. */
static void
to_bus (HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_stream_send (self->bus, message);
  if (handoff_bus_stream_is_full (self->bus))
    handoff_bus_stream_set_reading (self->client, FALSE);
}

static void
to_client (HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_stream_send (self->client, message);
  update_bus_reading (self);
}

static void
ask (const char *name, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_inquiry_ask (self->inquiry, name);
  update_bus_reading (self);
}

static const HandoffBusDeskFuncs desk_funcs = { to_bus, to_client, ask };

/* The desk has asked the bus which user has a connection. */
static void
inquiry_answered (const char *name, guint uid, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_desk_learn (self->desk, name, uid);
  update_bus_reading (self);
}

static HandoffBusRights
bus_judge_rights (const HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  return handoff_bus_desk_judge_rights (self->desk, message);
}

static gboolean
bus_wants_body (const HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  return handoff_bus_desk_wants_body (self->desk, message);
}

static void
bus_received (HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  note_burst (self, message->full_size);
  handoff_bus_desk_take_from_bus (self->desk, message);
}

static void
bus_relieved (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_stream_set_reading (self->client, TRUE);
}

static void
bus_closed (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  self->bus_closed = TRUE;
}

static const HandoffBusStreamFuncs bus_funcs = { bus_judge_rights, bus_wants_body, bus_received,
                                                 bus_relieved, bus_closed };

static gboolean
client_wants_body (const HandoffBusMessage *message, gpointer user_data)
{
  return TRUE;
}

static void
client_received (HandoffBusMessage *message, gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_desk_take_from_client (self->desk, message);
}

static void
client_relieved (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  update_bus_reading (self);
}

static void
client_closed (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  self->client_closed = TRUE;
}

static const HandoffBusStreamFuncs client_funcs = { NULL, client_wants_body, client_received,
                                                    client_relieved, client_closed };

/* When GDBus has closed its side, its last messages still go to the bus. */
static gboolean
has_ended (HandoffBusGuard *self)
{
  return self->bus_closed || self->hurried ||
         (self->client_closed && handoff_bus_stream_is_empty (self->bus));
}

static gpointer
guard_thread (gpointer data)
{
  HandoffBusGuard *self = data;
  int bus_fd, client_fd;

  g_main_context_push_thread_default (self->context);
  if (handoff_bus_entrance_pass (self->entrance, &bus_fd, &client_fd))
    {
      self->bus = handoff_bus_stream_new (bus_fd, self->context, &bus_funcs, self);
      self->client = handoff_bus_stream_new (client_fd, self->context, &client_funcs, self);
      while (!has_ended (self))
        g_main_context_iteration (self->context, TRUE);
      /* Tells GDBus that the bus is gone. */
      handoff_bus_stream_shut_down (self->client);
    }
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* A call has come out. */
static gboolean
ticket_returned (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  handoff_bus_desk_let_in (self->desk);
  return G_SOURCE_REMOVE;
}

HandoffBusGuard *
handoff_bus_guard_new (const char *bus_address, GError **error)
{
  HandoffBusEntrance *entrance = handoff_bus_entrance_new (bus_address, error);
  HandoffBusGuard *self;

  if (entrance == NULL)
    return NULL;
  self = g_new0 (HandoffBusGuard, 1);
  self->entrance = entrance;
  self->context = g_main_context_new ();
  self->tickets = handoff_bus_tickets_new (self->context, ticket_returned, self);
  self->inquiry = handoff_bus_inquiry_new (bus_address, self->context, inquiry_answered, self);
  self->desk = handoff_bus_desk_new (self->tickets, &desk_funcs, self);
  self->thread = g_thread_new ("bus-guard", guard_thread, self);
  return self;
}

const char *
handoff_bus_guard_get_address (HandoffBusGuard *self)
{
  return handoff_bus_entrance_get_address (self->entrance);
}

/* Something to be done on the thread, once the connection is there. */
typedef struct
{
  HandoffBusGuard *guard;
  void (*func) (HandoffBusGuard *self, const char *text, guint32 number);
  char *text; /* (owned) (nullable) */
  guint32 number;
} Errand;

static gboolean
do_errand (gpointer data)
{
  Errand *errand = data;

  errand->func (errand->guard, errand->text, errand->number);
  return G_SOURCE_REMOVE;
}

static void
errand_free (gpointer data)
{
  Errand *errand = data;

  g_free (errand->text);
  g_free (errand);
}

static void
send_on_errand (HandoffBusGuard *self,
                void (*func) (HandoffBusGuard *self, const char *text, guint32 number),
                const char *text,
                guint32 number)
{
  Errand *errand = g_new (Errand, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  errand->guard = self;
  errand->func = func;
  errand->text = g_strdup (text);
  errand->number = number;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, do_errand, errand, errand_free);
  g_source_attach (source, self->context);
}

static void
open_desk (HandoffBusGuard *self, const char *text, guint32 number)
{
  handoff_bus_desk_open (self->desk);
}

void
handoff_bus_guard_attach (HandoffBusGuard *self, GDBusConnection *connection)
{
  handoff_bus_tickets_attach (self->tickets, connection);
}

void
handoff_bus_guard_start (HandoffBusGuard *self)
{
  send_on_errand (self, open_desk, NULL, 0);
}

static void
hold_desk (HandoffBusGuard *self, const char *text, guint32 number)
{
  handoff_bus_desk_hold (self->desk);
}

void
handoff_bus_guard_hold (HandoffBusGuard *self)
{
  send_on_errand (self, hold_desk, NULL, 0);
}

static void
close_desk (HandoffBusGuard *self, const char *reason, guint32 number)
{
  handoff_bus_desk_close (self->desk, reason);
}

void
handoff_bus_guard_stop (HandoffBusGuard *self, const char *reason)
{
  send_on_errand (self, close_desk, reason, 0);
}

gboolean
handoff_bus_guard_has_calls (HandoffBusGuard *self)
{
  return handoff_bus_desk_has_calls (self->desk);
}

static void
note_read (HandoffBusGuard *self, const char *bus_name, guint32 serial)
{
  handoff_bus_desk_note_read (self->desk, bus_name, serial);
}

void
handoff_bus_guard_note_read (HandoffBusGuard *self, const char *bus_name, guint32 serial)
{
  send_on_errand (self, note_read, bus_name, serial);
}

static gboolean
hurry (gpointer user_data)
{
  HandoffBusGuard *self = user_data;

  self->hurried = TRUE;
  return G_SOURCE_REMOVE;
}

static void
begin_farewell (HandoffBusGuard *self, const char *text, guint32 number)
{
  g_autoptr (GSource) timeout = handoff_clock_timeout_source_new (FAREWELL_TIME);

  g_source_set_callback (timeout, hurry, self, NULL);
  g_source_attach (timeout, self->context);
}

void
handoff_bus_guard_free (HandoffBusGuard *self)
{
  handoff_bus_entrance_cancel (self->entrance);
  send_on_errand (self, begin_farewell, NULL, 0);
  g_thread_join (self->thread);
  handoff_bus_tickets_close (self->tickets);

  if (self->quiet != NULL)
    g_source_destroy (self->quiet);
  g_clear_pointer (&self->quiet, g_source_unref);
  handoff_bus_desk_free (self->desk);
  handoff_bus_inquiry_free (self->inquiry);
  g_clear_pointer (&self->client, handoff_bus_stream_free);
  g_clear_pointer (&self->bus, handoff_bus_stream_free);
  handoff_bus_tickets_unref (self->tickets);
  handoff_bus_entrance_free (self->entrance);
  g_main_context_unref (self->context);
  g_free (self);
}
