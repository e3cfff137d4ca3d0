/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who gets which handshaker, what comes of it when one ends, and how all of them end. */

#include "config.h"

#include "broker/handshakers.h"

#include <string.h>

#include "broker/news.h"
#include "broker/relayed-calls.h"
#include "broker/watch.h"
#include "keyblob/tls-handoff-error.h"
#include "link/link-queue.h"
#include "support/broker-fixture.h"
#include "support/credential-fixture.h"
#include "support/test-clock.h"

#define WORDS "The service's program tls-handoff-handshaker has ended: call again"

/* A policy is in force, and a spare is ready. */
static void
begin (HandshakerFixture *f)
{
  handshaker_set_policy (f, "first");
  handshaker_settle ();
  handshaker_expect (f->events, "policy: TLS_AES_128_GCM_SHA256");
}

static void
get (HandshakerFixture *f, guint uid)
{
  g_autofree char *expected = g_strdup_printf ("got %u", uid);

  handshaker_get (f, uid);
  handshaker_settle ();
  handshaker_expect (f->events, expected);
}

/* Each user has one of his own; there is always one ready for the next. */
static void
test_spare (HandshakerFixture *f, gconstpointer unused)
{
  begin (f);
  g_assert_cmpuint (f->processes->len, ==, 1);
  get (f, 1000);
  /* At once: nobody waits for a process to start, and there is no time for another. */
  handshaker_get (f, 1000);
  handshaker_expect (f->events, "got 1000");
  g_assert_cmpuint (f->processes->len, ==, 1);
  handshaker_pass (TEST_SECOND);
  handshaker_settle ();
  g_assert_cmpuint (f->processes->len, ==, 2);
  get (f, 1001);
  g_assert_cmpuint (f->processes->len, ==, 2);
  /* Sooner, if somebody needs it. */
  handshaker_get (f, 1002);
  handshaker_expect (f->events, "");
  handshaker_settle ();
  handshaker_expect (f->events, "got 1002");
  g_assert_true (handshaker_of (f, 1000) != handshaker_of (f, 1001));
  g_assert_cmpuint (handshaker_of (f, 1000)->slot, !=, handshaker_of (f, 1001)->slot);
}

/* The spare says whether a policy is right. If it is not, the earlier one stays in force. */
static void
test_policy (HandshakerFixture *f, gconstpointer unused)
{
  handshaker_set_policy (f, "bad");
  handshaker_settle ();
  handshaker_expect (f->events, "policy: it is bad");
  begin (f);
  get (f, 1000);
  handshaker_set_policy (f, "bad again");
  handshaker_settle ();
  handshaker_expect (f->events, "policy: it is bad");
  g_assert_cmpstr (handshaker_of (f, 1000)->policy, ==, "first");
  get (f, 1001);
  g_assert_cmpstr (handshaker_of (f, 1001)->policy, ==, "first");

  handshaker_set_policy (f, "second");
  handshaker_settle ();
  handshaker_expect (f->events, "policy: TLS_AES_128_GCM_SHA256");
  g_assert_cmpstr (handshaker_of (f, 1000)->policy, ==, "second");
  get (f, 1002);
  g_assert_cmpstr (handshaker_of (f, 1002)->policy, ==, "second");
}

/* Who makes a policy known hears so when all have it. */
static void
test_policy_reaches_all (HandshakerFixture *f, gconstpointer unused)
{
  begin (f);
  get (f, 1000);
  handshaker_of (f, 1000)->hangs = TRUE;
  handshaker_set_policy (f, "second");
  handshaker_settle ();
  handshaker_expect (f->events, "");
  handshaker_die (handshaker_of (f, 1000));
  handshaker_expect (f->events, "policy: TLS_AES_128_GCM_SHA256");
}

/* One that cannot take it does not go on under the earlier one. */
static void
test_policy_refused (HandshakerFixture *f, gconstpointer unused)
{
  begin (f);
  get (f, 1000);
  get (f, 1001);
  handshaker_of (f, 1000)->refuses = TRUE;
  handshaker_set_policy (f, "second");
  handshaker_settle ();
  handshaker_expect (f->events, "policy: TLS_AES_128_GCM_SHA256");
  g_assert_null (handoff_handshakers_find (f->handshakers, 1000));
  g_assert_cmpstr (handshaker_of (f, 1001)->policy, ==, "second");
  get (f, 1000);
  g_assert_cmpstr (handshaker_of (f, 1000)->policy, ==, "second");
}

