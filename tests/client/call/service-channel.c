/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The library's end of a channel, against a service's end that does what a test wants. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call/service-channel.h"
#include "support/channel-peer.h"
#include "tls-handoff-error.h"

typedef struct
{
  ChannelPeer peer;
  HandoffServiceChannel *channel;
  guint n_open; /* descriptors, before it all */
} Fixture;

static guint
count_open (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->n_open = count_open ();
  fixture->channel = channel_peer_new (&fixture->peer);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->channel, handoff_service_channel_unref);
  channel_peer_clear (&fixture->peer);
  /* Breaks if a descriptor is left on some path, of a message or of a thread that ended. */
  g_assert_cmpuint (count_open (), ==, fixture->n_open);
}

/* A call whose argument is text. */
static HandoffChannelCall
call_with (const char *text)
{
  return (HandoffChannelCall){ "/a", "Do", g_variant_new ("(s)", text), NULL, FALSE };
}

/* The argument of a call that came. (transfer full) */
static char *
dup_text (const HandoffChannelMessage *message)
{
  g_autoptr (GVariant) arguments = NULL;
  HandoffChannelFlags flags;
  const char *path, *method;
  char *text;

  handoff_channel_message_get_call (message, &flags, &path, &method, &arguments);
  g_assert_cmpstr (path, ==, "/a");
  g_assert_cmpstr (method, ==, "Do");
  g_variant_get (arguments, "(s)", &text);
  return text;
}

/* The serial of a call that has to come. */
static guint32
receive_call (Fixture *fixture)
{
  HandoffChannelMessage message;
  guint32 serial;

  g_assert_true (channel_peer_receive (&fixture->peer, &message));
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CALL);
  serial = message.serial;
  handoff_channel_message_clear (&message);
  return serial;
}

static void
reply_text (Fixture *fixture, guint32 serial, const char *text)
{
  channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_REPLY, serial, g_variant_new ("(s)", text),
                     NULL, 0);
}

/* A blocking call in a thread of its own. */
typedef struct
{
  HandoffServiceChannel *channel;
  char *text; /* (owned) */
  GCancellable *cancellable;
  HandoffReply *reply; /* (owned) (nullable) */
  GError *error;       /* (owned) (nullable) */
  GThread *thread;
} Blocked;

static gpointer
blocked_thread (gpointer user_data)
{
  Blocked *self = user_data;
  const HandoffChannelCall call = call_with (self->text);

  self->reply =
      handoff_service_channel_call_sync (self->channel, &call, self->cancellable, &self->error);
  return NULL;
}

static Blocked *
blocked_new (HandoffServiceChannel *channel, guint number, GCancellable *cancellable)
{
  Blocked *self = g_new0 (Blocked, 1);

  self->channel = channel;
  self->text = g_strdup_printf ("%u", number);
  self->cancellable = cancellable;
  self->thread = g_thread_new ("blocked", blocked_thread, self);
  return self;
}

/* Waits for its end. */
static void
blocked_join (Blocked *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread);
  self->thread = NULL;
}

static void
blocked_free (Blocked *self)
{
  blocked_join (self);
  g_free (self->text);
  g_clear_pointer (&self->reply, handoff_reply_free);
  g_clear_error (&self->error);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Blocked, blocked_free)

static void
assert_text (HandoffReply *reply, const char *text)
{
  const char *found;

  g_assert_nonnull (reply);
  g_assert_true (handoff_reply_check_type (reply, "(s)", NULL));
  g_variant_get (reply->body, "(&s)", &found);
  g_assert_cmpstr (found, ==, text);
}

/* A call in a main context. */
typedef struct
{
  HandoffReply *reply; /* (owned) (nullable) */
  GError *error;       /* (owned) (nullable) */
  gboolean done;
} Asked;

static void
asked_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  Asked *self = user_data;

  g_assert_false (self->done);
  self->reply = reply;
  self->error = error;
  self->done = TRUE;
}

static void
ask (Fixture *fixture, const char *text, GCancellable *cancellable, Asked *asked)
{
  const HandoffChannelCall call = call_with (text);

  *asked = (Asked){ NULL };
  handoff_service_channel_call_async (fixture->channel, &call, cancellable, asked_cb, asked);
  /* Never at once. */
  g_assert_false (asked->done);
}

