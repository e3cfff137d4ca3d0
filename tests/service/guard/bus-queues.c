/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Each user's share of the calls that wait before the service, and of the replies that are unread.
 */

#include "config.h"

#include "guard/bus-calls.h"
#include "guard/bus-replies.h"

static HandoffBusMessage *
new_message (const char *sender, gsize size)
{
  HandoffBusMessage *message = g_new0 (HandoffBusMessage, 1);

  message->sender = g_strdup (sender);
  message->data = g_malloc0 (size);
  message->size = size;
  message->full_size = size;
  return message;
}

static const char *
push (HandoffBusCalls *calls, guint uid, const char *sender, gsize size)
{
  HandoffBusMessage *message = new_message (sender, size);
  const char *limit = handoff_bus_calls_push (calls, uid, message);

  if (limit != NULL)
    handoff_bus_message_free (message);
  return limit;
}

static void
assert_next (HandoffBusCalls *calls, const char *sender)
{
  g_autoptr (HandoffBusMessage) message = handoff_bus_calls_pop_any (calls);

  g_assert_cmpstr (message != NULL ? message->sender : NULL, ==, sender);
}

/* A user with many calls waits behind a user with few. */
static void
test_turns (void)
{
  g_autoptr (HandoffBusCalls) calls = handoff_bus_calls_new ();

  for (guint i = 0; i < 50; i++)
    g_assert_null (push (calls, 1, ":1.1", 10));
  g_assert_null (push (calls, 2, ":1.2", 10));
  g_assert_null (push (calls, 2, ":1.2", 10));
  assert_next (calls, ":1.1");
  assert_next (calls, ":1.2");
  assert_next (calls, ":1.1");
  assert_next (calls, ":1.2");
  assert_next (calls, ":1.1");
  assert_next (calls, ":1.1");
  g_assert_cmpuint (handoff_bus_calls_get_size (calls), ==, 46);
  handoff_bus_calls_drop (calls, 1, ":1.1");
  g_assert_cmpuint (handoff_bus_calls_get_size (calls), ==, 0);
  assert_next (calls, NULL);
}

static gboolean
is_not (guint uid, gpointer user_data)
{
  return uid != GPOINTER_TO_UINT (user_data);
}

static void
test_may_not_go_on (void)
{
  g_autoptr (HandoffBusCalls) calls = handoff_bus_calls_new ();
  g_autoptr (HandoffBusMessage) message = NULL;

  push (calls, 1, ":1.1", 10);
  push (calls, 2, ":1.2", 10);
  message = handoff_bus_calls_pop (calls, is_not, GUINT_TO_POINTER (1));
  g_assert_cmpstr (message->sender, ==, ":1.2");
  g_assert_null (handoff_bus_calls_pop (calls, is_not, GUINT_TO_POINTER (1)));
  assert_next (calls, ":1.1");
}

/* Limits of a connection, of a user, in bytes. The calls of another user come in all the same. */
static void
test_limits (void)
{
  g_autoptr (HandoffBusCalls) calls = handoff_bus_calls_new ();

  for (guint i = 0; i < HANDOFF_BUS_CALLS_PER_SENDER; i++)
    g_assert_null (push (calls, 1, ":1.1", 10));
  g_assert_nonnull (push (calls, 1, ":1.1", 10));
  for (guint i = HANDOFF_BUS_CALLS_PER_SENDER; i < HANDOFF_BUS_CALLS_PER_USER; i++)
    g_assert_null (push (calls, 1, ":1.2", 10));
  g_assert_nonnull (push (calls, 1, ":1.3", 10));
  g_assert_null (push (calls, 2, ":1.4", HANDOFF_BUS_CALL_BYTES_PER_USER));
  g_assert_nonnull (push (calls, 2, ":1.4", 1));
  g_assert_null (push (calls, 3, ":1.5", 1));
  handoff_bus_calls_drop (calls, 2, ":1.4");
  g_assert_null (push (calls, 2, ":1.4", HANDOFF_BUS_CALL_BYTES_PER_USER));
  assert_next (calls, ":1.1");
  g_assert_null (push (calls, 1, ":1.1", 10));
}

