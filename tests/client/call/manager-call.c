/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which way calls go: a service on a bus of its own, which gives channels as a test wants, and says
 * what came on which way. */

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call/manager-call.h"
#include "call/service-session.h"
#include "keyblob/handoff-names.h"
#include "support/channel-peer.h"
#include "tls-handoff-error.h"

/* What the service does when it is asked for a channel. */
typedef enum
{
  OPEN,           /* gives one that answers */
  OPEN_CLOSED,    /* gives one that it has closed */
  OPEN_UNREAD,    /* gives one, waits for a call, and closes it without having read that */
  OPEN_DROPS,     /* gives one, reads a call, and closes it */
  OPEN_ONCE,      /* gives one that ends after one answer */
  OPEN_STREAM,    /* gives a socket of another kind */
  OPEN_NO_FD,     /* gives none */
  OPEN_BAD_KEY,   /* gives one with a key that is none */
  OPEN_SHORT_KEY, /* or too short */
  REFUSE,         /* as a service that has no channels */
  WAIT,           /* does not answer */
} Manner;

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *application;
  GDBusConnection *service;
  HandoffServiceBus *route;
  int manner;    /* atomic: a Manner */
  int n_opened;  /* atomic: OpenChannel() */
  int n_bus;     /* atomic: other calls on the bus */
  int n_channel; /* atomic: calls that came on a channel */
  GMutex lock;
  GPtrArray *threads; /* (element-type GThread): with the lock; of the channels */
  GDBusMessage *held; /* (owned) (nullable): with the lock; that is not answered */
} Fixture;

typedef struct
{
  Fixture *fixture;
  ChannelPeer peer;
  Manner manner;
} Served;

static void
answer_on_channel (Served *served, const HandoffChannelMessage *message)
{
  Fixture *fixture = served->fixture;
  g_autoptr (GVariant) arguments = NULL;
  g_autofree char *text = NULL;
  HandoffChannelFlags flags;
  const char *path, *method;

  handoff_channel_message_get_call (message, &flags, &path, &method, &arguments);
  g_atomic_int_inc (&fixture->n_channel);
  text = g_strdup_printf ("channel %s", path);
  if (message->serial != 0)
    channel_peer_send (&served->peer, HANDOFF_CHANNEL_REPLY, message->serial,
                       g_variant_new ("(s)", text), NULL, 0);
}

static gpointer
channel_thread (gpointer user_data)
{
  Served *served = user_data;
  HandoffChannelMessage message;
  gboolean goes_on = served->manner != OPEN_CLOSED;

  if (served->manner == OPEN_UNREAD)
    {
      while (channel_peer_is_quiet (&served->peer))
        g_thread_yield ();
      goes_on = FALSE;
    }
  while (goes_on && channel_peer_receive (&served->peer, &message))
    {
      if (served->manner == OPEN_DROPS)
        g_atomic_int_inc (&served->fixture->n_channel);
      else
        answer_on_channel (served, &message);
      handoff_channel_message_clear (&message);
      goes_on = served->manner == OPEN;
    }
  channel_peer_clear (&served->peer);
  g_free (served);
  return NULL;
}

/* Answers OpenChannel(). */
static GDBusMessage *
open_channel (Fixture *fixture, GDBusMessage *call, Manner manner)
{
  GDBusMessage *reply = g_dbus_message_new_method_reply (call);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) key = NULL;
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);
  Served *served = g_new0 (Served, 1);
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  gconstpointer key_data;
  gsize size;
  int socket, pair[2];

  g_variant_get (g_dbus_message_get_body (call), "(@a{sv})", &options);
  key = g_variant_lookup_value (options, "recipient-key", G_VARIANT_TYPE_BYTESTRING);
  key_data = g_variant_get_fixed_array (key, &size, 1);
  g_assert_cmpuint (size, ==, sizeof enc);
  served->fixture = fixture;
  served->manner = manner;
  channel_peer_open (&served->peer, key_data, enc, &socket);
  if (manner == OPEN_BAD_KEY)
    memset (enc, 0, sizeof enc);
  if (manner == OPEN_STREAM)
    {
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
      g_unix_fd_list_append (fds, pair[0], NULL);
      close (pair[0]);
      close (pair[1]);
    }
  else if (manner != OPEN_NO_FD)
    g_unix_fd_list_append (fds, socket, NULL);
  close (socket);
  if (manner != OPEN_NO_FD)
    g_dbus_message_set_unix_fd_list (reply, fds);
  g_variant_dict_insert_value (
      &details, "encapsulated-key",
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, enc,
                                 manner == OPEN_SHORT_KEY ? sizeof enc - 1 : sizeof enc, 1));
  g_dbus_message_set_body (reply, g_variant_new ("(h@a{sv})", 0, g_variant_dict_end (&details)));

  g_mutex_lock (&fixture->lock);
  g_ptr_array_add (fixture->threads, g_thread_new ("channel", channel_thread, served));
  g_mutex_unlock (&fixture->lock);
  return reply;
}

