/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What goes over a link. Each case runs with a link that lives on the main thread, and with one
 * that lives on a worker. */

#include "config.h"

#include "support/link-fixture.h"

#include <unistd.h>

#include "keyblob/packet.h"
#include "keyblob/tls-handoff-error.h"

/* Notices do not come through, or not in their order. */
static void
test_notices (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_tell_two);
  link_test_assert_hears (f, "notice tell 0 ('one',) 0");
  link_test_assert_hears (f, "notice tell 0 ('two',) 2");
  link_test_announce (f, "one");
  link_test_announce (f, "two");
  link_test_expect (f, "announce one, announce two");
}

/* An answer goes to another request than its own, or an error loses its code. */
static void
test_requests (LinkTest *f, gconstpointer data)
{
  link_test_run (f, link_test_ask_two);
  link_test_assert_hears (f, "request ask 1 ('one',) 0");
  link_test_assert_hears (f, "request ask 2 ('two',) 0");
  f->keeps_fds = TRUE;
  link_test_say (f, (HandoffLinkHead){ HANDOFF_LINK_REPLY, LINK_TEST_ASK, 2 },
                 g_variant_new ("(s)", "second"), 2);
  link_test_say (
      f, (HandoffLinkHead){ HANDOFF_LINK_ERROR, LINK_TEST_ASK, 1 },
      g_variant_new_parsed ("('org.tlshandoff.Handoff1.Error.TimedOut', 'late', @a{sv} {})"), 0);
  link_test_expect (f, "reply second, error 5: late");
  g_assert_cmpint (f->kept_fd, >=, 0);
}

/* A request that came is answered by another's serial number, or not at all if nobody takes it. */
static void
test_calls (LinkTest *f, gconstpointer data)
{
  f->keeps_call = TRUE;
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 70, "one");
  link_test_expect (f, "question one");
  link_test_run (f, link_test_return_call);
  link_test_assert_hears (f, "reply question 70 ('yes',) 1");
  /* The number is free again. */
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 70, "two");
  link_test_expect (f, "question two");
  link_test_run (f, link_test_fail_call);
  link_test_assert_hears (
      f, "error question 70 ('org.tlshandoff.Handoff1.Error.Cancelled', 'no', {}) 0");
  f->keeps_call = FALSE;
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 71, "three");
  link_test_assert_hears (
      f, "error question 71 ('org.tlshandoff.Handoff1.Error.NotSupported', 'This program "
         "of the service does not answer requests of the kind question', {}) 0");
  link_test_expect (f, "question three");
}

static gboolean
ask_four (gpointer data)
{
  link_test_ask_two (data);
  link_test_ask_two (data);
  return G_SOURCE_REMOVE;
}

/* This end makes the other believe that it breaks the rules. */
static void
test_too_many_of_ours (LinkTest *f, gconstpointer data)
{
  link_test_run (f, ask_four);
  link_test_expect (f, "error 4: Too many requests wait for an answer of the service's program "
                       "tls-handoff-test");
  link_test_assert_hears (f, "request ask 1 ('one',) 0");
  link_test_assert_hears (f, "request ask 2 ('two',) 0");
  link_test_assert_hears (f, "request ask 3 ('one',) 0");
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 1, "x");
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 2, "y");
  link_test_expect (f, "reply x, reply y");
  link_test_run (f, link_test_ask_two);
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 3, "z");
  link_test_expect (f, "reply z");
  link_test_assert_hears (f, "request ask 5 ('one',) 0");
  link_test_assert_hears (f, "request ask 6 ('two',) 0");
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 5, "x");
  link_test_say_text (f, HANDOFF_LINK_REPLY, LINK_TEST_ASK, 6, "y");
  link_test_expect (f, "reply x, reply y");
}