static void
wait_asked (Asked *asked)
{
  while (!asked->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
asked_clear (Asked *asked)
{
  g_clear_pointer (&asked->reply, handoff_reply_free);
  g_clear_error (&asked->error);
}

#define N_THREADS 10

/* Replies in another order than the calls go to the wrong thread, a thread sleeps on although its
 * reply was read by another, or a key blob is opened in the order of calls. */
static void
test_reversed (Fixture *fixture, gconstpointer data)
{
  Blocked *blocked[N_THREADS];
  guint32 serials[N_THREADS];
  char *texts[N_THREADS];
  guint i;

  for (i = 0; i < N_THREADS; i++)
    blocked[i] = blocked_new (fixture->channel, i, NULL);
  for (i = 0; i < N_THREADS; i++)
    {
      HandoffChannelMessage message;

      g_assert_true (channel_peer_receive (&fixture->peer, &message));
      serials[i] = message.serial;
      texts[i] = dup_text (&message);
      handoff_channel_message_clear (&message);
    }
  for (i = N_THREADS; i-- > 0;)
    channel_peer_send_blob (&fixture->peer, serials[i], g_variant_new ("(s)", texts[i]), texts[i]);
  for (i = 0; i < N_THREADS; i++)
    {
      blocked_join (blocked[i]);
      g_assert_no_error (blocked[i]->error);
      assert_text (blocked[i]->reply, blocked[i]->text);
      g_assert_true (channel_peer_has_mark (blocked[i]->reply, blocked[i]->text));
      blocked_free (blocked[i]);
      g_free (texts[i]);
    }
}

#define N_CONTEXTS 5
#define N_EACH 40

/* Answers that many calls with their own text, some at a time and in reverse. */
typedef struct
{
  Fixture *fixture;
  guint n_calls;
} Echo;

static gpointer
echo_thread (gpointer user_data)
{
  Echo *echo = user_data;
  HandoffChannelMessage messages[7];
  guint n_answered = 0, n;

  while (n_answered < echo->n_calls)
    {
      n = 0;
      do
        g_assert_true (channel_peer_receive (&echo->fixture->peer, &messages[n++]));
      while (n < G_N_ELEMENTS (messages) && !channel_peer_is_quiet (&echo->fixture->peer));
      n_answered += n;
      while (n-- > 0)
        {
          g_autofree char *text = dup_text (&messages[n]);

          if (messages[n].serial % 3 == 0)
            channel_peer_send_blob (&echo->fixture->peer, messages[n].serial,
                                    g_variant_new ("(s)", text), text);
          else
            reply_text (echo->fixture, messages[n].serial, text);
          handoff_channel_message_clear (&messages[n]);
        }
    }
  return NULL;
}

static gpointer
calling_thread (gpointer user_data)
{
  HandoffServiceChannel *channel = user_data;
  guint i;

  for (i = 0; i < N_EACH; i++)
    {
      g_autofree char *text = g_strdup_printf ("%p-%u", (gpointer) g_thread_self (), i);
      g_autoptr (HandoffReply) reply = NULL;
      g_autoptr (GError) error = NULL;
      const HandoffChannelCall call = call_with (text);

      reply = handoff_service_channel_call_sync (channel, &call, NULL, &error);
      g_assert_no_error (error);
      assert_text (reply, text);
      g_assert_true (reply->state == NULL || channel_peer_has_mark (reply, text));
    }
  return NULL;
}

/* A main context with several calls under way at once, each followed by another. */
typedef struct
{
  HandoffServiceChannel *channel;
  GMainContext *context;
  guint n_sent;
  guint n_done;
} Looping;

typedef struct
{
  Looping *looping;
  char *text; /* (owned) */
} LoopCall;

static void send_next (Looping *self);

static void
loop_cb (HandoffReply *reply_or_null, GError *error, gpointer user_data)
{
  g_autoptr (HandoffReply) reply = reply_or_null;
  LoopCall *call = user_data;

  g_assert_no_error (error);
  g_assert_true (g_main_context_is_owner (call->looping->context));
  assert_text (reply, call->text);
  call->looping->n_done++;
  if (call->looping->n_sent < N_EACH)
    send_next (call->looping);
  g_free (call->text);
  g_free (call);
}

static void
send_next (Looping *self)
{
  LoopCall *call = g_new0 (LoopCall, 1);
  HandoffChannelCall sent;

  call->looping = self;
  call->text = g_strdup_printf ("%p-%u", (gpointer) self->context, self->n_sent++);
  sent = call_with (call->text);
  handoff_service_channel_call_async (self->channel, &sent, NULL, loop_cb, call);
}

static gpointer
looping_thread (gpointer user_data)
{
  Looping self = { .channel = user_data, .context = g_main_context_new () };
  guint i;

  g_main_context_push_thread_default (self.context);
  for (i = 0; i < 8; i++)
    send_next (&self);
  while (self.n_done < N_EACH)
    g_main_context_iteration (self.context, TRUE);
  g_main_context_pop_thread_default (self.context);
  g_main_context_unref (self.context);
  return NULL;
}

/* A reply gets lost between threads and main contexts, or comes in another's. */
static void
test_crowd (Fixture *fixture, gconstpointer data)
{
  Echo echo = { fixture, N_EACH * (N_THREADS + N_CONTEXTS) };
  GThread *threads[N_THREADS + N_CONTEXTS];
  GThread *service = g_thread_new ("echo", echo_thread, &echo);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] =
        g_thread_new (NULL, i < N_THREADS ? calling_thread : looping_thread, fixture->channel);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_thread_join (service);
}

/* A blocking call waits for a main loop that cannot run, since the call blocks it. */
static void
test_blocking_over_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Blocked) other = NULL;
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  Echo echo = { fixture, 3 };
  const HandoffChannelCall call = call_with ("here");
  GThread *service;
  Asked asked;

  ask (fixture, "async", NULL, &asked);
  other = blocked_new (fixture->channel, 1, NULL);
  service = g_thread_new ("echo", echo_thread, &echo);
  reply = handoff_service_channel_call_sync (fixture->channel, &call, NULL, &error);
  g_assert_no_error (error);
  assert_text (reply, "here");
  blocked_join (other);
  assert_text (other->reply, "1");
  wait_asked (&asked);
  assert_text (asked.reply, "async");
  asked_clear (&asked);
  g_thread_join (service);
}

