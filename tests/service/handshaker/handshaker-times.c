/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What time does to sessions and calls: those that nobody ends, or whose caller or peer says
 * nothing. */

#include "config.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/asking-server.h"
#include "support/handshaker-fixture.h"
#include "support/test-clock.h"
#include "work/descriptor-reaper.h"

/* What threads close in real time shall not seem to take as long as that. */
static void
pass (gint64 span)
{
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  test_clock_pass (span);
}

static void
set_up (HandshakerTest *f, gconstpointer unused)
{
  test_clock_install ();
  handshaker_test_set_up (f, NULL);
  handshaker_test_give_user (f, "");
}

static void
tear_down (HandshakerTest *f, gconstpointer unused)
{
  handshaker_test_tear_down (f, NULL);
  test_clock_uninstall ();
}

/* What a call returned. (transfer full) */
static GVariant *
call (
    HandshakerTest *f, const char *path, const char *interface, const char *method, GVariant *body)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_autoptr (GVariant) boxed = NULL;

  handshaker_test_call (f, path, interface, method, body, -1, &reply);
  handshaker_test_wait_for (&reply.is_done);
  g_assert_no_error (reply.error);
  boxed = g_variant_get_child_value (reply.body, 0);
  return g_variant_get_variant (boxed);
}

/* (transfer full): its path */
static char *
create_session (HandshakerTest *f, const char *arguments)
{
  g_autoptr (GVariant) reply = call (f, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                                     "CreateSession", g_variant_new_parsed (arguments));
  char *path;

  g_variant_get (reply, "(o)", &path);
  return path;
}

/* In the order in which HANDOFF_HANDSHAKER_REPORT has them: in flight, sessions. */
static guint
get_number (HandshakerTest *f, guint which)
{
  g_auto (HandshakerReply) reply = { 0 };
  guint number;

  handshaker_test_request (f, HANDOFF_HANDSHAKER_REPORT, g_variant_new ("()"), &reply);
  g_assert_no_error (reply.error);
  g_variant_get_child (reply.body, 1 + which, "u", &number);
  return number;
}

static guint
count_in_flight (HandshakerTest *f)
{
  return get_number (f, 0);
}

static guint
count_sessions (HandshakerTest *f)
{
  return get_number (f, 1);
}

/* Breaks if one that was kept, when it said that it has nothing to do, is kept for ever. */
static void
test_idle (HandshakerTest *f, gconstpointer unused)
{
  guint i;

  for (i = 0; i < 3; i++)
    {
      g_string_truncate (f->events, 0);
      pass (60 * TEST_SECOND);
      test_clock_settle ();
      handshaker_test_wait_for_event (f, "idle");
    }
}

/* Breaks if a session that outlives its caller, which nobody ends, stays for ever, or goes before
 * its time. */
static void
test_outliving (HandshakerTest *f, gconstpointer unused)
{
  G_GNUC_UNUSED g_autofree char *path =
      create_session (f, "('server', '', {'outlive-caller': <true>, 'timeout': <uint32 20>})");

  handshaker_test_send (f, HANDOFF_HANDSHAKER_CALLER_GONE,
                        g_variant_new ("(t)", (guint64) TEST_CALLER));
  g_assert_cmpuint (count_sessions (f), ==, 1);
  pass (20 * TEST_SECOND - 1);
  test_clock_settle ();
  g_assert_cmpuint (count_sessions (f), ==, 1);
  pass (1);
  test_clock_settle ();
  g_assert_cmpuint (count_sessions (f), ==, 0);
  handshaker_test_wait_for_event (f, "session-gone");
}

/* Breaks if a transient session that failed stays for ever, or if why it failed cannot be asked. */
static void
test_failed_transient (HandshakerTest *f, gconstpointer unused)
{
  g_autofree char *path =
      create_session (f, "('server', '', {'transient': <true>, 'timeout': <uint32 20>})");
  /* With no bytes: the worker has begun with it, and set the deadline. */
  G_GNUC_UNUSED g_autoptr (GVariant) stepped =
      call (f, path, HANDOFF_SESSION_INTERFACE, "Step", g_variant_new_parsed ("(@ay [],)"));

  pass (20 * TEST_SECOND);
  while (count_in_flight (f) > 0)
    ;
  pass (300 * TEST_SECOND - 1);
  test_clock_settle ();
  g_assert_cmpuint (count_sessions (f), ==, 1);
  pass (1);
  handshaker_test_wait_for_event (f, "session-gone");
}

