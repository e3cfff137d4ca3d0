/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The library's end of a channel, against a service's end that does what a test wants: whose reply
 * is whose. */

#include <string.h>

#include "support/channel-fixture.h"
#include "tls-handoff-error.h"

#define N_THREADS 10

/* Replies in another order than the calls go to the wrong thread, a thread sleeps on although its
 * reply was read by another, or a key blob is opened in the order of calls. */
static void
test_reversed (ChannelFixture *fixture, gconstpointer data)
{
  ChannelBlocked *blocked[N_THREADS];
  guint32 serials[N_THREADS];
  char *texts[N_THREADS];
  guint i;

  for (i = 0; i < N_THREADS; i++)
    blocked[i] = channel_blocked_new (fixture->channel, i, NULL);
  for (i = 0; i < N_THREADS; i++)
    {
      HandoffChannelMessage message;

      g_assert_true (channel_peer_receive (&fixture->peer, &message));
      serials[i] = message.serial;
      texts[i] = channel_dup_text (&message);
      handoff_channel_message_clear (&message);
    }
  for (i = N_THREADS; i-- > 0;)
    channel_peer_send_blob (&fixture->peer, serials[i], g_variant_new ("(s)", texts[i]), texts[i]);
  for (i = 0; i < N_THREADS; i++)
    {
      channel_blocked_join (blocked[i]);
      g_assert_no_error (blocked[i]->error);
      channel_assert_text (blocked[i]->reply, blocked[i]->text);
      g_assert_true (channel_peer_has_mark (blocked[i]->reply, blocked[i]->text));
      channel_blocked_free (blocked[i]);
      g_free (texts[i]);
    }
}

#define N_CONTEXTS 5
#define N_EACH 40

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
      const HandoffChannelCall call = channel_call_with (text);

      reply = handoff_service_channel_call_sync (channel, &call, NULL, &error);
      g_assert_no_error (error);
      channel_assert_text (reply, text);
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
  channel_assert_text (reply, call->text);
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
  sent = channel_call_with (call->text);
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
test_crowd (ChannelFixture *fixture, gconstpointer data)
{
  ChannelEcho echo = { fixture, N_EACH * (N_THREADS + N_CONTEXTS) };
  GThread *threads[N_THREADS + N_CONTEXTS];
  GThread *service = g_thread_new ("echo", channel_echo_thread, &echo);
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
test_blocking_over_async (ChannelFixture *fixture, gconstpointer data)
{
  g_autoptr (ChannelBlocked) other = NULL;
  g_autoptr (HandoffReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  ChannelEcho echo = { fixture, 3 };
  const HandoffChannelCall call = channel_call_with ("here");
  GThread *service;
  ChannelAsked asked;

  channel_ask (fixture, "async", NULL, &asked);
  other = channel_blocked_new (fixture->channel, 1, NULL);
  service = g_thread_new ("echo", channel_echo_thread, &echo);
  reply = handoff_service_channel_call_sync (fixture->channel, &call, NULL, &error);
  g_assert_no_error (error);
  channel_assert_text (reply, "here");
  channel_blocked_join (other);
  channel_assert_text (other->reply, "1");
  channel_asked_wait (&asked);
  channel_assert_text (asked.reply, "async");
  channel_asked_clear (&asked);
  g_thread_join (service);
}

/* A callback that lets the main loop run within waits for ever. */
static void
nest_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  ChannelFixture *fixture = user_data;
  ChannelAsked inner;

  g_assert_no_error (error);
  handoff_reply_free (reply);
  channel_ask (fixture, "inner", NULL, &inner);
  channel_fixture_reply_text (fixture, channel_fixture_receive_call (fixture), "inner");
  channel_asked_wait (&inner);
  channel_assert_text (inner.reply, "inner");
  channel_asked_clear (&inner);
}

static void
test_nested (ChannelFixture *fixture, gconstpointer data)
{
  const HandoffChannelCall call = channel_call_with ("outer");
  ChannelAsked last;

  handoff_service_channel_call_async (fixture->channel, &call, NULL, nest_cb, fixture);
  channel_fixture_reply_text (fixture, channel_fixture_receive_call (fixture), "outer");
  channel_ask (fixture, "last", NULL, &last);
  channel_fixture_reply_text (fixture, channel_fixture_receive_call (fixture), "last");
  channel_asked_wait (&last);
  /* It may have come within the other callback. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  channel_assert_text (last.reply, "last");
  channel_asked_clear (&last);
}

/* A call that is cancelled waits on, the service is not told, or its late reply goes to somebody
 * else, or keeps the key blobs after it from being opened. */
static void
test_cancelled (ChannelFixture *fixture, gconstpointer data)
{
  const gboolean blocks = GPOINTER_TO_INT (data);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ChannelBlocked) blocked = NULL;
  HandoffChannelMessage message;
  ChannelAsked asked = { NULL }, next;
  guint32 serial;

  if (blocks)
    blocked = channel_blocked_new (fixture->channel, 1, cancellable);
  else
    channel_ask (fixture, "1", cancellable, &asked);
  serial = channel_fixture_receive_call (fixture);
  g_cancellable_cancel (cancellable);
  if (blocks)
    {
      channel_blocked_join (blocked);
      g_assert_error (blocked->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_null (blocked->reply);
    }
  else
    {
      channel_asked_wait (&asked);
      g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_true (channel_peer_receive (&fixture->peer, &message));
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CANCEL);
  g_assert_cmpuint (message.serial, ==, serial);
  handoff_channel_message_clear (&message);

  channel_ask (fixture, "2", NULL, &next);
  channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "1"), "one");
  channel_peer_send_blob (&fixture->peer, channel_fixture_receive_call (fixture),
                          g_variant_new ("(s)", "2"), "two");
  channel_asked_wait (&next);
  g_assert_no_error (next.error);
  g_assert_true (channel_peer_has_mark (next.reply, "two"));
  channel_asked_clear (&next);
  channel_asked_clear (&asked);
}