/* A callback that lets the main loop run within waits for ever. */
static void
nest_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;
  Asked inner;

  g_assert_no_error (error);
  handoff_reply_free (reply);
  ask (fixture, "inner", NULL, &inner);
  reply_text (fixture, receive_call (fixture), "inner");
  wait_asked (&inner);
  assert_text (inner.reply, "inner");
  asked_clear (&inner);
}

static void
test_nested (Fixture *fixture, gconstpointer data)
{
  const HandoffChannelCall call = call_with ("outer");
  Asked last;

  handoff_service_channel_call_async (fixture->channel, &call, NULL, nest_cb, fixture);
  reply_text (fixture, receive_call (fixture), "outer");
  ask (fixture, "last", NULL, &last);
  reply_text (fixture, receive_call (fixture), "last");
  wait_asked (&last);
  /* It may have come within the other callback. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_text (last.reply, "last");
  asked_clear (&last);
}

/* A call that is cancelled waits on, the service is not told, or its late reply goes to somebody
 * else, or keeps the key blobs after it from being opened. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  const gboolean blocks = GPOINTER_TO_INT (data);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (Blocked) blocked = NULL;
  HandoffChannelMessage message;
  Asked asked = { NULL }, next;
  guint32 serial;

  if (blocks)
    blocked = blocked_new (fixture->channel, 1, cancellable);
  else
    ask (fixture, "1", cancellable, &asked);
  serial = receive_call (fixture);
  g_cancellable_cancel (cancellable);
  if (blocks)
    {
      blocked_join (blocked);
      g_assert_error (blocked->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_null (blocked->reply);
    }
  else
    {
      wait_asked (&asked);
      g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_true (channel_peer_receive (&fixture->peer, &message));
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CANCEL);
  g_assert_cmpuint (message.serial, ==, serial);
  handoff_channel_message_clear (&message);

  ask (fixture, "2", NULL, &next);
  channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "1"), "one");
  channel_peer_send_blob (&fixture->peer, receive_call (fixture), g_variant_new ("(s)", "2"),
                          "two");
  wait_asked (&next);
  g_assert_no_error (next.error);
  g_assert_true (channel_peer_has_mark (next.reply, "two"));
  asked_clear (&next);
  asked_clear (&asked);
}

/* What was cancelled before it began reaches the service. */
static void
test_cancelled_before (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  const HandoffChannelCall call = call_with ("1");
  Asked asked;

  g_cancellable_cancel (cancellable);
  g_assert_null (handoff_service_channel_call_sync (fixture->channel, &call, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  ask (fixture, "2", cancellable, &asked);
  wait_asked (&asked);
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  asked_clear (&asked);
  g_assert_true (channel_peer_is_quiet (&fixture->peer));
}

/* A reply that came is thrown away because of a cancellation after it. */
static void
test_cancelled_after (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const HandoffChannelCall call = call_with ("sync");
  g_autoptr (HandoffReply) reply = NULL;
  Asked asked;
  Echo echo = { fixture, 2 };
  GThread *service;

  ask (fixture, "async", cancellable, &asked);
  service = g_thread_new ("echo", echo_thread, &echo);
  /* Reads both. */
  reply = handoff_service_channel_call_sync (fixture->channel, &call, NULL, NULL);
  g_thread_join (service);
  if (asked.done)
    g_assert_not_reached ();
  assert_text (reply, "sync");
  g_cancellable_cancel (cancellable);
  wait_asked (&asked);
  /* Which of the two was read first is open; but not that there is one end. */
  g_assert_true ((asked.reply != NULL) != (asked.error != NULL));
  asked_clear (&asked);
}

typedef enum
{
  CLOSE_BEFORE,     /* the call */
  CLOSE_UNREAD,     /* with the call not read */
  CLOSE_READ,       /* the call, without an answer */
  CLOSE_READ_FIRST, /* of two calls only the first was read */
  CLOSE_ANSWERED,   /* the first of two, and the second not read */
  CLOSE_REFUSED,    /* after it said that it has begun nothing */
} ClosePoint;

static void
end_channel (Fixture *fixture, ClosePoint point)
{
  guint32 serial;

  switch (point)
    {
    case CLOSE_READ:
    case CLOSE_READ_FIRST:
      receive_call (fixture);
      break;
    case CLOSE_ANSWERED:
      reply_text (fixture, receive_call (fixture), "1");
      break;
    case CLOSE_REFUSED:
      serial = receive_call (fixture);
      channel_peer_send (
          &fixture->peer, HANDOFF_CHANNEL_ERROR, serial,
          g_variant_new ("(ssa{sv})", "org.freedesktop.DBus.Error.Disconnected", "ends", NULL),
          NULL, 0);
      break;
    case CLOSE_BEFORE:
    case CLOSE_UNREAD:
    default:
      break;
    }
  channel_peer_close (&fixture->peer);
}

/* A call that the service may have begun is sent again, or one that it never saw is an error to the
 * application; or a reply is lost that came before the end. */
static void
test_closed (Fixture *fixture, gconstpointer data)
{
  const ClosePoint point = GPOINTER_TO_INT (data);
  const gboolean two = point == CLOSE_READ_FIRST || point == CLOSE_ANSWERED;
  Asked first, second = { NULL };

  if (point == CLOSE_BEFORE)
    channel_peer_close (&fixture->peer);
  ask (fixture, "1", NULL, &first);
  if (two)
    ask (fixture, "2", NULL, &second);
  if (point != CLOSE_BEFORE)
    end_channel (fixture, point);

  wait_asked (&first);
  switch (point)
    {
    case CLOSE_BEFORE:
    case CLOSE_UNREAD:
    case CLOSE_REFUSED:
      g_assert_error (first.error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_NOT_BEGUN);
      break;
    case CLOSE_READ:
    case CLOSE_READ_FIRST:
      g_assert_error (first.error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
      g_assert_nonnull (strstr (first.error->message, "went away before it replied"));
      break;
    case CLOSE_ANSWERED:
    default:
      assert_text (first.reply, "1");
      break;
    }
  if (two)
    {
      wait_asked (&second);
      g_assert_error (second.error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_NOT_BEGUN);
    }
  g_assert_false (handoff_service_channel_is_usable (fixture->channel));
  asked_clear (&first);
  asked_clear (&second);
}

/* A thread that blocks waits on when the channel ends, or the second of them does. */
static void
test_closed_blocking (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Blocked) first = blocked_new (fixture->channel, 1, NULL);
  g_autoptr (Blocked) second = blocked_new (fixture->channel, 2, NULL);
  g_autoptr (GError) error = NULL;
  const HandoffChannelCall call = call_with ("3");

  receive_call (fixture);
  receive_call (fixture);
  channel_peer_close (&fixture->peer);
  blocked_join (first);
  blocked_join (second);
  g_assert_error (first->error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
  g_assert_error (second->error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
  g_assert_null (handoff_service_channel_call_sync (fixture->channel, &call, NULL, &error));
  g_assert_error (error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_NOT_BEGUN);
}

typedef enum
{
  GARBAGE_SERIAL,    /* a reply that nobody asked for */
  GARBAGE_KIND,      /* a call */
  GARBAGE_BYTES,     /* no message at all */
  GARBAGE_TWO_FDS,   /* descriptors that no reply has */
  GARBAGE_BLOB,      /* a descriptor that is no key blob */
  GARBAGE_LATE_BLOB, /* one key blob was left out */
  GARBAGE_TWICE,     /* a second reply */
} Garbage;

static void
send_garbage (Fixture *fixture, Garbage garbage, guint32 serial)
{
  int fds[2] = { fixture->peer.socket, fixture->peer.socket };

  switch (garbage)
    {
    case GARBAGE_SERIAL:
      reply_text (fixture, serial + 1, "x");
      break;
    case GARBAGE_KIND:
      channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_CANCEL, serial,
                         g_variant_new_tuple (NULL, 0), NULL, 0);
      break;
    case GARBAGE_BYTES:
      g_assert_cmpint (write (fixture->peer.socket, "garbage", 7), ==, 7);
      break;
    case GARBAGE_TWO_FDS:
      /* The first of the two would do. */
      fds[0] = channel_peer_seal (&fixture->peer, "x");
      channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_REPLY, serial, g_variant_new ("(s)", "x"),
                         fds, 2);
      close (fds[0]);
      break;
    case GARBAGE_BLOB:
      channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_REPLY, serial, g_variant_new ("(s)", "x"),
                         fds, 1);
      break;
    case GARBAGE_LATE_BLOB:
      /* Sealed, but it never comes. */
      close (channel_peer_seal (&fixture->peer, "x"));
      channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "x"), "x");
      break;
    case GARBAGE_TWICE:
    default:
      reply_text (fixture, serial, "x");
      reply_text (fixture, serial, "x");
      break;
    }
}