/* Breaks if somebody who has seen the end of his process before the broker did is relayed to it. */
static void
test_unnoticed_end (HandshakerFixture *f, gconstpointer unused)
{
  begin (f);
  get (f, 1000);
  handshaker_pass (TEST_SECOND);
  handshaker_settle ();
  handshaker_vanish (handshaker_of (f, 1000));
  get (f, 1000);
  g_assert_nonnull (handshaker_of (f, 1000)->link);

  handshaker_pass (TEST_SECOND);
  handshaker_settle ();
  handshaker_vanish (handoff_handshakers_get_spare (f->handshakers)->program);
  get (f, 1001);
  g_assert_nonnull (handshaker_of (f, 1001)->link);
}

static void
start_call (HandshakerFixture *f, HandoffCaller *caller, const char *name)
{
  handoff_handshaker_call (
      handoff_handshakers_find (f->handshakers, handoff_caller_get_uid (caller)),
      handshaker_call_new (f, caller, name, g_variant_new ("(s)", name)), "(o)");
}

/* Whose process ends is told at once, with words; the others notice nothing; the next call starts
 * another. */
static void
test_crash (HandshakerFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCaller) alice = handoff_caller_new (":1.1", 1000, 11);
  g_autoptr (HandoffCaller) bob = handoff_caller_new (":1.2", 1001, 12);

  begin (f);
  get (f, 1000);
  get (f, 1001);
  start_call (f, alice, "one");
  start_call (f, alice, "two");
  start_call (f, bob, "three");
  handshaker_settle ();
  handshaker_expect (f->events, "");
  g_assert_true (handoff_idle_timer_is_held (f->support.idle_timer));

  handshaker_die (handshaker_of (f, 1000));
  handshaker_expect (f->events, "one: " WORDS ", two: " WORDS);
  g_assert_null (handoff_handshakers_find (f->handshakers, 1000));
  handshaker_answer (handshaker_of (f, 1001), g_variant_new ("(o)", "/three"), FALSE);
  handshaker_settle ();
  handshaker_expect (f->events, "three: ('/three',)");
  g_assert_false (handoff_idle_timer_is_held (f->support.idle_timer));

  get (f, 1000);
  start_call (f, alice, "four");
  handshaker_settle ();
  handshaker_answer (handshaker_of (f, 1000), g_variant_new ("(o)", "/four"), FALSE);
  handshaker_settle ();
  handshaker_expect (f->events, "four: ('/four',)");
}

/* If the smaller of its links ends first, that is no broken rule, and callers are told the same. */
static void
test_places_end (HandshakerFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCaller) alice = handoff_caller_new (":1.1", 1000, 11);

  begin (f);
  get (f, 1000);
  start_call (f, alice, "one");
  handshaker_settle ();
  handoff_link_close (handshaker_of (f, 1000)->places, NULL);
  handshaker_settle ();
  handshaker_expect (f->events, "one: " WORDS);
  handshaker_expect (handshaker_log, "");
  g_assert_null (handoff_handshakers_find (f->handshakers, 1000));
}

/* A spare that ends is replaced when somebody needs one; if none can be started, he hears why. */
static void
test_spare_ends (HandshakerFixture *f, gconstpointer unused)
{
  begin (f);
  handshaker_die (g_ptr_array_index (f->processes, 0));
  get (f, 1000);

  f->fails_to_start = TRUE;
  handshaker_get (f, 1001);
  handshaker_expect (
      handshaker_log,
      "Cannot start a handshaker: no process, Cannot start a handshaker: no process");
  handshaker_expect (f->events,
                     "got The service cannot start the process that does handshakes: no process");
  get (f, 1000);
  f->fails_to_start = FALSE;
  get (f, 1001);
}

/* One that nobody knows to be dead costs nobody a call: nothing was asked of it. */
static void
test_spare_dead (HandshakerFixture *f, gconstpointer unused)
{
  TestHandshaker *process;

  begin (f);
  process = g_ptr_array_index (f->processes, 0);
  handshaker_vanish (process);
  handshaker_get (f, 1000);
  handshaker_get (f, 1001);
  handshaker_get (f, 1000);
  handshaker_settle ();
  handshaker_expect (f->events, "got 1000, got 1000, got 1001");
  g_assert_true (handshaker_of (f, 1000) != process);
}

