/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A handshaker from its first message to its last, as the broker sees it. */

#include "config.h"

#include "support/handshaker-fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/channel-message.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define PLAIN "@a{sv} {}"
#define QUICK "[Timeouts]\nHandshake=60\n"

/* ---- Policy. ---- */

/* Breaks if the broker does not hear what the policy allows. */
static void
test_policy (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_autofree const char **suites = NULL;

  handshaker_test_send_policy (f, "[TLS]\nMinimumProtocol=TLS1.3\n", f->trust_pem, &reply);
  g_assert_no_error (reply.error);
  g_variant_get (reply.body, "(^a&s)", &suites);
  g_assert_true (g_strv_contains (suites, "TLS_AES_128_GCM_SHA256"));
}

/* Breaks if who reloads does not hear that the trust store cannot be read, or if that ends what was
 * in force. */
static void
test_broken_trust (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) handshake = { 0 };
  GThread *server;
  int fd;

  handshaker_test_give_user (f, QUICK);
  handshaker_test_send_policy (f, QUICK, "-----BEGIN CERTIFICATE-----\nAAAA\n", &reply);
  g_assert_error (reply.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (reply.error->message, "/etc/test.conf: [TLS] TrustFile: "));
  g_assert_nonnull (strstr (reply.error->message, "/etc/test.pem"));

  server = handshaker_test_serve (f, &fd);
  handshaker_test_begin_handshake (f, TEST_IDENTITY, PLAIN, fd, &handshake);
  handshaker_test_wait_for (&handshake.is_done);
  g_assert_no_error (handshake.error);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (server)), ==, 0);
}

/* Breaks if a handshaker takes what it cannot use: who asked the broker to reload hears it from
 * here, and of a priority from nowhere else. */
static void
test_broken_configuration (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) priority = { 0 };

  handshaker_test_send_policy (f, "[TLS]\nPriority=NORMAL:+NO-SUCH-CIPHER\n", f->trust_pem,
                               &priority);
  g_assert_error (priority.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (priority.error->message, "/etc/test.conf: [TLS] Priority=NORMAL"));

  handshaker_test_send_policy (f, "[TLS]\nMinimumProtocol=SSL3\n", f->trust_pem, &reply);
  g_assert_error (reply.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (reply.error->message, "/etc/test.conf: [TLS] MinimumProtocol=SSL3"));
}

static gboolean
has_suite (const HandshakerReply *reply, const char *name)
{
  g_autofree const char **suites = NULL;

  g_assert_no_error (reply->error);
  g_variant_get (reply->body, "(^a&s)", &suites);
  return g_strv_contains (suites, name);
}

/* A trust store that takes long. (transfer full) */
static char *
dup_much_trust (const HandshakerTest *f)
{
  GString *much = g_string_new (NULL);
  guint i;

  for (i = 0; i < 3000; i++)
    g_string_append (much, f->trust_pem);
  return g_string_free (much, FALSE);
}

/* Breaks if a policy that takes long comes into force after one that was sent later. */
static void
test_policies_in_order (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) slow = { 0 };
  g_auto (HandshakerReply) quick = { 0 };
  g_autofree char *much = dup_much_trust (f);

  handshaker_test_begin_policy (f, "[TLS]\nMinimumProtocol=TLS1.3\n", much, &slow);
  handshaker_test_begin_policy (f, "[TLS]\nMaximumProtocol=TLS1.2\n", f->trust_pem, &quick);
  handshaker_test_wait_for (&quick.is_done);
  g_assert_true (slow.is_done);
  g_assert_true (has_suite (&slow, "TLS_AES_128_GCM_SHA256"));
  g_assert_false (has_suite (&quick, "TLS_AES_128_GCM_SHA256"));
}

/* ---- Calls. ---- */

/* Breaks if a relayed call does not come to what it would on the bus, or if the broker does not
 * hear what it has to write and to count. */