/* What the service may not say is believed, crashes the application, leaves a caller waiting, or
 * leaves the channel in use. */
static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  const Garbage garbage = GPOINTER_TO_INT (data);
  HandoffChannelMessage message;
  Asked asked, other;

  ask (fixture, "1", NULL, &asked);
  ask (fixture, "2", NULL, &other);
  send_garbage (fixture, garbage, receive_call (fixture) + (garbage == GARBAGE_SERIAL ? 5 : 0));
  wait_asked (&asked);
  wait_asked (&other);
  if (garbage == GARBAGE_TWICE)
    assert_text (asked.reply, "x");
  else
    g_assert_nonnull (asked.error);
  if (garbage == GARBAGE_BLOB || garbage == GARBAGE_LATE_BLOB)
    g_assert_error (asked.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  g_assert_error (other.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_false (handoff_service_channel_is_usable (fixture->channel));
  asked_clear (&asked);
  asked_clear (&other);

  /* The service hears of it. */
  receive_call (fixture);
  g_assert_false (channel_peer_receive (&fixture->peer, &message));
}

/* An error of the service's is another one for the application, or ends the channel. */
static void
test_error (Fixture *fixture, gconstpointer data)
{
  Asked asked;

  ask (fixture, "1", NULL, &asked);
  channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_ERROR, receive_call (fixture),
                     g_variant_new_parsed ("('org.tlshandoff.Handoff1.Error.LimitReached', 'no', "
                                           "{'alert': <'x'>})"),
                     NULL, 0);
  wait_asked (&asked);
  g_assert_error (asked.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_cmpstr (asked.error->message, ==, "no");
  g_assert_nonnull (tls_handoff_error_get_details (asked.error));
  g_assert_true (handoff_service_channel_is_usable (fixture->channel));
  asked_clear (&asked);
}

#define N_MANY 600

static void
count_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  g_assert_no_error (error);
  handoff_reply_free (reply);
  ++*(guint *) user_data;
}