/* On GDBus's thread. */
static GDBusMessage *
serve (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GDBusMessage) reply = NULL;
  const Manner manner = g_atomic_int_get (&fixture->manner);
  gboolean opens;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;

  opens = g_str_equal (g_dbus_message_get_member (message), "OpenChannel");
  g_atomic_int_inc (opens ? &fixture->n_opened : &fixture->n_bus);
  if (!opens)
    {
      reply = g_dbus_message_new_method_reply (message);
      g_dbus_message_set_body (reply, g_variant_new ("(s)", "bus"));
    }
  else if (manner == REFUSE)
    reply = g_dbus_message_new_method_error_literal (
        message, "org.freedesktop.DBus.Error.UnknownMethod", "No such method");
  else if (manner == WAIT)
    {
      g_mutex_lock (&fixture->lock);
      g_set_object (&fixture->held, message);
      g_mutex_unlock (&fixture->lock);
    }
  else
    reply = open_channel (fixture, message, manner);
  if (reply != NULL)
    g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

static GDBusConnection *
connect_to (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (fixture->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void
start_service (Fixture *fixture)
{
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  fixture->service = connect_to (fixture);
  g_dbus_connection_add_filter (fixture->service, serve, fixture, NULL);
  result = g_dbus_connection_call_sync (fixture->service, "org.freedesktop.DBus",
                                        "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "RequestName", g_variant_new ("(su)", HANDOFF_BUS_NAME, 4),
                                        NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

static void
stop_service (Fixture *fixture)
{
  g_dbus_connection_close_sync (fixture->service, NULL, NULL);
  g_clear_object (&fixture->service);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  g_mutex_init (&fixture->lock);
  fixture->threads = g_ptr_array_new ();
  fixture->manner = GPOINTER_TO_INT (data);
  start_service (fixture);
  fixture->application = connect_to (fixture);
  fixture->route = handoff_service_bus_new (fixture->application);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  guint i;

  handoff_service_bus_unref (fixture->route);
  g_dbus_connection_close_sync (fixture->application, NULL, NULL);
  /* With it goes the channel, and with that its thread. */
  g_object_unref (fixture->application);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  stop_service (fixture);
  for (i = 0; i < fixture->threads->len; i++)
    g_thread_join (fixture->threads->pdata[i]);
  g_ptr_array_unref (fixture->threads);
  g_clear_object (&fixture->held);
  g_mutex_clear (&fixture->lock);
  g_test_dbus_down (fixture->bus);
  g_object_unref (fixture->bus);
}

/* A HandoffManagerCall's. user_data: how many bytes, more than a few */
static GVariant *
make_arguments (gboolean on_channel, gpointer user_data, GError **error)
{
  g_autofree char *text = g_strnfill (GPOINTER_TO_SIZE (user_data), 'x');

  return g_variant_new ("(bs)", on_channel, text);
}

static const HandoffManagerCall small_call = { .method = "CreateSession",
                                               .make_arguments = make_arguments };

/* (transfer full): what the reply says; or NULL with the error */
static char *
call_sync (Fixture *fixture, GCancellable *cancellable, GError **error)
{
  g_autoptr (HandoffReply) reply =
      handoff_manager_call_sync (fixture->route, &small_call, "(s)", cancellable, error);
  char *text = NULL;

  if (reply != NULL)
    g_variant_get (reply->body, "(s)", &text);
  return text;
}

typedef struct
{
  char *text;    /* (owned) (nullable) */
  GError *error; /* (owned) (nullable) */
  gboolean done;
} Asked;

static void
asked_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  Asked *self = user_data;

  g_assert_false (self->done);
  if (reply != NULL)
    {
      g_variant_get (reply->body, "(s)", &self->text);
      handoff_reply_free (reply);
    }
  self->error = error;
  self->done = TRUE;
}

static void
wait_asked (Asked *self)
{
  while (!self->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
asked_clear (Asked *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_error (&self->error);
}

/* A call, blocking or not. (transfer full): as call_sync() */
static char *
call (Fixture *fixture, gboolean blocks, GError **error)
{
  Asked asked = { NULL };

  if (blocks)
    return call_sync (fixture, NULL, error);
  handoff_manager_call_async (fixture->route, &small_call, "(s)", NULL, asked_cb, &asked);
  wait_asked (&asked);
  if (asked.error != NULL)
    g_propagate_error (error, asked.error);
  return asked.text;
}

static void
assert_calls (Fixture *fixture, const char *text)
{
  gboolean blocks;

  for (blocks = FALSE; blocks <= TRUE; blocks++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *found = call (fixture, blocks, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (found, ==, text);
    }
}

static gpointer
calling_thread (gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = call_sync (user_data, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "channel /org/tlshandoff/Handoff1");
  return NULL;
}

/* Each caller opens a channel of its own, or one waits for ever for an opening that another one
 * began. */
static void
test_one_opening (Fixture *fixture, gconstpointer data)
{
  GThread *threads[8];
  Asked asked[8] = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      handoff_manager_call_async (fixture->route, &small_call, "(s)", NULL, asked_cb, &asked[i]);
      threads[i] = g_thread_new ("calls", calling_thread, fixture);
    }
  /* It does not wait for what this main context has begun. */
  calling_thread (fixture);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_thread_join (threads[i]);
      wait_asked (&asked[i]);
      g_assert_no_error (asked[i].error);
      g_assert_cmpstr (asked[i].text, ==, "channel /org/tlshandoff/Handoff1");
      asked_clear (&asked[i]);
    }
  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_bus), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_channel), ==, 19);
}

/* Two managers of one connection have a channel each. */
static void
test_shared (Fixture *fixture, gconstpointer data)
{
  HandoffServiceBus *first = fixture->route;

  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
  fixture->route = handoff_service_bus_new (fixture->application);
  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
  handoff_service_bus_unref (first);
  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 1);
}