/* What was cancelled before it began reaches the service. */
static void
test_cancelled_before (ChannelFixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  const HandoffChannelCall call = channel_call_with ("1");
  ChannelAsked asked;

  g_cancellable_cancel (cancellable);
  g_assert_null (handoff_service_channel_call_sync (fixture->channel, &call, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  channel_ask (fixture, "2", cancellable, &asked);
  channel_asked_wait (&asked);
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  channel_asked_clear (&asked);
  g_assert_true (channel_peer_is_quiet (&fixture->peer));
}

/* A reply that came is thrown away because of a cancellation after it. */
static void
test_cancelled_after (ChannelFixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const HandoffChannelCall call = channel_call_with ("sync");
  g_autoptr (HandoffReply) reply = NULL;
  ChannelAsked asked;
  ChannelEcho echo = { fixture, 2 };
  GThread *service;

  channel_ask (fixture, "async", cancellable, &asked);
  service = g_thread_new ("echo", channel_echo_thread, &echo);
  /* Reads both. */
  reply = handoff_service_channel_call_sync (fixture->channel, &call, NULL, NULL);
  g_thread_join (service);
  if (asked.done)
    g_assert_not_reached ();
  channel_assert_text (reply, "sync");
  g_cancellable_cancel (cancellable);
  channel_asked_wait (&asked);
  /* Which of the two was read first is open; but not that there is one end. */
  g_assert_true ((asked.reply != NULL) != (asked.error != NULL));
  channel_asked_clear (&asked);
}

/* Whoever cancels a call, and with it what it is about, hears of that from the service in place of
 * the cancellation. */
static void
test_cancelled_error (ChannelFixture *fixture, gconstpointer data)
{
  const gboolean blocks = GPOINTER_TO_INT (data);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ChannelBlocked) reader = NULL;
  g_autoptr (ChannelBlocked) blocked = NULL;
  ChannelAsked asked = { NULL };
  guint32 first, second;

  /* The other's thread reads the error. */
  reader = channel_blocked_new (fixture->channel, 1, NULL);
  first = channel_fixture_receive_call (fixture);
  if (blocks)
    blocked = channel_blocked_new (fixture->channel, 2, cancellable);
  else
    channel_ask (fixture, "2", cancellable, &asked);
  second = channel_fixture_receive_call (fixture);
  channel_peer_send (
      &fixture->peer, HANDOFF_CHANNEL_ERROR, second,
      g_variant_new ("(ssa{sv})", "org.tlshandoff.Handoff1.Error.PeerClosed", "closed", NULL), NULL,
      0);
  channel_fixture_reply_text (fixture, first, "1");
  channel_blocked_join (reader);
  g_cancellable_cancel (cancellable);
  if (blocks)
    {
      channel_blocked_join (blocked);
      /* It may have returned before. */
      g_assert_true (
          g_error_matches (blocked->error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
          g_error_matches (blocked->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED));
      return;
    }
  channel_asked_wait (&asked);
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  channel_asked_clear (&asked);
}

/* An error of the service's is another one for the application, or ends the channel. */
static void
test_error (ChannelFixture *fixture, gconstpointer data)
{
  ChannelAsked asked;

  channel_ask (fixture, "1", NULL, &asked);
  channel_peer_send (&fixture->peer, HANDOFF_CHANNEL_ERROR, channel_fixture_receive_call (fixture),
                     g_variant_new_parsed ("('org.tlshandoff.Handoff1.Error.LimitReached', 'no', "
                                           "{'alert': <'x'>})"),
                     NULL, 0);
  channel_asked_wait (&asked);
  g_assert_error (asked.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_cmpstr (asked.error->message, ==, "no");
  g_assert_nonnull (tls_handoff_error_get_details (asked.error));
  g_assert_true (handoff_service_channel_is_usable (fixture->channel));
  channel_asked_clear (&asked);
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
test_full (ChannelFixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (2000, 'x');
  g_autoptr (ChannelBlocked) blocked = NULL;
  ChannelEcho echo = { fixture, N_MANY + 1 };
  gboolean ran = FALSE;
  guint n_done = 0, i;
  GThread *service;

  for (i = 0; i < N_MANY; i++)
    {
      const HandoffChannelCall call = channel_call_with (text);

      handoff_service_channel_call_async (fixture->channel, &call, NULL, count_cb, &n_done);
    }
  blocked = channel_blocked_new (fixture->channel, 1, NULL);
  g_idle_add (set_cb, &ran);
  while (!ran)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_done, ==, 0);

  service = g_thread_new ("echo", channel_echo_thread, &echo);
  while (n_done < N_MANY)
    g_main_context_iteration (NULL, TRUE);
  channel_blocked_join (blocked);
  channel_assert_text (blocked->reply, "1");
  g_thread_join (service);
}

/* Reads what was told, and checks that it comes in order. */
static void
read_told (ChannelFixture *fixture, guint *n_told)
{
  while (!channel_peer_is_quiet (&fixture->peer))
    {
      g_autofree char *text = NULL;
      HandoffChannelMessage message;

      g_assert_true (channel_peer_receive (&fixture->peer, &message));
      g_assert_cmpuint (message.serial, ==, 0);
      text = channel_dup_text (&message);
      g_assert_cmpuint (g_ascii_strtoull (text, NULL, 10), ==, *n_told);
      ++*n_told;
      handoff_channel_message_clear (&message);
    }
}

/* What is told is a call that wants a reply, is lost while the service does not read, comes in
 * another order, or waits for another call. */
static void
test_told (ChannelFixture *fixture, gconstpointer data)
{
  guint n_told = 0, n_before, i;
  guint32 serial;
  ChannelAsked asked;

  channel_ask (fixture, "x", NULL, &asked);
  serial = channel_fixture_receive_call (fixture);
  for (i = 0; i < 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u %01500u", i, 0);
      const HandoffChannelCall call = channel_call_with (text);

      handoff_service_channel_tell (fixture->channel, &call);
    }
  read_told (fixture, &n_told);
  n_before = n_told;
  g_assert_cmpuint (n_before, <, 300);
  channel_fixture_reply_text (fixture, serial, "x");
  channel_asked_wait (&asked);
  channel_asked_clear (&asked);
  read_told (fixture, &n_told);
  g_assert_cmpuint (n_told, >, n_before);
}

/* What does not fit on a channel ends it, or goes to the application as an error. */
static void
test_too_large (ChannelFixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE, 'x');
  const HandoffChannelCall call = channel_call_with (text);
  g_autoptr (GError) error = NULL;
  ChannelAsked asked;

  g_assert_null (handoff_service_channel_call_sync (fixture->channel, &call, NULL, &error));
  g_assert_error (error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE);
  channel_ask (fixture, text, NULL, &asked);
  channel_asked_wait (&asked);
  g_assert_error (asked.error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE);
  channel_asked_clear (&asked);
  g_assert_true (channel_peer_is_quiet (&fixture->peer));
  g_assert_true (handoff_service_channel_is_usable (fixture->channel));
}

int
main (int argc, char *argv[])
{
  static const ChannelTest tests[] = {
    { "reversed", test_reversed },
    { "crowd", test_crowd },
    { "blocking-over-async", test_blocking_over_async },
    { "nested", test_nested },
    { "cancelled/blocking", test_cancelled, TRUE },
    { "cancelled/async", test_cancelled, FALSE },
    { "cancelled/before", test_cancelled_before },
    { "cancelled/after", test_cancelled_after },
    { "cancelled/error-blocking", test_cancelled_error, TRUE },
    { "cancelled/error", test_cancelled_error, FALSE },
    { "error", test_error },
    { "full", test_full },
    { "told", test_told },
    { "too-large", test_too_large },
  };

  return channel_fixture_run (argc, argv, "service-channel", tests, G_N_ELEMENTS (tests));
}