static gboolean
set_cb (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* A service that does not read blocks the application's main loop, or calls are lost, or a thread
 * that wants to send keeps those from reading for whom the service waits. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (2000, 'x');
  g_autoptr (Blocked) blocked = NULL;
  Echo echo = { fixture, N_MANY + 1 };
  gboolean ran = FALSE;
  guint n_done = 0, i;
  GThread *service;

  for (i = 0; i < N_MANY; i++)
    {
      const HandoffChannelCall call = call_with (text);

      handoff_service_channel_call_async (fixture->channel, &call, NULL, count_cb, &n_done);
    }
  blocked = blocked_new (fixture->channel, 1, NULL);
  g_idle_add (set_cb, &ran);
  while (!ran)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_done, ==, 0);

  service = g_thread_new ("echo", echo_thread, &echo);
  while (n_done < N_MANY)
    g_main_context_iteration (NULL, TRUE);
  blocked_join (blocked);
  assert_text (blocked->reply, "1");
  g_thread_join (service);
}

/* Reads what was told, and checks that it comes in order. */
static void
read_told (Fixture *fixture, guint *n_told)
{
  while (!channel_peer_is_quiet (&fixture->peer))
    {
      g_autofree char *text = NULL;
      HandoffChannelMessage message;

      g_assert_true (channel_peer_receive (&fixture->peer, &message));
      g_assert_cmpuint (message.serial, ==, 0);
      text = dup_text (&message);
      g_assert_cmpuint (g_ascii_strtoull (text, NULL, 10), ==, *n_told);
      ++*n_told;
      handoff_channel_message_clear (&message);
    }
}