/* Nor does one that dies of what it is told of its user; if all do, that is said. */
static void
test_begin_fails (HandshakerFixture *f, gconstpointer unused)
{
  begin (f);
  get (f, 1001);
  f->n_to_die = 2;
  get (f, 1000);
  g_assert_cmpuint (f->n_to_die, ==, 0);
  f->n_to_die = 3;
  handshaker_get (f, 1002);
  handshaker_settle ();
  handshaker_expect (f->events, "got The service's program tls-handoff-handshaker ended 3 times "
                                "before it could begin; the service's log says why");
  get (f, 1002);
  get (f, 1001);
}

/* So many that all of them are more than may wait on a link. */
#define N_CREDENTIALS 10000

/* Nobody is served before his handshaker knows of all credentials, and however many there are, it
 * is not ended for not reading them at once. */
static void
test_credentials (HandshakerFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCredential) one = test_credential_new (NULL, "one", 0, "rsa");
  g_autofree char *label = g_strnfill (1024, 'x');
  TestHandshaker *process;
  guint i;

  g_assert_cmpuint (N_CREDENTIALS *
                        (g_variant_get_size (one->description->variant) + strlen (label)),
                    >, HANDOFF_LINK_QUEUE_BYTES);
  for (i = 0; i < N_CREDENTIALS; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      handshaker_add_credential (
          f, handoff_credential_new (id, label, 0, one->roles, one->key, NULL, one->description));
    }
  begin (f);
  handshaker_get (f, 1000);
  process = handshaker_of (f, 1000);
  while (f->events->len == 0)
    {
      g_assert_nonnull (process->link);
      handshaker_settle ();
    }
  handshaker_expect (f->events, "got 1000");
  g_assert_cmpuint (process->n_credentials, ==, N_CREDENTIALS);
  g_assert_true (handshaker_of (f, 1000) == process);
}

static void
count (GObject *source, GAsyncResult *result, gpointer user_data)
{
  handoff_news_wait_finish (result);
  ++*(guint *) user_data;
}

/* Whoever changes a credential waits until it is known, also behind others that were on their way.
 */
static void
test_credentials_change (HandshakerFixture *f, gconstpointer unused)
{
  guint n_done = 0;

  begin (f);
  get (f, 1000);
  get (f, 1001);
  handshaker_of (f, 1000)->hangs = TRUE;
  handshaker_add_credential (f, test_credential_new (NULL, "one", 1000, "rsa"));
  handoff_news_credentials_changed (f->handshakers, 1000);
  handoff_news_wait_async (f->handshakers, count, &n_done);
  handoff_news_credentials_changed (f->handshakers, 1000);
  handoff_news_wait_async (f->handshakers, count, &n_done);
  handshaker_settle ();
  g_assert_cmpuint (n_done, ==, 0);
  handoff_link_call_return (g_queue_pop_head (&handshaker_of (f, 1000)->leaves),
                            g_variant_new ("()"), NULL, 0);
  handshaker_settle ();
  g_assert_cmpuint (n_done, ==, 2);
}

#define FULL                                                                                       \
  "got The service does handshakes for as many users as the configuration allows (2); try again "  \
  "when some of them have nothing to do any more"

/* If there are too many, one that has nothing to do makes room. */
static void
test_limit (HandshakerFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCaller) bob = handoff_caller_new (":1.2", 1001, 12);

  handoff_handshakers_configure (f->handshakers, 2, 60);
  begin (f);
  get (f, 1000);
  get (f, 1001);
  start_call (f, bob, "call");
  handshaker_of (f, 1000)->stays = TRUE;
  handshaker_get (f, 1002);
  handshaker_get (f, 1003);
  handshaker_settle ();
  handshaker_expect (f->events, FULL ", " FULL);
  get (f, 1000);

  handshaker_of (f, 1000)->stays = FALSE;
  get (f, 1002);
  g_assert_null (handoff_handshakers_find (f->handshakers, 1000));
  get (f, 1001);
  handshaker_answer (handshaker_of (f, 1001), g_variant_new ("(o)", "/x"), FALSE);
  handshaker_settle ();
  handshaker_expect (f->events, "call: ('/x',)");
}

