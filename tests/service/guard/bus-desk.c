/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Calls of a connection whose user the bus has not told yet; and signals to it. */

#include "config.h"

#include "guard/bus-desk.h"

#include <string.h>

#include "guard/bus-calls.h"
#include "guard/bus-own-messages.h"
#include "guard/bus-replies.h"
#include "keyblob/handoff-names.h"
#include "support/test-clock.h"
#include "work/retry.h"

#define SENDER ":1.7"
#define PREFIX "org.tlshandoff.Handoff1.Error."

typedef struct
{
  HandoffBusTickets *tickets;
  HandoffBusDesk *desk;
  guint32 question;  /* the guard's, to the bus */
  guint n_questions; /* with repeats */
  guint n_let_in;    /* calls */
  guint n_left;      /* that the service was told of */
  gsize signalled;   /* bytes of signals that went to the bus */
  guint n_pings;
  GPtrArray *errors; /* (element-type utf8): names, of refusals */
  char *text;        /* (owned): of the last one */
} Desk;

static void
to_bus (HandoffBusMessage *message, gpointer user_data)
{
  G_GNUC_UNUSED g_autoptr (HandoffBusMessage) owned = message;
  g_autoptr (GDBusMessage) parsed = handoff_bus_message_to_gdbus (message);
  Desk *desk = user_data;

  if (g_strcmp0 (message->member, "GetConnectionCredentials") == 0)
    {
      desk->question = message->serial;
      desk->n_questions++;
    }
  else if (message->type == G_DBUS_MESSAGE_TYPE_SIGNAL)
    {
      desk->signalled += message->size;
    }
  else if (g_strcmp0 (message->member, "Ping") == 0)
    {
      desk->n_pings++;
    }
  else if (message->type == G_DBUS_MESSAGE_TYPE_ERROR)
    {
      g_ptr_array_add (desk->errors, g_strdup (g_dbus_message_get_error_name (parsed)));
      g_free (desk->text);
      g_variant_get (g_dbus_message_get_body (parsed), "(s)", &desk->text);
    }
}