/* Breaks if a caller is not told that its peer says nothing, in time. */
static void
test_silent_peer (HandshakerTest *f, gconstpointer unused)
{
  g_auto (HandshakerReply) reply = { 0 };
  guint8 hello[16];
  int sockets[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
  handshaker_test_begin_handshake (f, TEST_IDENTITY, "@a{sv} {}", sockets[0], &reply);
  while (count_in_flight (f) == 0)
    ;
  /* Its first message is there: the worker has set the deadline. */
  while (recv (sockets[1], hello, sizeof hello, MSG_DONTWAIT) < 0)
    count_in_flight (f);
  pass (30 * TEST_SECOND - 1);
  g_assert_cmpuint (count_in_flight (f), ==, 1);
  g_assert_false (reply.is_done);
  pass (1);
  handshaker_test_wait_for (&reply.is_done);
  g_assert_error (reply.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  close (sockets[1]);
}

static void
assert_state (HandshakerTest *f, const char *path, const char *state)
{
  g_autoptr (GVariant) reply = call (f, path, "org.freedesktop.DBus.Properties", "Get",
                                     g_variant_new ("(ss)", HANDOFF_SESSION_INTERFACE, "State"));
  g_autoptr (GVariant) value = NULL;

  g_variant_get (reply, "(v)", &value);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, state);
}

static char *
step (HandshakerTest *f, AskingServer *server, const char *path)
{
  g_autoptr (GVariant) reply =
      call (f, path, HANDOFF_SESSION_INTERFACE, "Step", asking_server_new_input (server));

  return asking_server_take (server, reply);
}

/* To the server's question: the caller names its credential, and polkit thinks. */
static void
answer_and_wait (HandshakerTest *f, const char *path, HandshakerReply *reply)
{
  f->keeps_questions = TRUE;
  handshaker_test_call (f, path, HANDOFF_SESSION_INTERFACE, "ProvideCredential",
                        g_variant_new_parsed ("({'credential': <'mine'>},)"), -1, reply);
  while (f->question == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* The handshake's own failure, as the answer's reply has it. */
static void
assert_timed_out (const HandshakerReply *reply)
{
  g_autoptr (GVariant) boxed = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) details = NULL;
  const char *state, *name;

  g_assert_no_error (reply->error);
  boxed = g_variant_get_child_value (reply->body, 0);
  value = g_variant_get_variant (boxed);
  g_variant_get (value, "(&s@ay@a{sv})", &state, NULL, &details);
  g_assert_cmpstr (state, ==, HANDOFF_STATE_FAILED);
  g_assert_true (g_variant_lookup (details, HANDOFF_DETAIL_ERROR, "&s", &name));
  g_assert_cmpstr (name, ==, HANDOFF_ERROR_PREFIX "TimedOut");
}

/* Breaks if polkit gives a caller more time than the configuration; or if, when that is over, the
 * caller is told that it may answer again. answer: polkit's */
static void
test_time_over (HandshakerTest *f, HandoffHandshakerAnswer answer, const char *arguments)
{
  g_auto (HandshakerReply) reply = { 0 };
  g_autofree char *path = create_session (f, arguments);
  AskingServer server;
  g_autofree char *begun = NULL;
  g_autofree char *asked = NULL;

  asking_server_init (&server);
  begun = step (f, &server, path);
  g_assert_cmpstr (begun, ==, HANDOFF_STATE_CONTINUE);
  asked = step (f, &server, path);
  g_assert_cmpstr (asked, ==, HANDOFF_STATE_CERTIFICATE_REQUEST);
  answer_and_wait (f, path, &reply);

  pass (300 * TEST_SECOND - 1);
  test_clock_settle ();
  assert_state (f, path, HANDOFF_STATE_CERTIFICATE_REQUEST);
  pass (1);
  while (count_in_flight (f) > 0)
    ;
  handoff_link_call_return (
      g_steal_pointer (&f->question),
      g_variant_new ("(usbs(tuxt))", answer, "", TRUE, "", (guint64) 0, 0, (gint64) 0, (guint64) 0),
      NULL, 0);
  handshaker_test_wait_for (&reply.is_done);
  assert_timed_out (&reply);
  asking_server_clear (&server);
}

static void
test_late_yes (HandshakerTest *f, gconstpointer unused)
{
  test_time_over (f, HANDOFF_HANDSHAKER_ANSWER_PLAIN_YES,
                  "('client', 'localhost', {'ask-for-credential': <true>})");
}

static void
test_late_no (HandshakerTest *f, gconstpointer unused)
{
  test_time_over (f, HANDOFF_HANDSHAKER_ANSWER_NO,
                  "('client', 'localhost', {'ask-for-credential': <true>, 'transient': <true>})");
}

/* Breaks if nobody is told that a session that was complete has failed, since its keys were not
 * fetched in time: no call is under way that would. */
static void
test_not_fetched (HandshakerTest *f, gconstpointer unused)
{
  g_autofree char *path = create_session (
      f, "('client', 'localhost', {'review-certificate': <true>, 'timeout': <uint32 20>})");
  g_autofree char *told = g_strdup_printf ("session-expired('%s',)", strrchr (path, '/') + 1);
  g_autofree char *begun = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *done = NULL;
  G_GNUC_UNUSED g_autoptr (GVariant) reviewed = NULL;
  AskingServer server;

  asking_server_init (&server);
  begun = step (f, &server, path);
  shown = step (f, &server, path);
  g_assert_cmpstr (shown, ==, HANDOFF_STATE_CERTIFICATE_REVIEW);
  reviewed = call (f, path, HANDOFF_SESSION_INTERFACE, "ReviewCertificate",
                   g_variant_new_parsed ("(true,)"));
  /* What the server sent with its certificate. */
  done = step (f, &server, path);
  g_assert_cmpstr (done, ==, HANDOFF_STATE_COMPLETE);

  pass (20 * TEST_SECOND - 1);
  test_clock_settle ();
  assert_state (f, path, HANDOFF_STATE_COMPLETE);
  pass (1);
  while (count_in_flight (f) > 0)
    ;
  /* It was told before that was answered. */
  g_assert_nonnull (strstr (f->events->str, told));
  assert_state (f, path, HANDOFF_STATE_FAILED);
  g_assert_cmpuint (handshaker_test_count_events (f, "session-expired"), ==, 1);
  asking_server_clear (&server);
}

static void
add (const char *name, void (*test) (HandshakerTest *f, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/handshaker-times/", name, NULL);

  g_test_add (path, HandshakerTest, NULL, set_up, test, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("idle", test_idle);
  add ("outliving", test_outliving);
  add ("failed-transient", test_failed_transient);
  add ("silent-peer", test_silent_peer);
  add ("late-yes", test_late_yes);
  add ("late-no", test_late_no);
  add ("not-fetched", test_not_fetched);
  return g_test_run ();
}
