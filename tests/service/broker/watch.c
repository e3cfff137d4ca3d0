/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who does not wait for ever for a handshaker that was taken over: see broker/watch.h. */

#include "config.h"

#include "broker/handshakers.h"
#include "broker/news.h"
#include "broker/session-list.h"
#include "broker/watch.h"
#include "support/broker-fixture.h"
#include "support/credential-fixture.h"
#include "support/test-clock.h"

static void
count (GObject *source, GAsyncResult *result, gpointer user_data)
{
  handoff_news_wait_finish (result);
  ++*(guint *) user_data;
}

static void
all_left (gboolean have_all_left, gpointer user_data)
{
  *(int *) user_data = have_all_left;
}

#define UNANSWERED                                                                                 \
  "process %u, no breach: answers pings, but not what else it was asked, and was ended"

static TestHandshaker *
take_over (HandshakerFixture *f, guint uid)
{
  TestHandshaker *process;

  handshaker_get (f, uid);
  handshaker_settle ();
  process = handshaker_of (f, uid);
  process->hangs = process->pongs = TRUE;
  g_string_truncate (f->events, 0);
  return process;
}

/* It is ended at that time, and no sooner. */
static void
expect_unanswered (TestHandshaker *process, guint seconds)
{
  g_autofree char *expected = g_strdup_printf (UNANSWERED, process->pid);
  guint i;

  for (i = 0; i < seconds; i += HANDOFF_HANDSHAKER_WATCH_SECONDS)
    {
      handshaker_settle ();
      g_assert_nonnull (process->link);
      handshaker_pass (HANDOFF_HANDSHAKER_WATCH_SECONDS * TEST_SECOND);
    }
  handshaker_settle ();
  g_assert_null (process->link);
  handshaker_expect (handshaker_log, expected);
}

/* Breaks if one that was taken over, and answers pings and nothing else, keeps those who wait for
 * all: who reloads, who changes a credential, the service that wants to end, another user who needs
 * its place. */
static void
test_unanswered (HandshakerFixture *f, gconstpointer unused)
{
  TestHandshaker *process;
  guint n_done = 0;
  int result = -1;

  handshaker_set_policy (f, "first");
  handshaker_settle ();
  process = take_over (f, 1000);
  handshaker_set_policy (f, "second");
  expect_unanswered (process, 120);
  handshaker_expect (f->events, "policy: TLS_AES_128_GCM_SHA256");

  process = take_over (f, 1000);
  handshaker_add_credential (f, test_credential_new (NULL, "one", 0, "rsa"));
  handoff_news_credentials_changed (f->handshakers, 0);
  handoff_news_wait_async (f->handshakers, count, &n_done);
  expect_unanswered (process, 30);
  g_assert_cmpuint (n_done, ==, 1);

  process = take_over (f, 1000);
  handoff_handshakers_ask_to_leave (f->handshakers, all_left, &result);
  expect_unanswered (process, 30);
  g_assert_cmpint (result, ==, FALSE);
  g_assert_false (handoff_handshakers_are_there (f->handshakers));

  handoff_handshakers_configure (f->handshakers, 1, 60);
  process = take_over (f, 1000);
  handshaker_get (f, 1001);
  expect_unanswered (process, 30);
  handshaker_expect (f->events, "got 1001");
}

static void
listed (GVariant *sessions, gpointer user_data)
{
  g_variant_unref (g_variant_ref_sink (sessions));
  ++*(guint *) user_data;
}

/* Breaks if one that is slow is taken for one without sessions: its user would be told that they
 * have gone. */
static void
test_sessions (HandshakerFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCaller) alice = handoff_caller_new (":1.1", 1000, 11);
  TestHandshaker *process;
  guint n_done = 0;

  handshaker_set_policy (f, "first");
  handshaker_settle ();
  process = take_over (f, 1000);
  handoff_session_list_ask_own (f->handshakers, alice, 16, listed, &n_done);
  handshaker_settle ();
  handshaker_pass (5 * TEST_SECOND);
  handshaker_settle ();
  g_assert_cmpuint (n_done, ==, 0);
  expect_unanswered (process, 30);
  g_assert_cmpuint (n_done, ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/watch/unanswered", HandshakerFixture, NULL, handshaker_set_up, test_unanswered,
              handshaker_tear_down);
  g_test_add ("/watch/sessions", HandshakerFixture, NULL, handshaker_set_up, test_sessions,
              handshaker_tear_down);
  return g_test_run ();
}