/* Sockets and files in waiting calls: a process may have only so many open. */
static void
test_limits_of_descriptors (void)
{
  g_autoptr (HandoffBusCalls) calls = handoff_bus_calls_new ();

  for (guint i = 0; i <= HANDOFF_BUS_CALL_FDS_PER_USER / 4; i++)
    {
      HandoffBusMessage *message = new_message (i % 2 == 0 ? ":1.1" : ":1.2", 10);
      const char *limit;

      message->fds = g_new (int, 4);
      message->n_fds = 4;
      for (guint n = 0; n < 4; n++)
        message->fds[n] = -1;
      limit = handoff_bus_calls_push (calls, 1, message);
      g_assert_cmpint (limit == NULL, ==, i < HANDOFF_BUS_CALL_FDS_PER_USER / 4);
      if (limit != NULL)
        handoff_bus_message_free (message);
    }
  g_assert_null (push (calls, 1, ":1.1", 10));
}

static void
test_limits_in_all (void)
{
  g_autoptr (HandoffBusCalls) calls = handoff_bus_calls_new ();
  guint uid = 0;

  for (gsize size = 0; size < HANDOFF_BUS_CALL_BYTES; size += HANDOFF_BUS_CALL_BYTES_PER_USER)
    g_assert_null (push (calls, uid++, ":1.1", HANDOFF_BUS_CALL_BYTES_PER_USER));
  g_assert_nonnull (push (calls, uid, ":1.1", 1));
}

/* What the replies sent to the bus. */
typedef struct
{
  HandoffBusReplies *replies;
  gsize bytes;
  guint n_fds;
  GPtrArray *asked; /* (element-type of reader data) */
} Bus;

static void
note_sent (HandoffBusMessage *message, gpointer user_data)
{
  Bus *bus = user_data;

  bus->bytes += message->size;
  bus->n_fds += message->n_fds;
  message->n_fds = 0;
  handoff_bus_message_free (message);
}

static void
note_asked (gpointer reader_data, gpointer user_data)
{
  Bus *bus = user_data;

  g_ptr_array_add (bus->asked, reader_data);
}

static const HandoffBusRepliesFuncs funcs = { note_sent, note_asked };

static void
set_up (Bus *bus, gconstpointer data)
{
  bus->replies = handoff_bus_replies_new (&funcs, bus);
  bus->asked = g_ptr_array_new ();
}

static void
tear_down (Bus *bus, gconstpointer data)
{
  handoff_bus_replies_free (bus->replies);
  g_ptr_array_unref (bus->asked);
}

static void
send_reply (HandoffBusReader *reader, gsize size, guint n_fds, guint32 serial)
{
  HandoffBusMessage *message = new_message (NULL, size);

  /* As if it had descriptors: they are taken away before anybody closes them. */
  message->fds = g_new (int, n_fds);
  for (guint i = 0; i < n_fds; i++)
    message->fds[i] = -1;
  message->n_fds = n_fds;
  message->reply_serial = serial;
  handoff_bus_reader_send (reader, message);
}

/* A user who never reads gets no more than a share, and keeps nothing from others. */
static void
test_share (Bus *bus, gconstpointer data)
{
  g_autoptr (HandoffBusReader) deaf = handoff_bus_reader_new (bus->replies, 1, NULL);
  g_autoptr (HandoffBusReader) other = handoff_bus_reader_new (bus->replies, 2, NULL);
  gsize before;

  for (guint i = 0; i < 1000; i++)
    send_reply (deaf, 100 * 1024, 0, i);
  g_assert_cmpuint (bus->bytes, <=, HANDOFF_BUS_UNREAD_BYTES / 2);
  g_assert_cmpuint (bus->bytes, >, HANDOFF_BUS_UNREAD_BYTES / 8);
  g_assert_false (handoff_bus_replies_has_room (bus->replies, 1));
  g_assert_true (handoff_bus_replies_has_room (bus->replies, 2));
  before = bus->bytes;
  send_reply (other, 100 * 1024, 1, 1);
  g_assert_cmpuint (bus->bytes, ==, before + 100 * 1024);
}

/* There are few descriptors, and many users who do not read: one is left for the next user all the
 * same. */
static void
test_descriptors (Bus *bus, gconstpointer data)
{
  HandoffBusReader *deaf[20];
  HandoffBusReader *other;
  guint before;

  for (guint uid = 0; uid < G_N_ELEMENTS (deaf); uid++)
    {
      deaf[uid] = handoff_bus_reader_new (bus->replies, uid, NULL);
      for (guint i = 0; i < 64; i++)
        send_reply (deaf[uid], 3000, 1, i);
    }
  g_assert_cmpuint (bus->n_fds, <, HANDOFF_BUS_UNREAD_FDS + HANDOFF_BUS_RESERVED_FDS);
  before = bus->n_fds;
  other = handoff_bus_reader_new (bus->replies, 99, NULL);
  send_reply (other, 3000, 1, 1);
  g_assert_cmpuint (bus->n_fds, ==, before + 1);
  handoff_bus_reader_free (other);
  for (guint uid = 0; uid < G_N_ELEMENTS (deaf); uid++)
    handoff_bus_reader_free (deaf[uid]);
}

