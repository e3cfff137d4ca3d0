/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How a link ends: by a breach of its rules, with the other program, by its owner. */

#include "config.h"

#include "support/link-fixture.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/packet.h"
#include "link/link-queue.h"

/* Whoever breaks the rules keeps his link, or others who wait are not told. */
static void
test_breaches (LinkTest *f, gconstpointer data)
{
  static const struct
  {
    HandoffLinkHead head;
    const char *fault;
  } breaches[] = {
    { { HANDOFF_LINK_NOTICE, LINK_TEST_TELL, 0 }, "a message in the wrong direction (tell)" },
    { { HANDOFF_LINK_REPLY, LINK_TEST_ASK, 7 }, "an answer to what nobody has asked (ask)" },
    { { HANDOFF_LINK_REQUEST, LINK_TEST_ANNOUNCE, 7 },
      "a message of another kind than its row (announce)" },
    { { HANDOFF_LINK_NOTICE, 200, 0 }, "a message of an unknown number" },
    { { HANDOFF_LINK_NOTICE, LINK_TEST_GO, 0 },
      "a message that is not of its type in normal form (go)" },
    { { HANDOFF_LINK_ERROR, LINK_TEST_ASK, 1 },
      "a message that is not of its type in normal form (ask)" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (breaches); i++)
    {
      g_autofree char *words = g_strconcat (LINK_TEST_BREACH, breaches[i].fault, NULL);
      g_autofree char *events =
          g_strdup_printf ("error 0: %s, error 0: %s, ended: %s", words, words, words);

      link_test_run (f, link_test_ask_two);
      link_test_say_text (f, breaches[i].head.kind, breaches[i].head.number,
                          breaches[i].head.serial, "x");
      link_test_announce (f, "too late");
      link_test_expect (f, events);
      link_test_run (f, link_test_drop_link);
      link_test_hang_up (f);
      link_test_run (f, link_test_make_link);
    }
}

/* A breach that only serial numbers or turns show is none. */
static void
test_serials (LinkTest *f, gconstpointer data)
{
  f->keeps_call = TRUE;
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 7, "one");
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 7, "two");
  link_test_expect (f, "question one, ended: " LINK_TEST_BREACH
                       "a serial number that another request has (question)");
  /* To whom the link is gone. */
  link_test_run (f, link_test_fail_call);
}

static void
test_answered_twice (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_ask_two);
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 1, "one");
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 1, "again");
  link_test_expect (f, "reply one, error 0: " LINK_TEST_BREACH
                       "an answer to what nobody has asked (ask), ended: " LINK_TEST_BREACH
                       "an answer to what nobody has asked (ask)");
}

static void
test_turns (LinkTest *f, gconstpointer data)
{
  const HandoffLinkHead start = { HANDOFF_LINK_NOTICE, LINK_TEST_START, 0 };
  const HandoffLinkHead go = { HANDOFF_LINK_NOTICE, LINK_TEST_GO, 0 };

  link_test_say (f, start, g_variant_new ("()"), 0);
  link_test_say (f, go, g_variant_new ("()"), 0);
  link_test_say (f, go, g_variant_new ("()"), 0);
  link_test_expect (f, "start , go , go ");
  g_assert_cmpuint (handoff_link_get_state (f->link), ==, LINK_TEST_STATE_STARTED);
  link_test_say (f, start, g_variant_new ("()"), 0);
  link_test_expect (f, "ended: " LINK_TEST_BREACH "a message out of turn (start)");
}

static void
test_too_early (LinkTest *f, gconstpointer data)
{
  link_test_say (f, (HandoffLinkHead){ HANDOFF_LINK_NOTICE, LINK_TEST_GO, 0 }, g_variant_new ("()"),
                 0);
  link_test_expect (f, "ended: " LINK_TEST_BREACH "a message out of turn (go)");
}

/* More requests than may wait are taken. */
static void
test_too_many_requests (LinkTest *f, gconstpointer data)
{
  HandoffLinkCall *calls[3];
  guint i;

  f->keeps_call = TRUE;
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 1 + i, "x");
      link_test_expect (f, "question x");
      calls[i] = g_steal_pointer (&f->call);
    }
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 9, "x");
  link_test_expect (f, "ended: " LINK_TEST_BREACH "too many requests (question)");
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      f->call = calls[i];
      link_test_run (f, link_test_fail_call);
    }
}

/* Descriptors of a message that is refused, or that nobody takes, stay open. tear_down() counts
 * them. */