/* What is told is a call that wants a reply, is lost while the service does not read, comes in
 * another order, or waits for another call. */
static void
test_told (Fixture *fixture, gconstpointer data)
{
  guint n_told = 0, n_before, i;
  guint32 serial;
  Asked asked;

  ask (fixture, "x", NULL, &asked);
  serial = receive_call (fixture);
  for (i = 0; i < 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u %01500u", i, 0);
      const HandoffChannelCall call = call_with (text);

      handoff_service_channel_tell (fixture->channel, &call);
    }
  read_told (fixture, &n_told);
  n_before = n_told;
  g_assert_cmpuint (n_before, <, 300);
  reply_text (fixture, serial, "x");
  wait_asked (&asked);
  asked_clear (&asked);
  read_told (fixture, &n_told);
  g_assert_cmpuint (n_told, >, n_before);
}

/* What does not fit on a channel ends it, or goes to the application as an error. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE, 'x');
  const HandoffChannelCall call = call_with (text);
  g_autoptr (GError) error = NULL;
  Asked asked;

  g_assert_null (handoff_service_channel_call_sync (fixture->channel, &call, NULL, &error));
  g_assert_error (error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE);
  ask (fixture, text, NULL, &asked);
  wait_asked (&asked);
  g_assert_error (asked.error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE);
  asked_clear (&asked);
  g_assert_true (channel_peer_is_quiet (&fixture->peer));
  g_assert_true (handoff_service_channel_is_usable (fixture->channel));
}

/* A forked child reads what is for its parent, sends, or ends the parent's channel. */
static void
test_fork (Fixture *fixture, gconstpointer data)
{
  HandoffChannelCall told;
  Asked asked;
  int status;
  pid_t child;

  ask (fixture, "1", NULL, &asked);
  reply_text (fixture, receive_call (fixture), "1");
  child = fork ();
  if (child == 0)
    {
      if (handoff_service_channel_is_usable (fixture->channel))
        _exit (1);
      told = call_with ("from the child");
      handoff_service_channel_tell (fixture->channel, &told);
      handoff_service_channel_unref (fixture->channel);
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (channel_peer_is_quiet (&fixture->peer));
  wait_asked (&asked);
  assert_text (asked.reply, "1");
  asked_clear (&asked);
  g_assert_true (handoff_service_channel_is_usable (fixture->channel));
}

/* A main context that goes away under a call takes the channel, or others' replies, with it. */
static void
test_context_lost (Fixture *fixture, gconstpointer data)
{
  GMainContext *context = g_main_context_new ();
  HandoffChannelMessage message;
  Asked lost, other;
  guint32 serial;

  ask (fixture, "other", NULL, &other);
  g_main_context_push_thread_default (context);
  ask (fixture, "lost", NULL, &lost);
  g_main_context_pop_thread_default (context);
  serial = receive_call (fixture);
  channel_peer_send_blob (&fixture->peer, receive_call (fixture), g_variant_new ("(s)", "lost"),
                          "lost");
  g_main_context_unref (context);
  channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "other"), "other");
  wait_asked (&other);
  g_assert_true (channel_peer_has_mark (other.reply, "other"));
  g_assert_false (lost.done);
  asked_clear (&other);
  g_assert_true (channel_peer_receive (&fixture->peer, &message));
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CANCEL);
  handoff_channel_message_clear (&message);
}

