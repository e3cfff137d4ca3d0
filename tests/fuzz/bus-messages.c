/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What comes from the bus, as the guard between bus and GDBus reads it: any bytes, in any number of
 * messages. The first byte says how the bus, the readers and the service behave; the others come on
 * the socket. A bus looks at messages before it passes them on; the guard does not rely on that. */

#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "guard/bus-desk.h"
#include "guard/bus-stream.h"
#include "fuzz.h"

#define ANSWERS_WHO 1
#define KNOWS_NOBODY 2
#define READS 4
#define REPLIES 8
#define OPENS_LATE 16
#define CLOSES_EARLY 32

typedef struct
{
  guint8 control;
  HandoffBusDesk *desk;
  HandoffBusTickets *tickets;
  GQueue from_bus;    /* (element-type GDBusMessage): answers to the guard's questions */
  GQueue from_client; /* (element-type GDBusMessage): replies to calls */
  gboolean closed;
} Fuzz;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

static GDBusMessage *
new_answer (const HandoffBusMessage *question, const char *sender, const char *error)
{
  GDBusMessage *answer = g_dbus_message_new ();

  g_dbus_message_set_message_type (answer, error != NULL ? G_DBUS_MESSAGE_TYPE_ERROR
                                                         : G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  g_dbus_message_set_reply_serial (answer, question->serial);
  if (sender != NULL)
    g_dbus_message_set_sender (answer, sender);
  if (error != NULL)
    g_dbus_message_set_error_name (answer, error);
  return answer;
}

/* The questions of the guard are the only calls that go to the bus here. */
static void
to_bus (HandoffBusMessage *message, gpointer user_data)
{
  g_autoptr (HandoffBusMessage) owned = message;
  Fuzz *fuzz = user_data;
  GDBusMessage *answer;

  if (g_strcmp0 (message->member, "GetConnectionCredentials") == 0 &&
      (fuzz->control & ANSWERS_WHO) != 0)
    {
      answer = new_answer (
          message, "org.freedesktop.DBus",
          fuzz->control & KNOWS_NOBODY ? "org.freedesktop.DBus.Error.NameHasNoOwner" : NULL);
      if ((fuzz->control & KNOWS_NOBODY) == 0)
        g_dbus_message_set_body (answer, g_variant_new_parsed ("({'UnixUserID': <uint32 7>},)"));
      g_queue_push_tail (&fuzz->from_bus, answer);
    }
  else if (g_strcmp0 (message->member, "Ping") == 0 && (fuzz->control & READS) != 0)
    {
      g_queue_push_tail (&fuzz->from_bus, new_answer (message, message->destination, NULL));
    }
}

static void
to_client (HandoffBusMessage *message, gpointer user_data)
{
  g_autoptr (HandoffBusMessage) owned = message;
  Fuzz *fuzz = user_data;
  GDBusMessage *reply;

  g_assert_cmpuint (message->size, ==, message->full_size);
  if (message->type != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return;
  g_assert_true (fuzz->control & ANSWERS_WHO);
  g_assert_cmpuint (message->uid, ==, 7);
  if ((fuzz->control & REPLIES) == 0 || !g_dbus_is_name (message->sender))
    return;
  reply = new_answer (message, NULL, NULL);
  g_dbus_message_set_destination (reply, message->sender);
  g_queue_push_tail (&fuzz->from_client, reply);
}

/* Nothing is strained here. */
static void
ask (const char *name, gpointer user_data)
{
}

static const HandoffBusDeskFuncs desk_funcs = { to_bus, to_client, ask };

static gboolean
wants_body (const HandoffBusMessage *message, gpointer user_data)
{
  return handoff_bus_desk_wants_body (((Fuzz *) user_data)->desk, message);
}

static void
received (HandoffBusMessage *message, gpointer user_data)
{
  handoff_bus_desk_take_from_bus (((Fuzz *) user_data)->desk, message);
}

static void
relieved (gpointer user_data)
{
}

static void
closed (gpointer user_data)
{
  ((Fuzz *) user_data)->closed = TRUE;
}

static const HandoffBusStreamFuncs stream_funcs = { NULL, wants_body, received, relieved, closed };

static gboolean
ticket_returned (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* The bytes go out with the serial of those that were asked, or of replies. */
static HandoffBusMessage *
pop (GQueue *queue, guint32 serial)
{
  g_autoptr (GDBusMessage) message = g_queue_pop_head (queue);

  return handoff_bus_message_new_from_gdbus (message, serial);
}

static void
answer_all (Fuzz *fuzz)
{
  guint32 serial = 1;

  while (!g_queue_is_empty (&fuzz->from_bus) || !g_queue_is_empty (&fuzz->from_client))
    {
      if (!g_queue_is_empty (&fuzz->from_bus))
        handoff_bus_desk_take_from_bus (fuzz->desk, pop (&fuzz->from_bus, serial));
      else
        handoff_bus_desk_take_from_client (fuzz->desk, pop (&fuzz->from_client, serial));
      serial++;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Fuzz fuzz = { 0 };
  HandoffBusStream *stream;
  int fds[2];

  if (size < 1)
    return 0;
  fuzz.control = data[0];
  fuzz.tickets = handoff_bus_tickets_new (context, ticket_returned, NULL);
  fuzz.desk = handoff_bus_desk_new (fuzz.tickets, &desk_funcs, &fuzz);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  stream = handoff_bus_stream_new (fds[0], context, &stream_funcs, &fuzz);
  if ((fuzz.control & OPENS_LATE) == 0)
    handoff_bus_desk_open (fuzz.desk);

  for (size_t offset = 1; offset < size && !fuzz.closed;)
    {
      gssize n = send (fds[1], data + offset, MIN (size - offset, 4096), MSG_NOSIGNAL);

      g_assert_cmpint (n, >, 0);
      offset += (size_t) n;
      while (g_main_context_iteration (context, FALSE))
        ;
      answer_all (&fuzz);
    }
  if ((fuzz.control & OPENS_LATE) != 0)
    handoff_bus_desk_open (fuzz.desk);
  if ((fuzz.control & CLOSES_EARLY) != 0)
    handoff_bus_desk_close (fuzz.desk, "The service ends");
  answer_all (&fuzz);
  if ((fuzz.control & CLOSES_EARLY) != 0 && (fuzz.control & ANSWERS_WHO) != 0)
    g_assert_false (handoff_bus_desk_has_calls (fuzz.desk));

  handoff_bus_stream_free (stream);
  close (fds[1]);
  handoff_bus_desk_free (fuzz.desk);
  handoff_bus_tickets_close (fuzz.tickets);
  handoff_bus_tickets_unref (fuzz.tickets);
  return 0;
}
