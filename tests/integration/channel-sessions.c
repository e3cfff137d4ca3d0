/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The sessions of a channel, on the wire: in steps, with decisions, tickets, and cancelled. */

#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-credential.h"
#include "test-handshake.h"
#include "test-system.h"
#include "test-tickets.h"
#include "tls-handoff-error.h"

#define ACTION(name) "'org.tlshandoff.Handoff1." name "'"
/* What an active session would give alice. */
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id == " ACTION ("manage-own-credentials") " || action.id == " ACTION (              \
      "use-own-credential") ") return polkit.Result.YES; });"

/* Carries a stepwise handshake with the peer to its end. */
static void
step_to_the_end (TestChannel *channel, const char *path, int socket)
{
  g_autoptr (GByteArray) input = g_byte_array_new ();
  const char *state = "";

  while (!g_str_equal (state, HANDOFF_STATE_COMPLETE))
    {
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GVariant) output = NULL;
      g_autoptr (GError) error = NULL;
      guint8 buffer[16384];
      guint64 consumed;
      gsize size;
      gconstpointer bytes;
      gssize n;

      reply = test_channel_call (
          channel, path, "Step",
          g_variant_new (
              "(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, input->data, input->len, 1)),
          &error);
      g_assert_no_error (error);
      g_variant_get (reply, "(&s@ayt@a{sv})", &state, &output, &consumed, NULL);
      state = g_intern_string (state);
      g_byte_array_remove_range (input, 0, (guint) consumed);
      bytes = g_variant_get_fixed_array (output, &size, 1);
      g_assert_cmpint (send (socket, bytes, size, MSG_NOSIGNAL), ==, (gssize) size);
      if (g_str_equal (state, HANDOFF_STATE_COMPLETE))
        break;
      g_assert_cmpstr (state, ==, HANDOFF_STATE_CONTINUE);
      n = recv (socket, buffer, sizeof buffer, 0);
      g_assert_cmpint (n, >, 0);
      g_byte_array_append (input, buffer, (guint) n);
    }
}

/* (transfer full): the path */
static char *
create_session (TestChannel *channel, const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = test_channel_call (
      channel, HANDOFF_ROOT_PATH, "CreateSession",
      g_variant_new ("(ss@a{sv})", "client", "localhost", test_options (options)), &error);
  char *path;

  g_assert_no_error (error);
  g_variant_get (reply, "(o)", &path);
  return path;
}

static void
close_session (TestChannel *channel, const char *path)
{
  g_autoptr (GError) error = NULL;
  G_GNUC_UNUSED g_autoptr (GVariant) reply =
      test_channel_call (channel, path, "Close", g_variant_new ("()"), &error);

  g_assert_no_error (error);
}

/* Breaks if the methods of a session do not find it, if keys are not sealed for the channel, or if
 * its end is not the session's. */
