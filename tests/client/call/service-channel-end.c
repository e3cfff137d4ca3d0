/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The library's end of a channel, against a service's end that does what a test wants: how it ends,
 * and what breaks it. */

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/channel-fixture.h"
#include "tls-handoff-error.h"

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
end_channel (ChannelFixture *fixture, ClosePoint point)
{
  guint32 serial;

  switch (point)
    {
    case CLOSE_READ:
    case CLOSE_READ_FIRST:
      channel_fixture_receive_call (fixture);
      break;
    case CLOSE_ANSWERED:
      channel_fixture_reply_text (fixture, channel_fixture_receive_call (fixture), "1");
      break;
    case CLOSE_REFUSED:
      serial = channel_fixture_receive_call (fixture);
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
test_closed (ChannelFixture *fixture, gconstpointer data)
{
  const ClosePoint point = GPOINTER_TO_INT (data);
  const gboolean two = point == CLOSE_READ_FIRST || point == CLOSE_ANSWERED;
  ChannelAsked first, second = { NULL };

  if (point == CLOSE_BEFORE)
    channel_peer_close (&fixture->peer);
  channel_ask (fixture, "1", NULL, &first);
  if (two)
    channel_ask (fixture, "2", NULL, &second);
  if (point != CLOSE_BEFORE)
    end_channel (fixture, point);

  channel_asked_wait (&first);
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
      channel_assert_text (first.reply, "1");
      break;
    }
  if (two)
    {
      channel_asked_wait (&second);
      g_assert_error (second.error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_NOT_BEGUN);
    }
  g_assert_false (handoff_service_channel_is_usable (fixture->channel));
  channel_asked_clear (&first);
  channel_asked_clear (&second);
}

/* A thread that blocks waits on when the channel ends, or the second of them does. */
static void
test_closed_blocking (ChannelFixture *fixture, gconstpointer data)
{
  g_autoptr (ChannelBlocked) first = channel_blocked_new (fixture->channel, 1, NULL);
  g_autoptr (ChannelBlocked) second = channel_blocked_new (fixture->channel, 2, NULL);
  g_autoptr (GError) error = NULL;
  const HandoffChannelCall call = channel_call_with ("3");

  channel_fixture_receive_call (fixture);
  channel_fixture_receive_call (fixture);
  channel_peer_close (&fixture->peer);
  channel_blocked_join (first);
  channel_blocked_join (second);
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
send_garbage (ChannelFixture *fixture, Garbage garbage, guint32 serial)
{
  int fds[2] = { fixture->peer.socket, fixture->peer.socket };

  switch (garbage)
    {
    case GARBAGE_SERIAL:
      channel_fixture_reply_text (fixture, serial + 1, "x");
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
      channel_fixture_reply_text (fixture, serial, "x");
      channel_fixture_reply_text (fixture, serial, "x");
      break;
    }
}

/* What the service may not say is believed, crashes the application, leaves a caller waiting, or
 * leaves the channel in use. */
static void
test_garbage (ChannelFixture *fixture, gconstpointer data)
{
  const Garbage garbage = GPOINTER_TO_INT (data);
  HandoffChannelMessage message;
  ChannelAsked asked, other;

  channel_ask (fixture, "1", NULL, &asked);
  channel_ask (fixture, "2", NULL, &other);
  send_garbage (fixture, garbage,
                channel_fixture_receive_call (fixture) + (garbage == GARBAGE_SERIAL ? 5 : 0));
  channel_asked_wait (&asked);
  channel_asked_wait (&other);
  if (garbage == GARBAGE_TWICE)
    channel_assert_text (asked.reply, "x");
  else
    g_assert_nonnull (asked.error);
  if (garbage == GARBAGE_BLOB || garbage == GARBAGE_LATE_BLOB)
    g_assert_error (asked.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  g_assert_error (other.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_false (handoff_service_channel_is_usable (fixture->channel));
  channel_asked_clear (&asked);
  channel_asked_clear (&other);

  /* The service hears of it. */
  channel_fixture_receive_call (fixture);
  g_assert_false (channel_peer_receive (&fixture->peer, &message));
}

/* A forked child reads what is for its parent, sends, or ends the parent's channel or call. */
static void
test_fork (ChannelFixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  HandoffChannelCall told;
  ChannelAsked asked;
  int status;
  pid_t child;

  channel_ask (fixture, "1", cancellable, &asked);
  channel_fixture_reply_text (fixture, channel_fixture_receive_call (fixture), "1");
  child = fork ();
  if (child == 0)
    {
      if (handoff_service_channel_is_usable (fixture->channel))
        _exit (1);
      told = channel_call_with ("from the child");
      handoff_service_channel_tell (fixture->channel, &told);
      g_cancellable_cancel (cancellable);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      if (asked.done)
        _exit (2);
      handoff_service_channel_unref (fixture->channel);
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (channel_peer_is_quiet (&fixture->peer));
  channel_asked_wait (&asked);
  channel_assert_text (asked.reply, "1");
  channel_asked_clear (&asked);
  g_assert_true (handoff_service_channel_is_usable (fixture->channel));
}

/* A main context that goes away under a call takes the channel, or others' replies, with it. */
static void
test_context_lost (ChannelFixture *fixture, gconstpointer data)
{
  GMainContext *context = g_main_context_new ();
  HandoffChannelMessage message;
  ChannelAsked lost, other;
  guint32 serial;

  channel_ask (fixture, "other", NULL, &other);
  g_main_context_push_thread_default (context);
  channel_ask (fixture, "lost", NULL, &lost);
  g_main_context_pop_thread_default (context);
  serial = channel_fixture_receive_call (fixture);
  channel_peer_send_blob (&fixture->peer, channel_fixture_receive_call (fixture),
                          g_variant_new ("(s)", "lost"), "lost");
  g_main_context_unref (context);
  channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "other"), "other");
  channel_asked_wait (&other);
  g_assert_true (channel_peer_has_mark (other.reply, "other"));
  g_assert_false (lost.done);
  channel_asked_clear (&other);
  g_assert_true (channel_peer_receive (&fixture->peer, &message));
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CANCEL);
  handoff_channel_message_clear (&message);
}

/* A process without a free descriptor loses key blobs, and goes on as if they had come. */
static void
test_no_descriptors_left (ChannelFixture *fixture, gconstpointer data)
{
  struct rlimit before, now;
  guint32 serial;
  ChannelAsked asked;
  int highest;

  channel_ask (fixture, "1", NULL, &asked);
  serial = channel_fixture_receive_call (fixture);
  channel_peer_send_blob (&fixture->peer, serial, g_variant_new ("(s)", "1"), "1");
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  highest = dup (fixture->peer.socket);
  close (highest);
  now = before;
  now.rlim_cur = (rlim_t) highest;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &now), ==, 0);
  channel_asked_wait (&asked);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  /* As under valgrind, which has a limit of its own. */
  if (asked.reply != NULL && g_unix_fd_list_peek_fds (asked.reply->fds, NULL)[0] >= highest)
    {
      channel_asked_clear (&asked);
      g_test_skip ("The limit of descriptors does not hold");
      return;
    }
  g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  channel_asked_clear (&asked);
  g_assert_false (handoff_service_channel_is_usable (fixture->channel));
}

int
main (int argc, char *argv[])
{
  static const ChannelTest tests[] = {
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
    { "fork", test_fork },
    { "context-lost", test_context_lost },
    { "no-descriptors-left", test_no_descriptors_left },
  };

  return channel_fixture_run (argc, argv, "service-channel-end", tests, G_N_ELEMENTS (tests));
}