#define MANY 20

/* However many were used less recently and cannot go: one that can makes room. */
static void
test_limit_many (HandshakerFixture *f, gconstpointer unused)
{
  guint i;

  handoff_handshakers_configure (f->handshakers, MANY, 60);
  begin (f);
  for (i = 0; i < MANY; i++)
    {
      get (f, 1000 + i);
      handshaker_of (f, 1000 + i)->stays = TRUE;
      handshaker_pass (TEST_SECOND);
    }
  handshaker_of (f, 1000 + MANY - 1)->stays = FALSE;
  handshaker_get (f, 1);
  for (i = 0; i < MANY; i++)
    handshaker_settle ();
  handshaker_expect (f->events, "got 1");
  g_assert_null (handoff_handshakers_find (f->handshakers, 1000 + MANY - 1));
}

/* What comes while it is asked whether it can go waits for its answer. */
static void
answer_leave (TestHandshaker *process, gboolean leaves)
{
  handoff_link_call_return (g_queue_pop_head (&process->leaves), g_variant_new ("(b)", leaves),
                            NULL, 0);
  handshaker_settle ();
}

static void
all_left (gboolean have_all_left, gpointer user_data)
{
  *(int *) user_data = have_all_left;
}

static void
say_idle (TestHandshaker *process, guint resumable)
{
  handoff_link_send (process->link, HANDOFF_HANDSHAKER_IDLE, g_variant_new ("(u)", resumable), NULL,
                     0, NULL);
  handshaker_settle ();
}

static void
test_idle (HandshakerFixture *f, gconstpointer unused)
{
  TestHandshaker *process;

  handoff_handshakers_configure (f->handshakers, 100, 60);
  begin (f);
  get (f, 1000);
  process = handshaker_of (f, 1000);
  process->hangs = TRUE;
  say_idle (process, 0);
  handshaker_get (f, 1000);
  handshaker_settle ();
  handshaker_expect (f->events, "");
  answer_leave (process, FALSE);
  handshaker_expect (f->events, "got 1000");

  say_idle (process, 0);
  handshaker_get (f, 1000);
  answer_leave (process, TRUE);
  handshaker_expect (f->events, "got 1000");
  g_assert_true (handshaker_of (f, 1000) != process);

  /* With sessions that can be resumed it is kept for as long as these can be. */
  process = handshaker_of (f, 1000);
  say_idle (process, 1);
  g_assert_true (handshaker_of (f, 1000) == process);
  handshaker_pass (60 * TEST_SECOND);
  say_idle (process, 1);
  g_assert_null (handoff_handshakers_find (f->handshakers, 1000));
}

/* One that ends, or answers nonsense, when it is asked whether it can go costs nobody else. */
static void
test_leave_fails (HandshakerFixture *f, gconstpointer is_dead)
{
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "no");
  TestHandshaker *process;

  begin (f);
  get (f, 1000);
  get (f, 1001);
  process = handshaker_of (f, 1000);
  process->hangs = TRUE;
  say_idle (process, 0);
  handshaker_get (f, 1000);
  if (is_dead != NULL)
    handshaker_die (process);
  else
    handoff_link_call_fail (g_queue_pop_head (&process->leaves), error);
  handshaker_settle ();
  handshaker_expect (f->events, "got 1000");
  g_assert_true (handshaker_of (f, 1000) != process);
  get (f, 1001);
}

/* One that hangs keeps nobody else, and is ended. */
static void
test_watchdog (HandshakerFixture *f, gconstpointer unused)
{
  const gint64 span = HANDOFF_HANDSHAKER_WATCH_SECONDS * TEST_SECOND;
  g_autoptr (HandoffCaller) alice = handoff_caller_new (":1.1", 1000, 11);
  g_autoptr (HandoffCaller) bob = handoff_caller_new (":1.2", 1001, 12);
  guint i;

  begin (f);
  get (f, 1000);
  get (f, 1001);
  handshaker_of (f, 1000)->hangs = TRUE;
  /* Nobody waits for it. */
  handshaker_pass (3 * span);
  handshaker_settle ();
  start_call (f, alice, "one");
  start_call (f, bob, "two");
  handshaker_pass (span);
  handshaker_settle ();
  handshaker_expect (f->events, "");
  handshaker_pass (span);
  handshaker_settle ();
  handshaker_expect (handshaker_log,
                     "process 1, no breach: did not answer for 10 seconds, and was ended");
  handshaker_expect (f->events, "one: The service's program tls-handoff-handshaker did not answer "
                                "any more, and was ended: call again");
  for (i = 0; i < 5; i++)
    {
      handshaker_pass (span);
      handshaker_settle ();
    }
  handshaker_answer (handshaker_of (f, 1001), g_variant_new ("(o)", "/x"), FALSE);
  handshaker_settle ();
  handshaker_expect (f->events, "two: ('/x',)");
  get (f, 1000);
}

