/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a handshaker can have the broker count, or not count, and keep. */

#include "config.h"

#include "broker/places.h"
#include "broker/relayed-calls.h"
#include "support/words-fixture.h"

static void
take_places (WordsFixture *f, TestHandshaker *process, guint number)
{
  words_take_places (f, process, HANDOFF_PLACES_HANDSHAKES, number);
}

static void
give_places (TestHandshaker *process, guint number)
{
  handoff_link_send (process->places, HANDOFF_PLACES_GIVE_BACK,
                     g_variant_new ("(uu)", HANDOFF_PLACES_HANDSHAKES, number), NULL, 0, NULL);
  handshaker_settle ();
}

static guint
count_places (WordsFixture *f)
{
  return handoff_places_book_get_taken (f->base.support.places, HANDOFF_PLACES_HANDSHAKES);
}

/* 64 of a user, 128 in all; above the half, one by one. */
static void
test_places (WordsFixture *f, gconstpointer unused)
{
  TestHandshaker *bob;

  words_serve (f, BOB);
  bob = handshaker_of (&f->base, BOB);
  take_places (f, f->process, 32);
  take_places (f, f->process, 32);
  take_places (f, f->process, 1);
  handshaker_expect (f->base.events, "[32][32][0]");
  take_places (f, bob, 32);
  handshaker_expect (f->base.events, "[1]");
  g_assert_cmpuint (count_places (f), ==, 65);
  handshaker_expect (bob->events, "");
  give_places (f->process, 40);
  handshaker_expect (bob->events, "places-free");
  take_places (f, bob, 32);
  handshaker_expect (f->base.events, "[32]");

  give_places (f->process, 25);
  words_assert_breach (f, "places back that it does not have");
  g_assert_cmpuint (count_places (f), ==, 33);
}

/* 64 of a user may be doing a handshake. */
#define N_WAITING (HANDOFF_CALLS_WAITING_PER_USER + 64)

static void
start_counted (WordsFixture *f, HandoffQuota *calls, const char *text)
{
  HandoffCall *call = handshaker_call_new (&f->base, f->alice, "x", g_variant_new ("(s)", text));

  handoff_call_set_place (call, handoff_quota_take (calls, ALICE, G_MAXUINT, G_MAXUINT, NULL));
  handoff_handshaker_call (words_get_handshaker (f), call, "(o)");
  handshaker_settle ();
  words_say (f, HANDOFF_HANDSHAKER_CALL_WAITS, g_variant_new ("(t)", f->process->last_call));
}

/* Breaks if calls without end count nowhere because a handshaker says that they wait. */
static void
test_waiting_calls (WordsFixture *f, gconstpointer unused)
{
  g_autoptr (HandoffQuota) calls = handoff_quota_new ("calls");
  g_autofree char *large = g_strnfill (HANDOFF_CALLS_WAITING_MAX_SIZE, 'x');
  guint i;

  start_counted (f, calls, large);
  g_assert_cmpuint (handoff_quota_get_total (calls), ==, 1);
  for (i = 0; i < N_WAITING; i++)
    start_counted (f, calls, "x");
  g_assert_cmpuint (handoff_quota_get_total (calls), ==, 1);
  start_counted (f, calls, "x");
  g_assert_cmpuint (handoff_quota_get_total (calls), ==, 2);

  /* The one that set_up() has made, the large one, and one that waits. */
  for (i = 0; i < 3; i++)
    handshaker_answer (f->process, g_variant_new ("(o)", "/x"), FALSE);
  handshaker_settle ();
  g_assert_cmpuint (handoff_quota_get_total (calls), ==, 1);
  start_counted (f, calls, "x");
  g_assert_cmpuint (handoff_quota_get_total (calls), ==, 1);
  handshaker_die (f->process);
  g_assert_cmpuint (handoff_quota_get_total (calls), ==, 0);
}

/* Breaks if the broker keeps more paths than there can be sessions; those that were given back
 * since a session was made do not count against it. */
static void
test_sessions_without_places (WordsFixture *f, gconstpointer unused)
{
  guint i;

  words_take_places (f, f->process, HANDOFF_PLACES_SESSIONS, 2);
  handshaker_expect (f->base.events, "[2]");
  handoff_link_send (f->process->places, HANDOFF_PLACES_GIVE_BACK,
                     g_variant_new ("(uu)", HANDOFF_PLACES_SESSIONS, 2), NULL, 0, NULL);
  for (i = 0; i < 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("%032x", i);

      g_assert_nonnull (words_get_handshaker (f));
      words_say (f, HANDOFF_HANDSHAKER_SESSION_MADE, g_variant_new ("(tsb)", f->caller, id, FALSE));
    }
  words_assert_breach (f, "a session that has no place");
}

static void
add (const char *name, void (*test) (WordsFixture *f, gconstpointer unused))
{
  g_autofree char *path = g_strconcat ("/handshaker-limits/", name, NULL);

  g_test_add (path, WordsFixture, NULL, words_set_up, test, words_tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("places", test_places);
  add ("waiting-calls", test_waiting_calls);
  add ("sessions", test_sessions_without_places);
  return g_test_run ();
}