static void
test_handshake (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) report = { 0 };
  g_autoptr (GVariant) value = NULL;
  const char *state;
  GThread *server;
  int fd;

  handshaker_test_give_user (f, QUICK);
  server = handshaker_test_serve (f, &fd);
  handshaker_test_begin_handshake (f, TEST_IDENTITY, PLAIN, fd, &reply);
  handshaker_test_wait_for (&reply.is_done);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (server)), ==, 0);
  g_assert_no_error (reply.error);
  g_variant_get (reply.body, "(vb)", &value, NULL);
  g_variant_get_child (value, 0, "&s", &state);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_COMPLETE);
  g_assert_cmpint (reply.fd, >=, 0);
  g_assert_nonnull (strstr (f->events->str, "'" HANDOFF_ACTION_HANDSHAKE_AS_CLIENT "'"));
  g_assert_nonnull (strstr (f->events->str, "'server-identity': '" TEST_IDENTITY "'"));
  g_assert_nonnull (strstr (f->events->str, "session-made(77, "));

  handshaker_test_request (f, HANDOFF_HANDSHAKER_REPORT, g_variant_new ("()"), &report);
  g_assert_no_error (report.error);
  g_assert_cmpuint (f->counts[0], ==, 1);
  g_assert_nonnull (strstr (f->audit->str, "77 0 success HANDOFF_ROLE=client "
                                           "HANDOFF_SERVER_IDENTITY=" TEST_IDENTITY));
}

/* Breaks if a denial is an error of the service's, or is not counted as one. */
static void
test_denied (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) report = { 0 };
  guint64 n_denied;
  int fds[2];

  handshaker_test_give_user (f, QUICK);
  f->answer = HANDOFF_HANDSHAKER_ANSWER_NO;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  handshaker_test_begin_handshake (f, TEST_IDENTITY, PLAIN, fds[1], &reply);
  handshaker_test_wait_for (&reply.is_done);
  g_assert_error (reply.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_assert_cmpstr (reply.error->message, ==, "the rule says so");
  handshaker_test_request (f, HANDOFF_HANDSHAKER_REPORT, g_variant_new ("()"), &report);
  g_variant_get (report.body, "((tttt)uuuu)", NULL, NULL, &n_denied, NULL, NULL, NULL, NULL, NULL);
  g_assert_cmpuint (n_denied, ==, 1);
  /* The broker writes its own answers down. */
  g_assert_cmpstr (f->audit->str, ==, "");
  close (fds[0]);
}

static void
begin_stalled (HandshakerTest *f, HandshakerReply *reply, int *peer)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *peer = fds[0];
  handshaker_test_begin_handshake (f, TEST_IDENTITY, PLAIN, fds[1], reply);
  handshaker_test_wait_for_event (f, "session-made");
}

/* Breaks if anything of a caller's is left when he has gone, or if a handshaker with something
 * under way may be let go. */
static void
test_caller_gone (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) leave = { 0 };
  g_auto (HandshakerReply) again = { 0 };
  gboolean may_leave;
  guint8 buffer[4096];
  int peer;

  handshaker_test_give_user (f, QUICK);
  begin_stalled (f, &reply, &peer);
  handshaker_test_request (f, HANDOFF_HANDSHAKER_LEAVE, g_variant_new ("()"), &leave);
  g_variant_get (leave.body, "(b)", &may_leave);
  g_assert_false (may_leave);

  handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER_GONE,
                        g_variant_new ("(t)", (guint64) TEST_CALLER));
  handshaker_test_wait_for (&reply.is_done);
  g_assert_error (reply.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  handshaker_test_wait_for_event (f, "session-gone");
  /* Until its end. */
  while (read (peer, buffer, sizeof buffer) > 0)
    ;
  close (peer);
  do
    {
      handshaker_reply_clear (&again);
      handshaker_test_request (f, HANDOFF_HANDSHAKER_LEAVE, g_variant_new ("()"), &again);
      g_variant_get (again.body, "(b)", &may_leave);
    }
  while (!may_leave);
  g_assert_cmpint (handshaker_test_run (f), ==, HANDOFF_HANDSHAKER_END_DONE);
}

/* Breaks if the service cannot end while a handshake waits for its peer, or ends without an answer
 * to the caller. */