static void
test_unwanted_descriptors (LinkTest *f, gconstpointer data)
{
  link_test_say (f, (HandoffLinkHead){ HANDOFF_LINK_NOTICE, LINK_TEST_ANNOUNCE, 0 },
                 g_variant_new ("(s)", "x"), 8);
  link_test_expect (f, "announce x");
  link_test_say (f, (HandoffLinkHead){ HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 1 },
                 g_variant_new ("(s)", "x"), 1);
  /* Those that nobody has read. */
  link_test_say (f, (HandoffLinkHead){ HANDOFF_LINK_NOTICE, LINK_TEST_ANNOUNCE, 0 },
                 g_variant_new ("(s)", "x"), 8);
  link_test_expect (f, "ended: " LINK_TEST_BREACH
                       "a message with a wrong number of descriptors (question)");
}

/* A packet of too many bytes is cut off and taken. */
static void
test_large_packet (LinkTest *f, gconstpointer data)
{
  g_autofree guint8 *large = g_malloc0 (HANDOFF_PACKET_MAX_SIZE + 1);

  g_assert_cmpint (send (f->peer, large, HANDOFF_PACKET_MAX_SIZE + 1, 0), ==,
                   HANDOFF_PACKET_MAX_SIZE + 1);
  link_test_expect (f, "ended: " LINK_TEST_BREACH
                       "The other side of the socket broke the rules: a message that is too large");
}

/* A process that has no room for what came takes the other end for one that breaks the rules. */
static void
test_no_room (LinkTest *f, gconstpointer data)
{
  const int lowest = dup (STDERR_FILENO);
  struct rlimit before, none;
  gboolean is_breach;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  none = before;
  none.rlim_cur = (rlim_t) lowest;
  link_test_say (f, (HandoffLinkHead){ HANDOFF_LINK_NOTICE, LINK_TEST_ANNOUNCE, 0 },
                 g_variant_new ("(s)", "x"), 2);
  close (lowest);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  link_test_run (f, link_test_do_nothing);
  link_test_run (f, link_test_do_nothing);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  /* As under valgrind, which has a limit of its own. */
  if (g_str_equal (f->events->str, "announce x"))
    {
      link_test_expect (f, "announce x");
      g_test_skip ("The limit of descriptors does not hold");
      return;
    }
  link_test_expect (f, "ended: The service's program tls-handoff-test cannot be heard, and was "
                       "ended; call again: This process has no room for the descriptors of a "
                       "message");
  g_assert_cmpstr (handoff_link_get_fault (f->link, &is_breach), ==,
                   "cannot be heard, and was ended: This process has no room for the descriptors "
                   "of a message");
  g_assert_false (is_breach);
}

/* Words before the end get lost; or who waits is not told which program has ended. */
static void
test_end (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_ask_two);
  link_test_announce (f, "goodbye");
  link_test_hang_up (f);
  link_test_expect (f, "announce goodbye, "
                       "error 0: The service's program tls-handoff-test has ended: call again, "
                       "error 0: The service's program tls-handoff-test has ended: call again, "
                       "ended: The service's program tls-handoff-test has ended: call again");
  /* And later: notices vanish, requests fail. */
  link_test_run (f, link_test_tell_two);
  link_test_run (f, link_test_ask_two);
  link_test_expect (f, "error 0: The service's program tls-handoff-test has ended: call again, "
                       "error 0: The service's program tls-handoff-test has ended: call again");
}

/* Who reads no more, and says no more, keeps those waiting who ask; or what he said is lost. */
static void
test_deaf (LinkTest *f, gconstpointer data)
{
  link_test_announce (f, "still here");
  shutdown (f->peer, SHUT_RD);
  link_test_run (f, link_test_ask_one);
  link_test_expect (f, "announce still here, "
                       "error 0: The service's program tls-handoff-test has ended: call again, "
                       "ended: The service's program tls-handoff-test has ended: call again");
}

static gboolean
send_without_end (gpointer data)
{
  LinkTest *f = data;
  g_autofree char *text = g_strnfill (60000, 'x');
  guint i;

  for (i = 0; i < 2 * HANDOFF_LINK_QUEUE_BYTES / 60000; i++)
    g_assert_true (
        handoff_link_send (f->link, LINK_TEST_TELL, g_variant_new ("(s)", text), NULL, 0, NULL));
  g_assert_cmpstr (f->events->str, ==, "");
  return G_SOURCE_REMOVE;
}