/* A process without a free descriptor loses key blobs, and goes on as if they had come. */
static void
test_no_descriptors_left (Fixture *fixture, gconstpointer data)
{
  struct rlimit before, now;
  guint32 serial;
  Asked asked;
  int highest;

  ask (fixture, "1", NULL, &asked);
  serial = receive_call (fixture);
  channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "1"), "1");
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  highest = dup (fixture->peer.socket);
  close (highest);
  now = before;
  now.rlim_cur = (rlim_t) highest;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &now), ==, 0);
  wait_asked (&asked);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  /* As under valgrind, which has a limit of its own. */
  if (asked.reply != NULL && g_unix_fd_list_peek_fds (asked.reply->fds, NULL)[0] >= highest)
    {
      asked_clear (&asked);
      g_test_skip ("The limit of descriptors does not hold");
      return;
    }
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  asked_clear (&asked);
  g_assert_false (handoff_service_channel_is_usable (fixture->channel));
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*run) (Fixture *, gconstpointer);
    int data;
  } tests[] = {
    { "reversed", test_reversed },
    { "crowd", test_crowd },
    { "blocking-over-async", test_blocking_over_async },
    { "nested", test_nested },
    { "cancelled/blocking", test_cancelled, TRUE },
    { "cancelled/async", test_cancelled, FALSE },
    { "cancelled/before", test_cancelled_before },
    { "cancelled/after", test_cancelled_after },
    { "closed/before", test_closed, CLOSE_BEFORE },
    { "closed/unread", test_closed, CLOSE_UNREAD },
    { "closed/read", test_closed, CLOSE_READ },
    { "closed/read-first", test_closed, CLOSE_READ_FIRST },
    { "closed/answered", test_closed, CLOSE_ANSWERED },
    { "closed/refused", test_closed, CLOSE_REFUSED },
    { "closed/blocking", test_closed_blocking },
    { "garbage/serial", test_garbage, GARBAGE_SERIAL },
    { "garbage/kind", test_garbage, GARBAGE_KIND },
    { "garbage/bytes", test_garbage, GARBAGE_BYTES },
    { "garbage/two-descriptors", test_garbage, GARBAGE_TWO_FDS },
    { "garbage/blob", test_garbage, GARBAGE_BLOB },
    { "garbage/late-blob", test_garbage, GARBAGE_LATE_BLOB },
    { "garbage/twice", test_garbage, GARBAGE_TWICE },
    { "error", test_error },
    { "full", test_full },
    { "told", test_told },
    { "too-large", test_too_large },
    { "fork", test_fork },
    { "context-lost", test_context_lost },
    { "no-descriptors-left", test_no_descriptors_left },
  };
  GError *first = g_dbus_error_new_for_dbus_error ("a.b", "");
  g_autoptr (GCancellable) warm = g_cancellable_new ();
  gsize i;

  g_test_init (&argc, &argv, NULL);
  /* GLib opens some descriptors for itself, and this thread has one to wait. */
  g_clear_error (&first);
  g_main_context_iteration (NULL, FALSE);
  {
    Fixture fixture;
    Echo echo = { &fixture, 1 };
    GThread *service;
    const HandoffChannelCall call = call_with ("warm");

    set_up (&fixture, NULL);
    service = g_thread_new ("echo", echo_thread, &echo);
    handoff_reply_free (handoff_service_channel_call_sync (fixture.channel, &call, NULL, NULL));
    g_thread_join (service);
    handoff_service_channel_unref (fixture.channel);
    channel_peer_clear (&fixture.peer);
  }
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/service-channel/", tests[i].name, NULL);

      g_test_add (path, Fixture, GINT_TO_POINTER (tests[i].data), set_up, tests[i].run, tear_down);
    }
  return g_test_run ();
}