static void
test_drain (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  int peer;

  handshaker_test_give_user (f, QUICK);
  begin_stalled (f, &reply, &peer);
  handshaker_test_send (f, HANDOFF_HANDSHAKER_DRAIN, g_variant_new ("()"));
  g_assert_cmpint (handshaker_test_run (f), ==, HANDOFF_HANDSHAKER_END_DONE);
  g_assert_true (reply.is_done);
  g_assert_nonnull (reply.error);
  g_assert_nonnull (strstr (f->events->str, "drained()\n"));
  close (peer);
}

/* The caller leaves as soon as his session has ended. */
static gboolean
leave_with_session (HandshakerTest *f, HandoffLinkMessage *message)
{
  if (message->number == HANDOFF_HANDSHAKER_SESSION_GONE)
    handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER_GONE,
                          g_variant_new ("(t)", (guint64) TEST_CALLER));
  return FALSE;
}

/* Breaks if a caller who leaves meanwhile ends the end: with what nobody was told yet. */
static void
test_caller_gone_in_drain (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_auto (HandshakerReply) slow = { 0 };
  g_autofree char *much = dup_much_trust (f);
  int peer;

  handshaker_test_give_user (f, QUICK);
  begin_stalled (f, &reply, &peer);
  f->take = leave_with_session;
  /* It is waited for. */
  handshaker_test_begin_policy (f, QUICK, much, &slow);
  handshaker_test_send (f, HANDOFF_HANDSHAKER_DRAIN, g_variant_new ("()"));
  g_assert_cmpint (handshaker_test_run (f), ==, HANDOFF_HANDSHAKER_END_DONE);
  g_assert_no_error (slow.error);
  g_assert_nonnull (strstr (f->events->str, "drained()\n"));
  close (peer);
}

/* Breaks if a session that outlives its caller ends with him, or is anybody's. */
static void
test_outliving (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) made = { 0 };
  g_auto (HandshakerReply) state = { 0 };
  g_autoptr (GVariant) value = NULL;
  const char *path;

  handshaker_test_give_user (f, QUICK);
  handshaker_test_call (
      f, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "CreateSession",
      g_variant_new_parsed ("('client', %s, {'outlive-caller': <true>})", TEST_IDENTITY), -1,
      &made);
  handshaker_test_wait_for (&made.is_done);
  g_assert_no_error (made.error);
  handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER_GONE,
                        g_variant_new ("(t)", (guint64) TEST_CALLER));
  /* Another one, whom the fixture calls by the same number. */
  handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER,
                        g_variant_new ("(tsu)", (guint64) TEST_CALLER, ":1.8", 4712));
  g_variant_get (made.body, "(vb)", &value, NULL);
  g_variant_get (value, "(&o)", &path);
  handshaker_test_call (f, path, "org.freedesktop.DBus.Properties", "Get",
                        g_variant_new ("(ss)", HANDOFF_SESSION_INTERFACE, "State"), -1, &state);
  handshaker_test_wait_for (&state.is_done);
  g_assert_no_error (state.error);
}

static void
expect_sessions_of (HandshakerTest *f, guint64 caller, gsize n)
{
  g_auto (HandshakerReply) page = { 0 };
  g_autoptr (GVariant) list = NULL;

  handshaker_test_request (f, HANDOFF_HANDSHAKER_SESSIONS,
                           g_variant_new ("(tut)", (guint64) 0, 10, caller), &page);
  list = g_variant_get_child_value (page.body, 0);
  g_assert_cmpuint (g_variant_n_children (list), ==, n);
}

/* Breaks if ListSessions() misses a session, or could give two of different handshakers the same
 * number; or if a caller is told of sessions that are not his. */