static void
to_client (HandoffBusMessage *message, gpointer user_data)
{
  g_autoptr (HandoffBusMessage) owned = message;
  g_autofree char *left = NULL;
  Desk *desk = user_data;

  if (owned->type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    {
      desk->n_let_in++;
      return;
    }
  g_assert_true (handoff_bus_message_is_of_the_bus (owned));
  g_assert_cmpstr (owned->member, ==, "NameOwnerChanged");
  left = handoff_bus_own_message_read_left (owned);
  g_assert_cmpstr (left, ==, SENDER);
  desk->n_left++;
}

static const HandoffBusDeskFuncs funcs = { to_bus, to_client };

static gboolean
ticket_returned (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
set_up (Desk *desk, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  test_clock_install ();
  desk->tickets = handoff_bus_tickets_new (context, ticket_returned, NULL);
  desk->desk = handoff_bus_desk_new (desk->tickets, &funcs, desk);
  desk->errors = g_ptr_array_new_with_free_func (g_free);
  handoff_bus_desk_open (desk->desk);
}

static void
tear_down (Desk *desk, gconstpointer data)
{
  handoff_bus_desk_free (desk->desk);
  handoff_bus_tickets_unref (desk->tickets);
  g_ptr_array_unref (desk->errors);
  g_free (desk->text);
  test_clock_uninstall ();
}

static void
send_calls (Desk *desk, guint n, gsize size)
{
  g_autofree char *text = g_strnfill (size, 'x');
  guint i;

  for (i = 1; i <= n; i++)
    {
      g_autoptr (GDBusMessage) call =
          g_dbus_message_new_method_call ("org.handoff.Test", "/", "org.handoff.Test", "Do");

      g_dbus_message_set_sender (call, SENDER);
      g_dbus_message_set_body (call, g_variant_new ("(s)", text));
      handoff_bus_desk_take_from_bus (desk->desk, handoff_bus_message_new_from_gdbus (call, i));
    }
}

/* error: NULL if the bus answers with body */
static void
answer (Desk *desk, const char *error, const char *body)
{
  g_autoptr (GDBusMessage) reply = g_dbus_message_new ();

  g_assert_cmpuint (desk->question, !=, 0);
  g_dbus_message_set_sender (reply, "org.freedesktop.DBus");
  g_dbus_message_set_reply_serial (reply, desk->question);
  g_dbus_message_set_message_type (reply, error != NULL ? G_DBUS_MESSAGE_TYPE_ERROR
                                                        : G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  if (error != NULL)
    g_dbus_message_set_error_name (reply, error);
  g_dbus_message_set_body (reply, g_variant_new_parsed (body));
  handoff_bus_desk_take_from_bus (desk->desk, handoff_bus_message_new_from_gdbus (reply, 1));
}

static void
assert_errors (Desk *desk, guint n, const char *name)
{
  guint i;

  g_assert_cmpuint (desk->errors->len, ==, n);
  for (i = 0; i < n; i++)
    g_assert_cmpstr (desk->errors->pdata[i], ==, name);
}

/* Breaks if more calls wait than for a known user, if the calls beyond the limit are not refused,
 * or if refusals are kept without limit. */
static void
test_many (Desk *desk, gconstpointer data)
{
  send_calls (desk, 10 * HANDOFF_BUS_CALLS_PER_SENDER, 1);
  g_assert_cmpuint (desk->n_let_in, ==, 0);
  assert_errors (desk, 0, NULL);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  g_assert_cmpuint (desk->n_let_in, ==, HANDOFF_BUS_CALLS_INSIDE_PER_USER);
  assert_errors (desk, 3 * HANDOFF_BUS_CALLS_PER_SENDER, PREFIX "LimitReached");
}

/* Breaks if large calls wait without limit. */
static void
test_large (Desk *desk, gconstpointer data)
{
  send_calls (desk, 5, HANDOFF_BUS_CALL_MAX_SIZE / 2);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  assert_errors (desk, 4, PREFIX "LimitReached");
}

/* Breaks if a caller is let in whose user nobody can tell, or if the error speaks of a limit, or
 * of a caller that has left. */
static void
test_unidentified (Desk *desk, gconstpointer data)
{
  send_calls (desk, 2, 1);
  answer (desk, "org.freedesktop.DBus.Error.NoMemory", "('full',)");
  assert_errors (desk, 2, "org.freedesktop.DBus.Error.Failed");
  g_assert_nonnull (strstr (desk->text, "does not tell whose connection " SENDER " is"));
  g_assert_nonnull (strstr (desk->text, "NoMemory"));
  g_assert_cmpuint (desk->n_let_in, ==, 0);
  g_assert_false (handoff_bus_desk_has_calls (desk->desk));
}

static void
test_no_user (Desk *desk, gconstpointer data)
{
  send_calls (desk, 1, 1);
  answer (desk, NULL, "(@a{sv} {'ProcessID': <uint32 7>},)");
  assert_errors (desk, 1, "org.freedesktop.DBus.Error.Failed");
}

/* A caller who has left gets nothing, and leaves nothing. */
static void
test_left (Desk *desk, gconstpointer data)
{
  send_calls (desk, 2, 1);
  g_assert_true (handoff_bus_desk_has_calls (desk->desk));
  answer (desk, "org.freedesktop.DBus.Error.NameHasNoOwner", "('gone',)");
  assert_errors (desk, 0, NULL);
  g_assert_false (handoff_bus_desk_has_calls (desk->desk));
}

/* Breaks if calls of a connection that the bus was not asked about yet outlive the desk; or if the
 * library cannot tell that such a call did not begin. */
static void
test_closed (Desk *desk, gconstpointer data)
{
  send_calls (desk, 2, 1);
  handoff_bus_desk_close (desk->desk, "The service ends");
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  assert_errors (desk, 2, HANDOFF_ERROR_ENDING);
  g_assert_cmpstr (desk->text, ==, "The service ends");
  g_assert_false (handoff_bus_desk_has_calls (desk->desk));
}

/* Breaks if a call begins that the end of the service would cut short, or if one is refused before
 * the service has given its name back: it would be sent to the same service again. */
static void
test_held (Desk *desk, gconstpointer data)
{
  handoff_bus_desk_hold (desk->desk);
  send_calls (desk, 2, 1);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  g_assert_cmpuint (desk->n_let_in, ==, 0);
  assert_errors (desk, 0, NULL);
  handoff_bus_desk_close (desk->desk, "The service ends");
  g_assert_cmpuint (desk->n_let_in, ==, 0);
  assert_errors (desk, 2, HANDOFF_ERROR_ENDING);
}

static void
pass (gint64 span)
{
  test_clock_pass (span);
  test_clock_settle ();
}

/* Breaks if a caller waits for ever when the bus has dropped its reply, or if the bus is asked
 * again once it has answered. */
static void
test_lost (Desk *desk, gconstpointer data)
{
  send_calls (desk, 2, 1);
  pass (HANDOFF_RETRY_FIRST - 1);
  g_assert_cmpuint (desk->n_questions, ==, 1);
  pass (1);
  g_assert_cmpuint (desk->n_questions, ==, 2);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  g_assert_cmpuint (desk->n_let_in, ==, 2);
  pass (HANDOFF_RETRY_TOTAL);
  g_assert_cmpuint (desk->n_questions, ==, 2);
}

/* Breaks if the answer to the first question does not count any more when it was repeated. */
static void
test_late (Desk *desk, gconstpointer data)
{
  guint32 first;

  send_calls (desk, 1, 1);
  first = desk->question;
  pass (HANDOFF_RETRY_FIRST);
  desk->question = first;
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  g_assert_cmpuint (desk->n_let_in, ==, 1);
}

/* Breaks if a caller gets no error when the bus never answers, if the bus is asked without limit,
 * or if the next call is not a new beginning. */
static void
test_silence (Desk *desk, gconstpointer data)
{
  gint64 waited;

  send_calls (desk, 2, 1);
  for (waited = HANDOFF_RETRY_FIRST; waited < HANDOFF_RETRY_TOTAL; waited += HANDOFF_RETRY_FIRST)
    pass (HANDOFF_RETRY_FIRST);
  assert_errors (desk, 0, NULL);
  g_assert_cmpuint (desk->n_questions, ==, 1 + HANDOFF_RETRY_REPEATS);
  pass (HANDOFF_RETRY_FIRST);
  assert_errors (desk, 2, "org.freedesktop.DBus.Error.Failed");
  g_assert_nonnull (strstr (desk->text, "has not told for 31 seconds whose connection " SENDER));
  g_assert_false (handoff_bus_desk_has_calls (desk->desk));
  pass (TEST_DAY);
  g_assert_cmpuint (desk->n_questions, ==, 1 + HANDOFF_RETRY_REPEATS);
  send_calls (desk, 1, 1);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  g_assert_cmpuint (desk->n_let_in, ==, 1);
}

/* Breaks if the service never learns that a caller has left when the bus has dropped its signal, or
 * if a caller who is still there, or of whom the bus tells nothing, is forgotten. */
static void
test_signal_lost (Desk *desk, gconstpointer data)
{
  send_calls (desk, 1, 1);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  pass (TEST_SECOND * 60);
  g_assert_cmpuint (desk->n_questions, ==, 2);
  answer (desk, NULL, "({'UnixUserID': <uint32 7>},)");
  pass (TEST_SECOND * 60);
  answer (desk, "org.freedesktop.DBus.Error.NoMemory", "('full',)");
  pass (TEST_SECOND * 60);
  pass (TEST_SECOND * 60);
  g_assert_cmpuint (desk->n_questions, ==, 5);
  g_assert_cmpuint (desk->n_left, ==, 0);
  answer (desk, "org.freedesktop.DBus.Error.NameHasNoOwner", "('gone',)");
  g_assert_cmpuint (desk->n_left, ==, 1);
  assert_errors (desk, 0, NULL);
  pass (TEST_DAY);
  g_assert_cmpuint (desk->n_questions, ==, 5);
  g_assert_cmpuint (desk->n_let_in, ==, 1);
}

static void
add (const char *path, void (*func) (Desk *desk, gconstpointer data))
{
  g_test_add (path, Desk, NULL, set_up, func, tear_down);
}

/* Breaks if a program that asked to be told of changes, and does not read what it is told, fills
 * the service's connection to the bus, or the memory of either. */
static void
test_unread_signals (Desk *desk, gconstpointer data)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  guint i;

  send_calls (desk, 1, 1);
  answer (desk, NULL, "({'UnixUserID': <uint32 1000>},)");
  for (i = 1; i <= 100; i++)
    {
      g_autoptr (GDBusMessage) signal =
          g_dbus_message_new_signal ("/", "org.handoff.Test", "Changed");

      g_dbus_message_set_destination (signal, SENDER);
      g_dbus_message_set_body (signal, g_variant_new ("(s)", text));
      handoff_bus_desk_take_from_client (desk->desk,
                                         handoff_bus_message_new_from_gdbus (signal, i));
    }
  g_assert_cmpuint (desk->n_pings, ==, 1);
  /* As much as it leaves free for its own user's replies, and for each of three others. */
  g_assert_cmpuint (desk->signalled, >, HANDOFF_BUS_UNREAD_BYTES / 5 - 2 * 1024 * 1024);
  g_assert_cmpuint (desk->signalled, <=, HANDOFF_BUS_UNREAD_BYTES / 5 + 1024 * 1024);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* The desk must warn of a bus that does not tell. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  add ("/service/bus-desk/early/many", test_many);
  add ("/service/bus-desk/early/large", test_large);
  add ("/service/bus-desk/early/unidentified", test_unidentified);
  add ("/service/bus-desk/early/no-user", test_no_user);
  add ("/service/bus-desk/early/left", test_left);
  add ("/service/bus-desk/early/closed", test_closed);
  add ("/service/bus-desk/held", test_held);
  add ("/service/bus-desk/unread-signals", test_unread_signals);
  add ("/service/bus-desk/early/lost", test_lost);
  add ("/service/bus-desk/early/late", test_late);
  add ("/service/bus-desk/early/silence", test_silence);
  add ("/service/bus-desk/signal-lost", test_signal_lost);
  return g_test_run ();
}