/* A service that has no channels is of no use any more, is asked for one at each call, or never
 * again when another is there. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  assert_calls (fixture, "bus");
  assert_calls (fixture, "bus");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 1);

  stop_service (fixture);
  g_atomic_int_set (&fixture->manner, OPEN);
  start_service (fixture);
  /* One learns that it is another; from then on, there is a channel. */
  g_free (call_sync (fixture, NULL, NULL));
  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 2);
}

/* What cannot be a channel is used as one. */
static void
test_misunderstood (Fixture *fixture, gconstpointer data)
{
  assert_calls (fixture, "bus");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 1);
}

/* A channel that the service closed is an error to the application, which has to try again. */
static void
test_reopened (Fixture *fixture, gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 6);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_channel), ==, 6);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_bus), ==, 0);
}

/* A call that was not begun is not sent again; or for ever to a service that closes all channels,
 * in place of over the bus. */
static void
test_not_begun (Fixture *fixture, gconstpointer data)
{
  assert_calls (fixture, "bus");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 4);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_channel), ==, 0);
}

/* What was perhaps begun is begun again. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  gboolean blocks;

  for (blocks = FALSE; blocks <= TRUE; blocks++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (call (fixture, blocks, &error));
      g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
    }
  g_assert_cmpint (g_atomic_int_get (&fixture->n_channel), ==, 2);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_bus), ==, 0);
}

/* What is too large for a channel fails. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  HandoffManagerCall large = small_call;
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  Asked asked = { NULL };

  large.user_data = GSIZE_TO_POINTER (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  reply = handoff_manager_call_sync (fixture->route, &large, "(s)", NULL, &error);
  g_assert_no_error (error);
  handoff_manager_call_async (fixture->route, &large, "(s)", NULL, asked_cb, &asked);
  wait_asked (&asked);
  g_assert_no_error (asked.error);
  g_assert_cmpstr (asked.text, ==, "bus");
  asked_clear (&asked);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_bus), ==, 2);
  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
}

/* A reply of another type is taken. */
static void
test_other_type (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_manager_call_sync (fixture->route, &small_call, "(o)", NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

typedef struct
{
  Fixture *fixture;
  GCancellable *cancellable;
  GError *error;
  char *text;
} Waiting;

static gpointer
waiting_thread (gpointer user_data)
{
  Waiting *self = user_data;

  self->text = call_sync (self->fixture, self->cancellable, &self->error);
  return NULL;
}

static void
wait_until_asked (Fixture *fixture, int n_opened)
{
  while (g_atomic_int_get (&fixture->n_opened) < n_opened)
    g_thread_yield ();
}

/* Nobody can be cancelled while a channel opens, or all that wait for it are. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) never = g_cancellable_new ();
  Waiting opener = { fixture, cancellable }, other = { fixture, never };
  GThread *opening, *waiting;
  Asked asked = { NULL }, last = { NULL };

  opening = g_thread_new ("opens", waiting_thread, &opener);
  wait_until_asked (fixture, 1);
  waiting = g_thread_new ("waits", waiting_thread, &other);
  handoff_manager_call_async (fixture->route, &small_call, "(s)", cancellable, asked_cb, &asked);
  handoff_manager_call_async (fixture->route, &small_call, "(s)", NULL, asked_cb, &last);
  g_atomic_int_set (&fixture->manner, OPEN);
  g_cancellable_cancel (cancellable);

  g_thread_join (opening);
  g_assert_error (opener.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  wait_asked (&asked);
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (waiting);
  g_assert_no_error (other.error);
  g_assert_cmpstr (other.text, ==, "channel /org/tlshandoff/Handoff1");
  wait_asked (&last);
  g_assert_no_error (last.error);
  g_assert_cmpstr (last.text, ==, "channel /org/tlshandoff/Handoff1");
  g_assert_cmpint (g_atomic_int_get (&fixture->n_opened), ==, 2);

  g_clear_error (&opener.error);
  g_free (other.text);
  asked_clear (&asked);
  asked_clear (&last);
}

/* An application that lacks the service is told anything else. */
static void
test_absent (Fixture *fixture, gconstpointer data)
{
  gboolean blocks;

  stop_service (fixture);
  for (blocks = FALSE; blocks <= TRUE; blocks++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (call (fixture, blocks, &error));
      g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
      g_assert_nonnull (strstr (error->message, "is not installed or not running"));
    }
  start_service (fixture);
  assert_calls (fixture, "channel /org/tlshandoff/Handoff1");
}

/* A session of a channel is asked for on the bus, or on another channel; or its caller waits for
 * ever when the channel is gone. */
static void
test_session (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (HandoffServiceSession) session = NULL;
  Asked asked = { NULL }, late = { NULL };

  reply = handoff_manager_call_sync (fixture->route, &small_call, "(s)", NULL, NULL);
  session = handoff_service_session_new (reply, "/session");
  g_assert_true (handoff_service_session_opens_blobs (session));
  if (fixture->manner == OPEN)
    {
      handoff_service_session_call_async (session, "Step", g_variant_new ("()"), NULL, FALSE, "(s)",
                                          NULL, asked_cb, &asked);
      wait_asked (&asked);
      g_assert_cmpstr (asked.text, ==, "channel /session");
      asked_clear (&asked);
      handoff_service_session_tell (session, "Close", NULL);
      while (g_atomic_int_get (&fixture->n_channel) < 3)
        g_thread_yield ();
    }
  else
    {
      handoff_service_session_call_async (session, "Step", g_variant_new ("()"), NULL, FALSE, "(s)",
                                          NULL, asked_cb, &late);
      wait_asked (&late);
      g_assert_error (late.error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
      asked_clear (&late);
      handoff_service_session_tell (session, "Close", NULL);
    }
  g_assert_cmpint (g_atomic_int_get (&fixture->n_bus), ==, 0);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*run) (Fixture *, gconstpointer);
    Manner manner;
  } tests[] = {
    { "one-opening", test_one_opening, OPEN },
    { "shared", test_shared, OPEN },
    { "refused", test_refused, REFUSE },
    { "misunderstood/stream", test_misunderstood, OPEN_STREAM },
    { "misunderstood/no-descriptor", test_misunderstood, OPEN_NO_FD },
    { "misunderstood/bad-key", test_misunderstood, OPEN_BAD_KEY },
    { "misunderstood/short-key", test_misunderstood, OPEN_SHORT_KEY },
    { "reopened", test_reopened, OPEN_ONCE },
    { "not-begun/closed", test_not_begun, OPEN_CLOSED },
    { "not-begun/unread", test_not_begun, OPEN_UNREAD },
    { "lost", test_lost, OPEN_DROPS },
    { "too-large", test_too_large, OPEN },
    { "other-type", test_other_type, OPEN },
    { "cancelled", test_cancelled, WAIT },
    { "absent", test_absent, OPEN },
    { "session", test_session, OPEN },
    { "session-lost", test_session, OPEN_ONCE },
  };
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/manager-call/", tests[i].name, NULL);

      g_test_add (path, Fixture, GINT_TO_POINTER (tests[i].manner), set_up, tests[i].run,
                  tear_down);
    }
  return g_test_run ();
}