static void
test_sessions (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) made = { 0 };
  g_auto (HandshakerReply) page = { 0 };
  g_autoptr (GVariant) list = NULL;
  const char *role, *state, *identity, *id;
  guint64 number;
  guint pid;

  handshaker_test_give_user (f, QUICK);
  handshaker_test_call (f, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "CreateSession",
                        g_variant_new_parsed ("('client', %s, @a{sv} {})", TEST_IDENTITY), -1,
                        &made);
  handshaker_test_wait_for (&made.is_done);
  handshaker_test_request (f, HANDOFF_HANDSHAKER_SESSIONS,
                           g_variant_new ("(tut)", (guint64) 0, 10, (guint64) 0), &page);
  list = g_variant_get_child_value (page.body, 0);
  g_assert_cmpuint (g_variant_n_children (list), ==, 1);
  g_variant_get_child (list, 0, "(t&s&s&s&s&s&sux&s)", &number, &role, &state, &identity, NULL,
                       NULL, NULL, &pid, NULL, &id);
  g_assert_cmpuint (number % HANDOFF_HANDSHAKER_SLOTS, ==, TEST_SLOT);
  g_assert_cmpstr (role, ==, HANDOFF_ROLE_NAME_CLIENT);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_CONTINUE);
  g_assert_cmpstr (identity, ==, TEST_IDENTITY);
  g_assert_cmpuint (pid, ==, 4711);
  g_assert_cmpuint (strlen (id), ==, 32);
  expect_sessions_of (f, TEST_CALLER, 1);
  /* He may have left meanwhile. */
  expect_sessions_of (f, TEST_CALLER + 1, 0);
}

/* ---- Places. ---- */

/* Breaks if the limit of all users does not hold, or if what waits for a place does not hear that
 * there is one. */
static void
test_places (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) refused = { 0 };
  g_auto (HandshakerReply) waiting = { 0 };
  GThread *server;
  int fds[2];
  int fd;

  handshaker_test_give_user (f, QUICK);
  g_atomic_int_set (&f->n_free[HANDOFF_PLACES_HANDSHAKES], 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  handshaker_test_begin_handshake (f, TEST_IDENTITY, PLAIN, fds[1], &refused);
  handshaker_test_wait_for (&refused.is_done);
  g_assert_error (refused.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  close (fds[0]);

  server = handshaker_test_serve (f, &fd);
  handshaker_test_begin_handshake (f, TEST_IDENTITY, "{'wait': <true>}", fd, &waiting);
  handshaker_test_wait_for_event (f, "call-waits(");
  g_assert_false (waiting.is_done);
  g_atomic_int_set (&f->n_free[HANDOFF_PLACES_HANDSHAKES], 1);
  handshaker_test_send (f, HANDOFF_HANDSHAKER_PLACES_FREE,
                        g_variant_new ("(u)", HANDOFF_PLACES_HANDSHAKES));
  handshaker_test_wait_for (&waiting.is_done);
  g_assert_no_error (waiting.error);
  g_thread_join (server);
}

/* ---- Channels. ---- */

/* Breaks if the broker is asked for each handshake on a channel, if what it takes back is used all
 * the same, or if it does not hear that a channel is over. */
static void
test_channel (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) forgotten = { 0 };
  guint32 serial;
  int channel;

  handshaker_test_give_user (f, QUICK);
  channel = handshaker_test_open_channel (f, 11);
  for (serial = 1; serial <= 3; serial++)
    handshaker_test_do_handshake (f, channel, serial);
  g_assert_cmpuint (handshaker_test_count_events (f, "ask("), ==, 1);
  handshaker_test_request (f, HANDOFF_HANDSHAKER_FORGET, g_variant_new ("()"), &forgotten);
  g_assert_no_error (forgotten.error);
  handshaker_test_do_handshake (f, channel, serial);
  g_assert_cmpuint (handshaker_test_count_events (f, "ask("), ==, 2);
  close (channel);
  handshaker_test_wait_for_event (f, "channel-over(11,)");
}

/* Breaks if a channel outlives its caller. */
static void
test_channel_of_caller_gone (HandshakerTest *f, gconstpointer unused)
{
  guint8 byte;
  int channel;

  handshaker_test_give_user (f, QUICK);
  channel = handshaker_test_open_channel (f, 12);
  handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER_GONE,
                        g_variant_new ("(t)", (guint64) TEST_CALLER));
  handshaker_test_wait_for_event (f, "channel-over(12,)");
  g_assert_cmpint (read (channel, &byte, 1), ==, 0);
  close (channel);
}