/* A user who reads gets everything, in order, however much it is. Held replies come with each
 * answer. An answer counts only for what was sent before the question. */
static void
test_answers (Bus *bus, gconstpointer data)
{
  g_autoptr (HandoffBusReader) reader = handoff_bus_reader_new (bus->replies, 1, bus);
  guint n_questions = 0;

  for (guint i = 0; i < 40; i++)
    send_reply (reader, 3000, 1, i);
  g_assert_cmpuint (bus->n_fds, <, 40);
  while (bus->n_fds < 40)
    {
      guint n_fds = bus->n_fds;

      g_assert_cmpuint (bus->asked->len, ==, ++n_questions);
      handoff_bus_reader_answered (reader);
      g_assert_cmpuint (bus->n_fds, >, n_fds);
    }
  g_assert_true (handoff_bus_replies_has_room (bus->replies, 1));
  /* Nothing was asked: an answer without a question shows nothing. */
  if (bus->asked->len > n_questions)
    handoff_bus_reader_answered (reader);
  n_questions = bus->asked->len;
  for (guint i = 0; i < 4; i++)
    {
      handoff_bus_reader_answered (reader);
      send_reply (reader, 3000, 1, i);
    }
  g_assert_cmpuint (bus->asked->len, ==, n_questions + 1);
}

/* Without an answer: a reader that uses what a reply told has read that reply, and those before. */
static void
test_has_read (Bus *bus, gconstpointer data)
{
  g_autoptr (HandoffBusReader) reader = handoff_bus_reader_new (bus->replies, 1, bus);

  for (guint i = 0; i < 1000; i++)
    {
      send_reply (reader, 3000, 1, i);
      g_assert_cmpuint (bus->n_fds, ==, i + 1);
      if (i % 4 == 0)
        handoff_bus_reader_has_read (reader, i);
    }
  g_assert_cmpuint (bus->asked->len, <=, 1);
}

/* The places that a bus keeps for unanswered questions are shared out too. */
static void
test_questions (Bus *bus, gconstpointer data)
{
  HandoffBusReader *deaf[200];

  for (guint i = 0; i < G_N_ELEMENTS (deaf); i++)
    {
      deaf[i] = handoff_bus_reader_new (bus->replies, i / 10, NULL);
      for (guint n = 0; n < 10; n++)
        send_reply (deaf[i], 3000, 1, n);
    }
  g_assert_cmpuint (bus->asked->len, <=, HANDOFF_BUS_QUESTIONS);
  for (guint i = 0; i < G_N_ELEMENTS (deaf); i++)
    handoff_bus_reader_free (deaf[i]);
  /* When a reader leaves, all of its share comes back. */
  deaf[0] = handoff_bus_reader_new (bus->replies, 1, NULL);
  bus->bytes = 0;
  g_ptr_array_set_size (bus->asked, 0);
  send_reply (deaf[0], HANDOFF_BUS_UNREAD_BYTES / 4, 0, 1);
  g_assert_cmpuint (bus->bytes, ==, HANDOFF_BUS_UNREAD_BYTES / 4);
  g_assert_cmpuint (bus->asked->len, ==, 1);
  handoff_bus_reader_free (deaf[0]);
}

/* Held replies are limited too, and go with their reader alone. */
static void
test_held (Bus *bus, gconstpointer data)
{
  HandoffBusReader *deaf = handoff_bus_reader_new (bus->replies, 1, NULL);
  g_autoptr (HandoffBusReader) sibling = handoff_bus_reader_new (bus->replies, 1, NULL);
  gsize before;

  for (guint i = 0; i < 1000; i++)
    send_reply (deaf, 100 * 1024, 0, i);
  before = bus->bytes;
  /* There is no room for this reply behind those. */
  send_reply (sibling, 100 * 1024, 0, 1);
  handoff_bus_reader_free (deaf);
  g_assert_cmpuint (bus->bytes, ==, before);
  g_assert_true (handoff_bus_replies_has_room (bus->replies, 1));
  send_reply (sibling, 1000, 0, 1);
  g_assert_cmpuint (bus->bytes, ==, before + 1000);
}

static void
send_signal (HandoffBusReader *reader, gsize size)
{
  HandoffBusMessage *message = new_message (NULL, size);

  message->type = G_DBUS_MESSAGE_TYPE_SIGNAL;
  handoff_bus_reader_send (reader, message);
}