/* The service ends when all can go, and not when one has something to do. */
static void
test_leave (HandshakerFixture *f, gconstpointer unused)
{
  int result = -1;

  begin (f);
  get (f, 1000);
  get (f, 1001);
  handshaker_of (f, 1000)->stays = TRUE;
  handoff_handshakers_ask_to_leave (f->handshakers, all_left, &result);
  handshaker_settle ();
  g_assert_cmpint (result, ==, FALSE);
  g_assert_null (handoff_handshakers_find (f->handshakers, 1001));
  get (f, 1000);

  handshaker_of (f, 1000)->stays = FALSE;
  handoff_handshakers_ask_to_leave (f->handshakers, all_left, &result);
  handshaker_settle ();
  g_assert_cmpint (result, ==, TRUE);
  g_assert_false (handoff_handshakers_are_there (f->handshakers));
}

/* Replies go out before one ends. */
static void
test_drain (HandshakerFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffCaller) alice = handoff_caller_new (":1.1", 1000, 11);
  TestHandshaker *process;

  begin (f);
  get (f, 1000);
  process = handshaker_of (f, 1000);
  start_call (f, alice, "call");
  handoff_handshakers_drain (f->handshakers);
  handshaker_settle ();
  handshaker_expect (process->events, "drain");
  handshaker_get (f, 1001);
  handshaker_expect (f->events, "got The service is ending");
  handshaker_answer (process, g_variant_new ("(o)", "/x"), FALSE);
  handoff_link_send (process->link, HANDOFF_HANDSHAKER_DRAINED, g_variant_new ("()"), NULL, 0,
                     NULL);
  handshaker_settle ();
  handshaker_expect (f->events, "call: ('/x',)");
  g_assert_false (handoff_handshakers_are_there (f->handshakers));
}

/* It is told to end while it is asked whether it can. */
static void
test_drain_asked (HandshakerFixture *f, gconstpointer unused)
{
  TestHandshaker *process;

  begin (f);
  get (f, 1000);
  process = handshaker_of (f, 1000);
  process->hangs = TRUE;
  say_idle (process, 0);
  handoff_handshakers_drain (f->handshakers);
  answer_leave (process, FALSE);
  handoff_link_send (process->link, HANDOFF_HANDSHAKER_DRAINED, g_variant_new ("()"), NULL, 0,
                     NULL);
  handshaker_settle ();
  g_assert_false (handoff_handshakers_are_there (f->handshakers));
}

static void
add (const char *name, void (*test) (HandshakerFixture *f, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/handshakers/", name, NULL);

  g_test_add (path, HandshakerFixture, NULL, handshaker_set_up, test, handshaker_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("spare", test_spare);
  add ("policy", test_policy);
  add ("policy-reaches-all", test_policy_reaches_all);
  add ("policy-refused", test_policy_refused);
  add ("unnoticed-end", test_unnoticed_end);
  add ("crash", test_crash);
  add ("places-end", test_places_end);
  add ("spare-ends", test_spare_ends);
  add ("spare-dead", test_spare_dead);
  add ("begin-fails", test_begin_fails);
  add ("credentials", test_credentials);
  add ("credentials-change", test_credentials_change);
  add ("limit", test_limit);
  add ("limit-many", test_limit_many);
  add ("idle", test_idle);
  add ("leave-error", test_leave_fails);
  g_test_add ("/handshakers/leave-dead", HandshakerFixture, "dead", handshaker_set_up,
              test_leave_fails, handshaker_tear_down);
  add ("watchdog", test_watchdog);
  add ("leave", test_leave);
  add ("drain", test_drain);
  add ("drain-asked", test_drain_asked);
  return g_test_run ();
}