static void
test_stepwise (TestChannelFixture *f, gconstpointer data)
{
  const int socket = test_peer_connect (f->peer);
  g_autofree char *path = create_session (f->channel, NULL);
  g_autoptr (TestAnswer) answer = NULL;
  g_autoptr (GError) error = NULL;

  step_to_the_end (f->channel, path, socket);
  answer = test_channel_wait (
      f->channel,
      test_channel_send (
          f->channel, path, "ExportKeys",
          g_variant_new ("(@ay)", g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0)), NULL, 0));
  g_assert_no_error (answer->error);
  g_assert_nonnull (answer->keys);
  close_session (f->channel, path);
  g_assert_null (test_channel_call (f->channel, path, "Close", g_variant_new ("()"), &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  close (socket);
}

/* Breaks if a session is found on another channel, or on the bus; or if lists lack it. */
static void
test_own_sessions (TestChannelFixture *f, gconstpointer data)
{
  g_autofree char *path = create_session (f->channel, NULL);
  g_autoptr (TestChannel) other = test_channel_open_now (f->alice);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_channel_call (other, path, "Close", g_variant_new ("()"), &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  g_clear_error (&error);
  g_assert_null (test_call (f->alice, path, HANDOFF_SESSION_INTERFACE, "Close", NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  g_clear_error (&error);

  test_statistic_wait ("sessions", 1);
  reply = test_call (f->alice, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "ListSessions",
                     g_variant_new ("(a{sv})", NULL), &error);
  g_assert_no_error (error);
  list = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (list), ==, 1);

  /* It goes with its channel, not with another one. */
  g_clear_pointer (&other, test_channel_free);
  test_statistic_wait ("sessions", 1);
  g_clear_pointer (&f->channel, test_channel_free);
  test_statistic_wait ("sessions", 0);
}

/* Breaks if a session of a channel could outlive it. */
static void
test_outliving (TestChannelFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (test_channel_call (
      f->channel, HANDOFF_ROOT_PATH, "CreateSession",
      g_variant_new ("(ss@a{sv})", "client", "localhost",
                     test_options ("{'outlive-caller': <true>, 'timeout': <uint32 5>}")),
      &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "on the bus"));
}

/* Breaks if a decision about the certificate does not reach the handshake. */
static void
test_review (TestChannelFixture *f, gconstpointer data)
{
  const int socket = test_peer_connect (f->peer);
  g_autoptr (TestAnswer) answer = NULL;
  g_autoptr (TestAnswer) decided = NULL;
  const char *state, *path;

  answer = test_channel_wait (f->channel,
                              test_channel_start (f->channel, socket, "other.handoff.test",
                                                  test_options ("{'review-certificate': <true>}")));
  g_assert_no_error (answer->error);
  g_variant_get (answer->message.body, "(&s&o@a{sv})", &state, &path, NULL);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  g_assert_null (answer->keys);

  decided =
      test_channel_wait (f->channel, test_channel_send (f->channel, path, "ReviewCertificate",
                                                        g_variant_new ("(b)", TRUE), NULL, 0));
  g_assert_no_error (decided->error);
  g_variant_get (decided->message.body, "(&s@ay@a{sv})", &state, NULL, NULL);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_nonnull (decided->keys);
  close (socket);
}

/* The path of a session that waits for a credential. (transfer full) */
static char *
get_request (TestChannel *channel, int socket)
{
  g_autoptr (TestAnswer) answer = test_channel_wait (
      channel, test_channel_start (channel, socket, "localhost",
                                   test_options ("{'ask-for-credential': <true>}")));
  const char *state;
  char *path;

  g_assert_no_error (answer->error);
  g_variant_get (answer->message.body, "(&so@a{sv})", &state, &path, NULL);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
  return path;
}

static TestAnswer *
provide (TestChannel *channel, const char *path, const char *answer, const int *fds, guint n_fds)
{
  return test_channel_wait (
      channel,
      test_channel_send (channel, path, "ProvideCredential",
                         g_variant_new ("(@a{sv})", g_variant_new_parsed (answer)), fds, n_fds));
}

/* Each answer travels to the main thread and back. Breaks if a session gets lost on the way, or
 * does not go on after an answer that cannot be taken. */
static void
test_request (TestChannelFixture *f, gconstpointer data)
{
  g_autofree char *authorities = test_cert_path ("client-ca.pem");
  const int pem = test_memfd_new_for_certificate ("client");
  g_autofree char *credential = NULL;
  g_autoptr (GError) error = NULL;
  const char *const answers[] = { "{'credential': <'mine'>}", "{'credential-pem': <handle 0>}",
                                  "{'automatic': <true>}" };
  guint i;

  test_polkit_set_rules (OWN_RULES);
  credential =
      test_credential_import (f->alice, "mine", "client", "{'roles': <['client']>}", &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = test_peer_new_openssl ("ecdsa", "-Verify", "1", "-verify_return_error", "-CAfile",
                                   authorities, NULL);
  for (i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      const int socket = test_peer_connect (f->peer);
      g_autofree char *path = get_request (f->channel, socket);
      g_autoptr (TestAnswer) unknown =
          provide (f->channel, path, "{'credential': <'nobodys'>}", NULL, 0);
      g_autoptr (TestAnswer) answer = NULL;

      g_assert_error (unknown->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
      answer = provide (f->channel, path, answers[i], &pem, i == 1 ? 1 : 0);
      g_assert_no_error (answer->error);
      g_assert_nonnull (answer->keys);
      close (socket);
    }
  close (pem);
  test_credential_remove_all ();
  test_polkit_set_rules (NULL);
}

/* Whether the connection was a resumed one. */
static gboolean
connect_with_tickets (TestChannelFixture *f, gboolean wants_reply)
{
  const int socket = test_peer_connect (f->peer);
  g_autoptr (TestAnswer) answer = test_channel_wait (
      f->channel, test_channel_start (f->channel, socket, "localhost", test_options (NULL)));
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GByteArray) tickets = NULL;
  gboolean resumed = FALSE;
  const char *path;
  GVariant *arguments;

  g_assert_no_error (answer->error);
  g_variant_get (answer->message.body, "(&s&o@a{sv})", NULL, &path, &details);
  g_variant_lookup (details, HANDOFF_DETAIL_RESUMED, "b", &resumed);
  tickets = test_receive_tickets (socket, answer->keys, 1);
  arguments = g_variant_new (
      "(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, tickets->data, tickets->len, 1));
  if (wants_reply)
    {
      g_autoptr (GError) error = NULL;
      G_GNUC_UNUSED g_autoptr (GVariant) reply =
          test_channel_call (f->channel, path, "PostHandshake", arguments, &error);

      g_assert_no_error (error);
    }
  else
    {
      g_autoptr (GVariant) packed = handoff_channel_message_pack (
          HANDOFF_CHANNEL_CALL, 0, handoff_channel_call_body (0, path, "PostHandshake", arguments));

      test_channel_send_packed (f->channel, packed, NULL, 0);
    }
  close (socket);
  return resumed;
}

/* Breaks if tickets of a channel's session are not kept, or if a call that wants no reply gets one
 * or is not done. */
static void
test_tickets (TestChannelFixture *f, gconstpointer data)
{
  g_assert_false (connect_with_tickets (f, TRUE));
  g_assert_true (connect_with_tickets (f, FALSE));
  g_assert_true (connect_with_tickets (f, FALSE));
  /* The same caller on another channel, and on the bus: the cache is the user's. */
  g_clear_pointer (&f->channel, test_channel_free);
  f->channel = test_channel_open_now (f->alice);
  g_assert_true (connect_with_tickets (f, TRUE));
}

static void
expect_cancelled (TestChannel *channel, guint32 serial)
{
  g_autoptr (TestAnswer) answer = test_channel_wait (channel, serial);

  g_assert_error (answer->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
}

/* A peer that says nothing. Breaks if a cancelled handshake goes on, is not answered once, or takes
 * others with it. */
static void
test_cancel (TestChannelFixture *f, gconstpointer data)
{
  int sockets[2][2];
  guint32 serials[2];
  guint i;

  for (i = 0; i < 2; i++)
    {
      test_tcp_pair (sockets[i]);
      serials[i] = test_channel_start (f->channel, sockets[i][0], "localhost", test_options (NULL));
    }
  test_statistic_wait ("handshakes-in-flight", 2);
  test_channel_cancel (f->channel, serials[0]);
  expect_cancelled (f->channel, serials[0]);
  test_statistic_wait ("handshakes-in-flight", 1);
  test_channel_check (f, f->channel);
  /* Of what has been answered, and of what never was. */
  test_channel_cancel (f->channel, serials[0]);
  test_channel_cancel (f->channel, 4711);
  test_channel_cancel (f->channel, serials[1]);
  expect_cancelled (f->channel, serials[1]);
  for (i = 0; i < 2; i++)
    {
      close (sockets[i][0]);
      close (sockets[i][1]);
    }
}

/* Breaks if a call that waits, at the main thread, cannot be cancelled: for polkit, or in the line.
 */
static void
test_cancel_while_away (TestChannelFixture *f, gconstpointer data)
{
  int sockets[2][2];
  guint32 waits, runs;
  guint i;

  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.lookup('server-identity') == 'www.handoff.test')"
                         "  polkit.spawn(['/bin/sleep', '3']); });");
  for (i = 0; i < 2; i++)
    test_tcp_pair (sockets[i]);
  waits = test_channel_start (f->channel, sockets[0][0], "www.handoff.test", test_options (NULL));
  test_channel_cancel (f->channel, waits);
  expect_cancelled (f->channel, waits);
  test_polkit_set_rules (NULL);

  test_service_stop ();
  test_service_set_config ("[Limits]\nHandshakesPerUser=1\n");
  g_clear_pointer (&f->channel, test_channel_free);
  f->channel = test_channel_open_now (f->alice);
  runs = test_channel_start (f->channel, sockets[0][0], "localhost", test_options (NULL));
  test_statistic_wait ("handshakes-in-flight", 1);
  waits = test_channel_start (f->channel, sockets[1][0], "localhost",
                              test_options ("{'wait': <true>}"));
  test_channel_cancel (f->channel, waits);
  expect_cancelled (f->channel, waits);
  waits = test_channel_start (f->channel, sockets[1][0], "localhost",
                              test_options ("{'wait': <true>}"));
  test_channel_cancel (f->channel, runs);
  expect_cancelled (f->channel, runs);
  /* The place is free: its turn has come. */
  test_statistic_wait ("handshakes-in-flight", 1);
  test_channel_cancel (f->channel, waits);
  expect_cancelled (f->channel, waits);
  test_service_stop ();
  test_service_set_config (NULL);
  for (i = 0; i < 2; i++)
    {
      close (sockets[i][0]);
      close (sockets[i][1]);
    }
}

/* Calls that wait, each somewhere else, when their channel is closed, or the service ends. Breaks
 * if one of them keeps the channel, a place, or the service; or begins after all. */
static void
wait_everywhere (TestChannelFixture *f, int sockets[4][2], int pipe_fds[2])
{
  g_autofree char *path = NULL;
  int fds[2];
  guint i;

  for (i = 0; i < 4; i++)
    test_tcp_pair (sockets[i]);
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  /* In the handshake; reading PEM, before it and in it; for polkit; in the line. */
  test_channel_start (f->channel, sockets[0][0], "localhost", test_options (NULL));
  fds[0] = sockets[1][0];
  fds[1] = pipe_fds[0];
  test_channel_send (f->channel, HANDOFF_ROOT_PATH, "HandshakeAsServer",
                     g_variant_new_parsed ("(handle 0, @ay [], {'credential-pem': <handle 1>})"),
                     fds, 2);
  test_statistic_wait ("handshakes-in-flight", 2);
  path = get_request (f->channel, test_peer_connect (f->peer));
  test_channel_send (f->channel, path, "ProvideCredential",
                     g_variant_new_parsed ("({'credential-pem': <handle 0>},)"), &pipe_fds[0], 1);
  test_channel_start (f->channel, sockets[2][0], "www.handoff.test", test_options (NULL));
  test_channel_start (f->channel, sockets[3][0], "localhost", test_options ("{'wait': <true>}"));
  test_statistic_wait ("handshakes-in-flight", 4);
}

static void
close_everything (int sockets[4][2], int pipe_fds[2])
{
  guint i;

  for (i = 0; i < 4; i++)
    {
      close (sockets[i][0]);
      close (sockets[i][1]);
    }
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

/* data: (nullable): whether the service ends, and not only the channel */
static void
test_end_while_away (TestChannelFixture *f, gconstpointer data)
{
  g_autofree char *authorities = test_cert_path ("client-ca.pem");
  int sockets[4][2], pipe_fds[2];

  g_clear_pointer (&f->peer, test_peer_free);
  f->peer = test_peer_new_openssl ("ecdsa", "-Verify", "1", "-CAfile", authorities, NULL);
  test_channel_start_anew (f, "[Limits]\nHandshakesPerUser=4\n");
  test_polkit_set_rules ("polkit.addRule(function(action, subject) {"
                         " if (action.lookup('server-identity') == 'www.handoff.test')"
                         "  polkit.spawn(['/bin/sleep', '2']); });");
  wait_everywhere (f, sockets, pipe_fds);
  if (data != NULL)
    test_service_stop ();
  g_clear_pointer (&f->channel, test_channel_free);
  test_statistic_wait ("channels", 0);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
  close_everything (sockets, pipe_fds);
  test_polkit_set_rules (NULL);
  test_channel_end_anew (f);
}

/* Breaks if a serial number that is used again as soon as its answer was read ends the channel:
 * here the answer comes from another thread than the one that reads. */
static void
test_serial_again (TestChannelFixture *f, gconstpointer data)
{
  const guint32 serial = 4000000000;
  char *paths[4];
  guint i, j;

  test_channel_start_anew (f, "[Limits]\nWorkers=2\n");
  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      /* A slow machine does not come to the end of it before. */
      paths[i] = create_session (f->channel, "{'timeout': <uint32 300>}");
      test_statistic_wait ("sessions", i + 1);
    }
  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GVariant) packed = handoff_channel_message_pack (
          HANDOFF_CHANNEL_CALL, serial,
          handoff_channel_call_body (0, paths[i], "Step", g_variant_new_parsed ("(@ay [],)")));

      for (j = 0; j < 3000; j++)
        {
          g_autoptr (TestAnswer) answer = NULL;

          test_channel_send_packed (f->channel, packed, NULL, 0);
          answer = test_channel_wait (f->channel, serial);
          g_assert_nonnull (answer);
          g_assert_no_error (answer->error);
        }
      g_free (paths[i]);
    }
  test_channel_end_anew (f);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);

#define TEST(name, function)                                                                       \
  g_test_add (name, TestChannelFixture, NULL, test_channel_set_up, function, test_channel_tear_down)
  TEST ("/channel-sessions/stepwise", test_stepwise);
  TEST ("/channel-sessions/own-sessions", test_own_sessions);
  TEST ("/channel-sessions/outliving", test_outliving);
  TEST ("/channel-sessions/review", test_review);
  TEST ("/channel-sessions/request", test_request);
  TEST ("/channel-sessions/tickets", test_tickets);
  TEST ("/channel-sessions/cancel", test_cancel);
  TEST ("/channel-sessions/cancel-while-away", test_cancel_while_away);
  TEST ("/channel-sessions/close-while-away", test_end_while_away);
  TEST ("/channel-sessions/serial-again", test_serial_again);
  g_test_add ("/channel-sessions/stop-while-away", TestChannelFixture, "", test_channel_set_up,
              test_end_while_away, test_channel_tear_down);

  return g_test_run ();
}
