/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Channels whose other end wants too much, or does not do what it should; and how they end. */

#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-handshake.h"
#include "test-system.h"
#include "tls-handoff-error.h"

/* (transfer full): packed */
static GVariant *
new_call (guint32 serial, const char *path, const char *method, const char *arguments)
{
  return handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, serial,
      handoff_channel_call_body (0, path, method, g_variant_new_parsed (arguments)));
}

/* Whether the socket stays full. If it is only the machine that is slow, less is sent below. */
static gboolean
is_stuck (TestChannel *channel)
{
  struct pollfd poll_fd = { .fd = channel->fd, .events = POLLOUT };

  return poll (&poll_fd, 1, 500) == 0;
}

/* A caller who never reads. Breaks if the service takes calls without end, waits for him, or loses
 * an answer when he reads after all. */
static void
test_never_reads (TestChannelFixture *f, gconstpointer data)
{
  g_autoptr (TestChannel) other = test_channel_open_now (f->alice);
  guint32 n_sent = 0, n_read = 0;
  HandoffPacketStatus status;

  do
    {
      g_autoptr (GVariant) packed =
          new_call (n_sent + 1, HANDOFF_ROOT_PATH, "CreateSession", "('nobody', '', @a{sv} {})");

      status = handoff_channel_message_send (f->channel->fd, packed, NULL, 0, NULL);
      n_sent += status == HANDOFF_PACKET_DONE ? 1 : 0;
    }
  while (status == HANDOFF_PACKET_DONE || !is_stuck (f->channel));
  g_assert_cmpuint (n_sent, >, HANDOFF_CHANNEL_MAX_DESCRIPTORS);
  g_assert_cmpuint (n_sent, <, 20000);

  test_channel_check (f, other);
  for (n_read = 0; n_read < n_sent; n_read++)
    {
      g_autoptr (TestAnswer) answer = test_channel_receive (f->channel);

      g_assert_nonnull (answer);
      g_assert_cmpuint (answer->message.serial, ==, n_read + 1);
    }
  test_channel_check (f, f->channel);
}

/* As many calls as there may be, and one more. Breaks if that begins, if nothing can be cancelled
 * then, or if it does not begin when there is room. */
static void
test_maximum_calls (TestChannelFixture *f, gconstpointer data)
{
  const guint n = f->channel->maximum_calls;
  int sockets[2];
  g_autofree guint32 *serials = g_new (guint32, n + 2);
  guint i;

  test_channel_start_anew (f, "[Limits]\nHandshakesPerUser=200\n");
  test_tcp_pair (sockets);
  for (i = 0; i < n + 2; i++)
    serials[i] = test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
  test_statistic_wait ("handshakes-in-flight", n);
  {
    g_autoptr (TestChannel) other = test_channel_open_now (f->alice);

    test_channel_check (f, other);
  }
  test_statistic_wait ("handshakes-in-flight", n);
  g_clear_pointer (&f->channel, test_channel_free);
  close (sockets[0]);
  close (sockets[1]);
  test_channel_end_anew (f);
}