/* ---- Rules. ---- */

/* Breaks if a handshaker goes on with a broker that says what no broker says. */
static void
test_out_of_turn (HandshakerTest *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  handoff_link_send (f->link, HANDOFF_HANDSHAKER_USER,
                     g_variant_new ("(uut)", TEST_UID, 0, (guint64) 1), &f->places[0], 1, &error);
  g_assert_no_error (error);
  f->places[0] = -1;
  g_assert_cmpint (handshaker_test_run (f), ==, HANDOFF_HANDSHAKER_END_LOST);
  while (f->end == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_nobodys_call (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };

  handshaker_test_give_user (f, QUICK);
  handshaker_test_begin (f, HANDOFF_HANDSHAKER_CALL,
                         g_variant_new ("(ttssssvbuu)", (guint64) 1, (guint64) 4, HANDOFF_ROOT_PATH,
                                        HANDOFF_MANAGER_INTERFACE, HANDOFF_MANAGER_INTERFACE,
                                        "CreateSession", g_variant_new ("()"), FALSE, 1, 0),
                         NULL, 0, &reply);
  g_assert_cmpint (handshaker_test_run (f), ==, HANDOFF_HANDSHAKER_END_LOST);
  handshaker_test_wait_for (&reply.is_done);
  g_assert_nonnull (reply.error);
}

/* Breaks if what is no message of the table's does anything but end it. */
static void
test_garbage (gconstpointer unused)
{
  static const guint8 garbage[] = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 };
  g_autoptr (GError) error = NULL;
  HandoffHandshaker *handshaker;
  int sockets[2];

  handoff_link_make_sockets (sockets, &error);
  g_assert_no_error (error);
  handshaker = handoff_handshaker_new (sockets[1]);
  g_assert_cmpint (write (sockets[0], garbage, sizeof garbage), ==, sizeof garbage);
  g_assert_cmpint (handoff_handshaker_run (handshaker), ==, HANDOFF_HANDSHAKER_END_LOST);
  handoff_handshaker_free (handshaker);
  close (sockets[0]);
}

/* Breaks if a handshaker outlives its broker. */
static void
test_broker_gone (HandshakerTest *f, gconstpointer unused)
{
  handshaker_test_give_user (f, QUICK);
  handoff_link_close (f->link, NULL);
  g_assert_cmpint (handshaker_test_run (f), ==, HANDOFF_HANDSHAKER_END_LOST);
}

/* In this process, and as the program, locked up. */
#define ADD(name, test)                                                                            \
  g_test_add ("/handshaker/" name, HandshakerTest, NULL, handshaker_test_set_up, test,             \
              handshaker_test_tear_down);                                                          \
  g_test_add ("/handshaker/program/" name, HandshakerTest, "program", handshaker_test_set_up,      \
              test, handshaker_test_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  ADD ("policy", test_policy);
  ADD ("policies-in-order", test_policies_in_order);
  ADD ("broken-trust", test_broken_trust);
  ADD ("broken-configuration", test_broken_configuration);
  ADD ("handshake", test_handshake);
  ADD ("denied", test_denied);
  ADD ("caller-gone", test_caller_gone);
  ADD ("drain", test_drain);
  ADD ("caller-gone-in-drain", test_caller_gone_in_drain);
  ADD ("outliving", test_outliving);
  ADD ("sessions", test_sessions);
  ADD ("places", test_places);
  ADD ("channel", test_channel);
  ADD ("channel-of-caller-gone", test_channel_of_caller_gone);
  ADD ("out-of-turn", test_out_of_turn);
  ADD ("nobodys-call", test_nobodys_call);
  g_test_add_data_func ("/handshaker/garbage", NULL, test_garbage);
  g_test_add ("/handshaker/broker-gone", HandshakerTest, NULL, handshaker_test_set_up,
              test_broker_gone, handshaker_test_tear_down);
  return g_test_run ();
}