static gboolean
ask_too_large (gpointer data)
{
  LinkTest *f = data;
  g_autofree char *text = g_strnfill (HANDOFF_PACKET_MAX_SIZE, 'x');
  const int fds[] = { dup (0) };
  g_autoptr (GError) error = NULL;

  handoff_link_request (f->link, LINK_TEST_ASK, g_variant_new ("(s)", text), fds, 1,
                        link_test_answered, f);
  g_assert_cmpstr (f->events->str, ==, "");
  g_assert_false (
      handoff_link_send (f->link, LINK_TEST_TELL, g_variant_new ("(s)", text), NULL, 0, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  return G_SOURCE_REMOVE;
}

static gboolean
answer_too_large (gpointer data)
{
  LinkTest *f = data;
  g_autofree char *text = g_strnfill (HANDOFF_PACKET_MAX_SIZE, 'x');

  handoff_link_call_return (g_steal_pointer (&f->call), g_variant_new ("(s)", text), NULL, 0);
  return G_SOURCE_REMOVE;
}

/* What is too large for a message ends the link, or is lost without a word. */
static void
test_too_large (LinkTest *f, gconstpointer data)
{
  g_autofree char *heard = NULL;

  link_test_run (f, ask_too_large);
  link_test_expect (
      f, "error 4: A message of 131081 bytes between two programs of the service is too large");
  f->keeps_call = TRUE;
  link_test_say_text (f, HANDOFF_LINK_REQUEST, LINK_TEST_QUESTION, 3, "x");
  link_test_expect (f, "question x");
  link_test_run (f, answer_too_large);
  heard = link_test_hear (f);
  g_assert_true (
      g_str_has_prefix (heard, "error question 3 ('org.tlshandoff.Handoff1.Error.LimitReached', "));
}

static gboolean
send_until_full (gpointer data)
{
  LinkTest *f = data;
  g_autofree char *text = g_strnfill (60000, 'x');
  guint i;

  for (i = 0; i < 100; i++)
    g_assert_true (
        handoff_link_send (f->link, LINK_TEST_TELL, g_variant_new ("(s)", text), NULL, 0, NULL));
  return G_SOURCE_REMOVE;
}

/* Who reads late loses messages; or what he says meanwhile is not heard. */
static void
test_slow (LinkTest *f, gconstpointer data)
{
  guint i;

  link_test_run (f, send_until_full);
  link_test_announce (f, "while it is full");
  link_test_expect (f, "announce while it is full");
  link_test_run (f, link_test_tell_two);
  for (i = 0; i < 100; i++)
    {
      g_autofree char *heard = link_test_hear (f);

      g_assert_true (g_str_has_prefix (heard, "notice tell 0 ('xxx"));
    }
  link_test_assert_hears (f, "notice tell 0 ('one',) 0");
  link_test_assert_hears (f, "notice tell 0 ('two',) 2");
}

/* One who talks all the time keeps the loop from everything else. */
static void
test_flood (LinkTest *f, gconstpointer data)
{
  g_autoptr (GString) events = g_string_new (NULL);
  guint i;

  for (i = 0; i < 100; i++)
    link_test_announce (f, "x");
  link_test_run (f, link_test_do_nothing);
  g_assert_cmpuint (f->events->len, <, 50 * strlen ("announce x, "));
  for (i = 0; i < 100; i++)
    g_string_append (events, i == 0 ? "announce x" : ", announce x");
  link_test_expect (f, events->str);
}

/* What came before is not taken in at once. */
static void
test_read_on (LinkTest *f, gconstpointer data)
{
  guint i;
  g_autoptr (GString) events = g_string_new ("announce read-on");

  link_test_announce (f, "read-on");
  for (i = 0; i < 40; i++)
    {
      link_test_announce (f, "x");
      g_string_append (events, ", announce x");
    }
  link_test_run (f, link_test_do_nothing);
  link_test_run (f, link_test_do_nothing);
  g_assert_cmpstr (f->events->str, ==, events->str);
  g_string_truncate (f->events, 0);
}

static const LinkTestCase cases[] = {
  { "notices", test_notices },     { "requests", test_requests },
  { "calls", test_calls },         { "too-many-of-ours", test_too_many_of_ours },
  { "too-large", test_too_large }, { "slow", test_slow },
  { "flood", test_flood },         { "read-on", test_read_on },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  link_test_add ("link", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