/* Breaks if a call cannot be cancelled when all are under way. */
static void
test_cancel_at_maximum (TestChannelFixture *f, gconstpointer data)
{
  const guint n = f->channel->maximum_calls;
  g_autoptr (TestAnswer) answer = NULL;
  g_autofree guint32 *serials = g_new (guint32, n);
  int sockets[2];
  guint i;

  test_channel_start_anew (f, "[Limits]\nHandshakesPerUser=200\n");
  test_tcp_pair (sockets);
  for (i = 0; i < n; i++)
    serials[i] = test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
  test_channel_cancel (f->channel, serials[n / 2]);
  answer = test_channel_wait (f->channel, serials[n / 2]);
  g_assert_error (answer->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  test_channel_check (f, f->channel);
  g_clear_pointer (&f->channel, test_channel_free);
  close (sockets[0]);
  close (sockets[1]);
  test_channel_end_anew (f);
}

/* One channel keeps one worker as long as a handshake follows another, and all of the user's when
 * many are under way. Breaks if they all stay on the one that reads. */
static void
test_workers (TestChannelFixture *f, gconstpointer data)
{
  const guint64 shared = 1; /* for users who get none of their own */
  int sockets[2];
  guint32 serials[8];
  guint i;

  test_channel_start_anew (f, "[Limits]\nWorkers=2\n");
  for (i = 0; i < 3; i++)
    test_channel_check (f, f->channel);
  test_statistic_wait ("workers", shared + 1);

  test_tcp_pair (sockets);
  for (i = 0; i < G_N_ELEMENTS (serials); i++)
    {
      serials[i] = test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
      test_statistic_wait ("handshakes-in-flight", i + 1);
    }
  test_statistic_wait ("workers", shared + 2);
  for (i = 0; i < G_N_ELEMENTS (serials); i++)
    {
      g_autoptr (TestAnswer) answer = NULL;

      test_channel_cancel (f->channel, serials[i]);
      answer = test_channel_wait (f->channel, serials[i]);
      g_assert_error (answer->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
    }
  test_channel_check (f, f->channel);
  test_channel_end_anew (f);
  close (sockets[0]);
  close (sockets[1]);
}

typedef struct
{
  GDBusConnection *connection;
  TestChannel *channel;
} Attempt;

static gboolean
is_opened (gpointer data)
{
  Attempt *attempt = data;

  attempt->channel = test_channel_open (attempt->connection, NULL);
  return attempt->channel != NULL;
}

/* Breaks if one user can have all channels, if others pay for it, or if a place is lost. */
static void
test_quota (TestChannelFixture *f, gconstpointer data)
{
  GDBusConnection *bob = test_bus_connect ("bob");
  Attempt attempt = { f->alice, NULL };
  g_autoptr (TestChannel) second = NULL;
  g_autoptr (TestChannel) bobs = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  test_channel_start_anew (f, "[Limits]\nChannelsPerUser=2\n");
  second = test_channel_open_now (f->alice);
  g_assert_null (test_channel_open (f->alice, &error));
  test_assert_remote_error (error, "LimitReached", "channels (2)");
  bobs = test_channel_open_now (bob);
  test_channel_check (f, bobs);

  for (i = 0; i < 3; i++)
    {
      g_clear_pointer (&second, test_channel_free);
      test_wait_until (is_opened, &attempt, "the place of a channel that was closed is free");
      second = g_steal_pointer (&attempt.channel);
    }

  test_service_set_config ("[Limits]\nChannelsPerUser=0\n");
  g_clear_pointer (&bobs, test_channel_free);
  test_service_stop ();
  g_assert_null (test_channel_open (bob, &error));
  test_assert_remote_error (error, "LimitReached", "allows no channels");
  test_bus_vanish (bob);
  test_service_set_config (NULL);
  test_service_stop ();
}

/* Breaks if whoever opens channels and breaks their rules, one after the other, has more key blobs
 * unread than his share: they stay in the sockets that he keeps. */
static void
test_unread_at_end (TestChannelFixture *f, gconstpointer data)
{
  struct pollfd poll_fd = { .fd = f->channel->fd, .events = POLLIN };
  g_autoptr (TestChannel) other = NULL;
  const int socket = test_peer_connect (f->peer);
  TestAnswer *answer;

  test_channel_start (f->channel, socket, "localhost", test_options (NULL));
  g_assert_cmpint (poll (&poll_fd, 1, TEST_TIMEOUT_SECONDS * 1000), ==, 1);
  test_channel_send_bytes (f->channel, "x", 1);
  poll_fd.events = POLLHUP;
  g_assert_cmpint (poll (&poll_fd, 1, TEST_TIMEOUT_SECONDS * 1000), ==, 1);
  close (socket);

  /* When this one has gone, what could be closed of the first has gone, too. */
  other = test_channel_open_now (f->alice);
  test_channel_check (f, other);
  g_clear_pointer (&other, test_channel_free);
  test_statistic_wait ("sessions", 0);
  test_statistic_wait ("channels", 1);
  other = test_channel_open_now (f->alice);
  test_statistic_wait ("channels", 2);
  g_clear_pointer (&other, test_channel_free);

  answer = test_channel_receive (f->channel);
  g_assert_nonnull (answer->keys);
  test_answer_free (answer);
  test_channel_expect_end (f->channel);
  test_statistic_wait ("channels", 0);
}

/* Breaks if a channel stays for good when the application has sent its own end, which nobody reads
 * any more, and has left a key blob unread. */
static void
test_own_end (TestChannelFixture *f, gconstpointer data)
{
  const guint n = f->channel->maximum_calls;
  struct pollfd poll_fd;
  int sockets[2], socket;
  guint i;

  test_channel_start_anew (f, "[Limits]\nHandshakesPerUser=200\n");
  socket = test_peer_connect (f->peer);
  test_channel_start (f->channel, socket, "localhost", test_options (NULL));
  poll_fd = (struct pollfd){ .fd = f->channel->fd, .events = POLLIN };
  g_assert_cmpint (poll (&poll_fd, 1, TEST_TIMEOUT_SECONDS * 1000), ==, 1);
  close (socket);

  /* With one that is too many, so that the next message is not read. */
  test_tcp_pair (sockets);
  for (i = 0; i < n + 1; i++)
    test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
  test_statistic_wait ("handshakes-in-flight", n);
  test_channel_start (f->channel, f->channel->fd, "localhost", test_options (NULL));
  g_clear_pointer (&f->channel, test_channel_free);
  test_bus_vanish (g_steal_pointer (&f->alice));
  test_statistic_wait ("channels", 0);
  close (sockets[0]);
  close (sockets[1]);
  test_channel_end_anew (f);
}

static void
become (const char *user)
{
  const struct passwd *entry = getpwnam (user);

  if (entry == NULL || setgroups (0, NULL) != 0 ||
      setresgid (entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
      setresuid (entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
    _exit (2);
}

/* Alice's channel in a process of mallory's. What is done on it is done for alice, as on her
 * connection to the bus; but the blob stays shut. */
static void
be_mallory (TestChannelFixture *f, int socket)
{
  g_autofree guint8 *buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
  g_autoptr (GError) error = NULL;
  HandoffChannelMessage message;
  HandoffPacketStatus status;

  become ("mallory");
  test_channel_start (f->channel, socket, "localhost", test_options (NULL));
  while ((status = handoff_channel_message_receive (f->channel->fd, HANDOFF_CHANNEL_APPLICATION,
                                                    buffer, &message, NULL)) ==
         HANDOFF_PACKET_WOULD_BLOCK)
    {
      struct pollfd poll_fd = { .fd = f->channel->fd, .events = POLLIN };

      poll (&poll_fd, 1, TEST_TIMEOUT_SECONDS * 1000);
    }
  if (status != HANDOFF_PACKET_DONE || message.kind != HANDOFF_CHANNEL_REPLY || message.n_fds != 1)
    _exit (3);
  if (handoff_blob_opener_open (f->channel->opener, message.fds[0], &error) != NULL)
    _exit (4);
  _exit (0);
}

static void
test_passed_on (TestChannelFixture *f, gconstpointer data)
{
  g_autofree char *complete =
      g_strdup_printf ("role=client server-identity=localhost peer=127.0.0.1:%u: complete",
                       test_peer_get_port (f->peer));
  const guint n_complete = test_log_count (complete);
  const int socket = test_peer_connect (f->peer);
  g_autofree char *log = NULL;
  GPid child = fork ();
  int status = -1;

  if (child == 0)
    be_mallory (f, socket);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  close (socket);
  test_log_wait (complete, n_complete + 1);
  log = test_log_read ();
  g_assert_null (strstr (log, "uid=60103"));
}

/* Breaks if a channel outlives its caller's connection to the bus. */
static void
test_caller_leaves (TestChannelFixture *f, gconstpointer data)
{
  int sockets[2];

  test_tcp_pair (sockets);
  test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
  test_channel_call (f->channel, HANDOFF_ROOT_PATH, "CreateSession",
                     g_variant_new_parsed ("('client', 'localhost', @a{sv} {})"), NULL);
  test_statistic_wait ("sessions", 2);
  test_bus_vanish (g_steal_pointer (&f->alice));
  test_channel_expect_end (f->channel);
  test_statistic_wait ("sessions", 0);
  test_statistic_wait ("handshakes-in-flight", 0);
  close (sockets[0]);
  close (sockets[1]);
}

/* Breaks if an open channel keeps the service from its idle exit, or if a channel of one that has
 * gone can be mistaken for a live one. */
static void
test_idle_exit (TestChannelFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) packed = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  g_autoptr (GError) error = NULL;
  int socket;

  test_channel_start_anew (f, "[Timeouts]\nIdleExit=3\n");
  socket = test_peer_connect (f->peer);
  keys = test_channel_handshake (f->channel, socket, "localhost",
                                 test_options ("{'transient': <true>, 'resumption': <false>}"),
                                 &error);
  g_assert_no_error (error);
  close (socket);
  test_service_wait_gone ();
  /* The handshaker may take a moment longer. */
  test_channel_expect_end (f->channel);
  packed = new_call (77, HANDOFF_ROOT_PATH, "CreateSession", "('client', 'localhost', @a{sv} {})");
  g_assert_cmpint (handoff_channel_message_send (f->channel->fd, packed, NULL, 0, NULL), ==,
                   HANDOFF_PACKET_CLOSED);
  test_service_set_config (NULL);
  g_clear_pointer (&f->channel, test_channel_free);
  f->channel = test_channel_open_now (f->alice);
  test_channel_check (f, f->channel);
  test_service_stop ();
}

/* Breaks if a call gets no answer when the service ends, or if what was not begun gets the answer
 * of what was. */
static void
test_stop (TestChannelFixture *f, gconstpointer data)
{
  const guint n = f->channel->maximum_calls;
  g_autofree guint32 *serials = g_new (guint32, n + 10);
  int sockets[2];
  guint i;

  test_channel_start_anew (f, "[Limits]\nHandshakesPerUser=200\n");
  test_tcp_pair (sockets);
  for (i = 0; i < n + 10; i++)
    serials[i] = test_channel_start (f->channel, sockets[0], "localhost", test_options (NULL));
  /* A call that still waits for polkit has a place among the handshakes, and no session yet. */
  test_statistic_wait ("sessions", n);
  test_service_stop ();
  for (i = 0; i < n + 10; i++)
    {
      g_autoptr (TestAnswer) answer = test_channel_wait (f->channel, serials[i]);

      if (i < n)
        g_assert_error (answer->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
      else
        g_assert_error (answer->error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED);
    }
  g_assert_null (test_channel_receive (f->channel));
  close (sockets[0]);
  close (sockets[1]);
  test_channel_end_anew (f);
}

/* Breaks if a reload ends channels, or if one of them goes on as before it. */
static void
test_reload (TestChannelFixture *f, gconstpointer data)
{
  GDBusConnection *root = test_bus_connect ("root");
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyState) keys = NULL;
  int socket;

  test_channel_check (f, f->channel);
  test_service_set_config ("[TLS]\nMaximumProtocol=TLS1.2\n");
  reply = test_call (root, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "Reload", NULL, &error);
  g_assert_no_error (error);
  socket = test_peer_connect (f->peer);
  keys = test_channel_handshake (f->channel, socket, "localhost", test_options (NULL), &error);
  g_assert_no_error (error);
  g_assert_cmphex (keys->protocol, ==, 0x0303);
  close (socket);
  test_service_set_config (NULL);
  test_service_stop ();
  test_bus_vanish (root);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);

#define TEST(name, function)                                                                       \
  g_test_add (name, TestChannelFixture, NULL, test_channel_set_up, function, test_channel_tear_down)
  TEST ("/channel-limits/never-reads", test_never_reads);
  TEST ("/channel-limits/maximum-calls", test_maximum_calls);
  TEST ("/channel-limits/cancel-at-maximum", test_cancel_at_maximum);
  TEST ("/channel-limits/workers", test_workers);
  TEST ("/channel-limits/quota", test_quota);
  TEST ("/channel-limits/unread-at-end", test_unread_at_end);
  TEST ("/channel-limits/own-end", test_own_end);
  TEST ("/channel-limits/passed-on", test_passed_on);
  TEST ("/channel-limits/caller-leaves", test_caller_leaves);
  TEST ("/channel-limits/idle-exit", test_idle_exit);
  TEST ("/channel-limits/stop", test_stop);
  TEST ("/channel-limits/reload", test_reload);

  return g_test_run ();
}