/* Who never reads takes as much memory as others send. */
static void
test_never_reads (LinkTest *f, gconstpointer data)
{
  link_test_run (f, send_without_end);
  link_test_expect (f, "ended: The service's program tls-handoff-test does not read its link, and "
                       "was ended; call again");
}

/* The owner's own words on a breach are not heard, or he is called again after he has closed. */
static void
test_owner_ends (LinkTest *f, gconstpointer data)
{
  link_test_announce (f, "break");
  link_test_announce (f, "x");
  link_test_expect (f, "announce break, ended: " LINK_TEST_BREACH "the word break");
}

/* An end of which the owner knows otherwise is taken for a breach, or comes before what was said.
 */
static void
test_owner_hangs_up (LinkTest *f, gconstpointer data)
{
  gboolean is_breach;

  link_test_announce (f, "hang-up");
  link_test_announce (f, "x");
  link_test_expect (f, "announce hang-up, announce x, "
                       "ended: The service's program tls-handoff-test has ended: call again");
  g_assert_null (handoff_link_get_fault (f->link, &is_breach));
  g_assert_false (is_breach);
}

static void
test_owner_closes (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_ask_two);
  link_test_announce (f, "close");
  link_test_announce (f, "x");
  link_test_expect (f, "announce close, "
                       "error 0: The service has let its program tls-handoff-test go, "
                       "error 0: The service has let its program tls-handoff-test go");
  link_test_assert_hears (f, "request ask 1 ('one',) 0");
  link_test_assert_hears (f, "request ask 2 ('two',) 0");
  link_test_assert_hears (f, "");
}

static void
test_owner_drops (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_ask_two);
  link_test_announce (f, "drop");
  link_test_announce (f, "x");
  link_test_expect (f, "announce drop, "
                       "error 0: The service has let its program tls-handoff-test go, "
                       "error 0: The service has let its program tls-handoff-test go");
}

static void
answered_with_drop (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  LinkTest *f = user_data;

  link_test_answered (reply, error, f);
  g_clear_pointer (&f->link, handoff_link_free);
}

static gboolean
ask_and_drop (gpointer data)
{
  LinkTest *f = data;

  handoff_link_request (f->link, LINK_TEST_ASK, g_variant_new ("(s)", "zero"), NULL, 0,
                        answered_with_drop, f);
  return link_test_ask_two (f);
}

/* Who hears of the end from one of his requests frees the link: the others are told once. */
static void
test_answer_drops (LinkTest *f, gconstpointer data)
{
  link_test_run (f, ask_and_drop);
  link_test_hang_up (f);
  link_test_expect (f, "error 0: The service's program tls-handoff-test has ended: call again, "
                       "error 0: The service's program tls-handoff-test has ended: call again, "
                       "error 0: The service's program tls-handoff-test has ended: call again");
}

#define GONE "The service's program tls-handoff-test has ended: call again"

static gboolean
notice_end (gpointer data)
{
  LinkTest *f = data;

  link_test_note (f, handoff_link_notice_end (f->link) ? "gone" : "there");
  return G_SOURCE_REMOVE;
}

/* Breaks if whoever asks at once is not told that the other end is gone, after what it has said. */
static void
test_noticed (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_ask_one);
  link_test_run (f, notice_end);
  link_test_expect (f, "there");
  link_test_announce (f, "last words");
  link_test_hang_up (f);
  link_test_run (f, notice_end);
  link_test_expect (f, "announce last words, error 0: " GONE ", ended: " GONE ", gone");
  link_test_run (f, notice_end);
  link_test_expect (f, "gone");
}

static const LinkTestCase cases[] = {
  { "breaches", test_breaches },
  { "noticed", test_noticed },
  { "serials", test_serials },
  { "answered-twice", test_answered_twice },
  { "turns", test_turns },
  { "too-early", test_too_early },
  { "too-many-requests", test_too_many_requests },
  { "unwanted-descriptors", test_unwanted_descriptors },
  { "large-packet", test_large_packet },
  { "no-room", test_no_room },
  { "end", test_end },
  { "deaf", test_deaf },
  { "never-reads", test_never_reads },
  { "owner-ends", test_owner_ends },
  { "owner-hangs-up", test_owner_hangs_up },
  { "owner-closes", test_owner_closes },
  { "owner-drops", test_owner_drops },
  { "answer-drops", test_answer_drops },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  link_test_add ("link-ends", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