/* Signals that a program does not read keep no replies from its user's others. When it reads again,
 * it hears of what comes then. */
static void
test_signals (Bus *bus, gconstpointer data)
{
  g_autoptr (HandoffBusReader) deaf = handoff_bus_reader_new (bus->replies, 1, NULL);
  g_autoptr (HandoffBusReader) sibling = handoff_bus_reader_new (bus->replies, 1, NULL);
  gsize before;

  for (guint i = 0; i < 1000; i++)
    send_signal (deaf, 100 * 1024);
  g_assert_cmpuint (bus->bytes, >, HANDOFF_BUS_UNREAD_BYTES / 8);
  g_assert_true (handoff_bus_replies_has_room (bus->replies, 1));
  before = bus->bytes;
  send_reply (sibling, 100 * 1024, 0, 1);
  g_assert_cmpuint (bus->bytes, ==, before + 100 * 1024);

  handoff_bus_reader_answered (deaf);
  send_signal (deaf, 100 * 1024);
  handoff_bus_reader_answered (deaf);
  before = bus->bytes;
  send_signal (deaf, 1000);
  g_assert_cmpuint (bus->bytes, ==, before + 1000);
}

/* Breaks if programs that were stopped, and are told of changes all the time, take the questions to
 * their user's others, or to other users' programs: one that reads is found to have read. */
static void
test_stopped (Bus *bus, gconstpointer data)
{
  HandoffBusReader *stopped[16];
  g_autoptr (HandoffBusReader) sibling = NULL;
  g_autoptr (HandoffBusReader) other = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (stopped); i++)
    stopped[i] = handoff_bus_reader_new (bus->replies, 1, NULL);
  sibling = handoff_bus_reader_new (bus->replies, 1, (gpointer) "sibling");
  other = handoff_bus_reader_new (bus->replies, 2, (gpointer) "other");
  for (i = 0; i < 5000; i++)
    send_signal (stopped[i % G_N_ELEMENTS (stopped)], 10 * 1024);
  g_assert_cmpuint (bus->asked->len, ==, HANDOFF_BUS_QUESTIONS_FOR_SIGNALS);

  for (i = 0; i < 1000; i++)
    {
      g_ptr_array_set_size (bus->asked, 0);
      send_reply (sibling, 100 * 1024, 0, i);
      g_assert_cmpuint (bus->asked->len, ==, 1);
      g_assert_cmpstr (g_ptr_array_index (bus->asked, 0), ==, "sibling");
      handoff_bus_reader_answered (sibling);
      g_assert_true (handoff_bus_replies_has_room (bus->replies, 1));
    }
  g_ptr_array_set_size (bus->asked, 0);
  send_reply (other, HANDOFF_BUS_UNREAD_BYTES / 8, 0, 1);
  g_assert_cmpuint (bus->asked->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (bus->asked, 0), ==, "other");
  for (i = 0; i < G_N_ELEMENTS (stopped); i++)
    handoff_bus_reader_free (stopped[i]);
}

static void
test_give_up (Bus *bus, gconstpointer data)
{
  g_autoptr (HandoffBusReader) reader = handoff_bus_reader_new (bus->replies, 1, NULL);

  for (guint i = 0; i < 40; i++)
    send_reply (reader, 3000, 1, i);
  handoff_bus_replies_give_up (bus->replies);
  g_assert_cmpuint (bus->n_fds, ==, 40);
  send_reply (reader, HANDOFF_BUS_UNREAD_BYTES, 0, 1);
  g_assert_cmpuint (bus->bytes, >=, HANDOFF_BUS_UNREAD_BYTES);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/service/bus-replies/" name, Bus, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/bus-calls/turns", test_turns);
  g_test_add_func ("/service/bus-calls/may-not-go-on", test_may_not_go_on);
  g_test_add_func ("/service/bus-calls/limits", test_limits);
  g_test_add_func ("/service/bus-calls/limits/of-descriptors", test_limits_of_descriptors);
  g_test_add_func ("/service/bus-calls/limits/in-all", test_limits_in_all);
  ADD ("share", test_share);
  ADD ("descriptors", test_descriptors);
  ADD ("answers", test_answers);
  ADD ("has-read", test_has_read);
  ADD ("questions", test_questions);
  ADD ("held", test_held);
  ADD ("signals", test_signals);
  ADD ("stopped", test_stopped);
  ADD ("give-up", test_give_up);
  return g_test_run ();
}
