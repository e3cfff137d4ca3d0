/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Sessions whose home is a worker, from begin to end. */

#include "config.h"

#include <string.h>

#include "session/session-home.h"

#include "keyblob/hpke.h"
#include "session/session-handshake.h"
#include "support/home-fixture.h"

#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static void
assert_events (HomeTest *f, const char *expected)
{
  g_autofree char *events = home_test_take_events (f);

  g_assert_cmpstr (events, ==, expected);
}

static guint64
count (HomeTest *f, HandoffStatistic statistic)
{
  guint64 totals[HANDOFF_N_STATISTICS];

  handoff_statistics_get_totals (f->main.statistics, totals);
  return totals[statistic];
}

/* The only session in the book. (transfer full) */
static GPtrArray *
get_page (HomeTest *f)
{
  GPtrArray *page = handoff_session_book_dup_page (f->main.book, 0, 10);

  g_assert_cmpuint (page->len, ==, 1);
  return page;
}

static void
assert_described (HomeTest *f, const char *state, const char *protocol)
{
  g_autoptr (GPtrArray) page = get_page (f);
  const HandoffSessionEntry *entry = page->pdata[0];

  g_assert_cmpstr (entry->state, ==, state);
  g_assert_cmpstr (entry->protocol, ==, protocol);
  g_assert_cmpstr (entry->server_identity, ==, "other.handoff.test");
}

static void
begin_on_socket (HomeTest *f)
{
  home_test_begin_on_socket (f, "{'resumption': <false>, 'transient': <true>}");
  home_test_step (f);
}

/* What a caller finds who has just got the reply: it is counted, and the place of the handshake is
 * free, but nobody has waited for the audit log. */
static void
look (HandoffHandshakeProgress *progress, gpointer user_data)
{
  HomeTest *f = user_data;

  g_assert_cmpint (progress->state, ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_cmpint (progress->key_blob_fd, >=, 0);
  g_assert_cmpuint (count (f, HANDOFF_STATISTIC_COMPLETED), ==, 1);
  g_assert_cmpuint (handoff_quota_get_total (f->handshakes), ==, 0);
  g_assert_cmpuint (handoff_quota_get_total (f->sessions), ==, 0);
  g_assert_cmpuint (handoff_session_book_get_size (f->main.book), ==, 0);
}

/* On a socket. Breaks if the reply comes on another thread, before the books or after the log. */
static void
test_socket (HomeTest *f, gconstpointer data)
{
  f->on_reply = look;
  home_test_run (f, begin_on_socket);
  assert_described (f, "continue", "");
  g_assert_cmpuint (handoff_quota_get_total (f->handshakes), ==, 1);
  home_test_serve (f);
  home_test_wait (f, "audit complete", 1);
  assert_events (f, "reply complete, audit complete");
}

static void export(HomeTest *f)
{
  HandoffRecipient recipient = { .by_channel = FALSE };
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];

  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  handoff_session_export (f->home, f->session, &recipient, home_test_reply (f));
}

static void
begin_stepwise (HomeTest *f)
{
  home_test_begin (f, "@a{sv} {}", -1);
  home_test_step (f);
}

/* Steps until the handshake is complete. */
static void
do_handshake (HomeTest *f)
{
  home_test_run (f, begin_stepwise);
  while (home_test_count (f, "reply continue") > 0)
    {
      assert_events (f, "reply continue");
      gnutls_handshake (f->client.server);
      home_test_run (f, home_test_step);
    }
}

/* The next operation begins within the reply to the one before. */
static void
export_at_once (HandoffHandshakeProgress *progress, gpointer user_data)
{
  HomeTest *f = user_data;

  if (progress->state == HANDOFF_HANDSHAKE_COMPLETE)
    export(f);
}

/* Breaks if an operation must not begin in the callback of another. */
static void
test_nested (HomeTest *f, gconstpointer data)
{
  f->on_reply = export_at_once;
  do_handshake (f);
  assert_events (f, "reply complete, reply complete, audit complete");
  g_assert_cmpuint (count (f, HANDOFF_STATISTIC_COMPLETED), ==, 1);
  assert_described (f, "complete", "TLS1.3");
}

/* The home closes within the reply, as it does if that cannot be sent. */
static void
close_at_once (HandoffHandshakeProgress *progress, gpointer user_data)
{
  HomeTest *f = user_data;

  g_clear_pointer (&f->session, handoff_session_unref);
  handoff_session_home_close (f->home);
}

/* Breaks if a callback must leave the session alone: when its handshake goes on, when it has
 * ended, and when it has failed. */
static void
test_closed_in_callback (HomeTest *f, gconstpointer data)
{
  f->on_reply = close_at_once;
  home_test_run (f, begin_stepwise);
  assert_events (f, "reply continue, audit org.tlshandoff.Handoff1.Error.Cancelled");
  home_test_run (f, begin_on_socket);
  home_test_serve (f);
  home_test_wait (f, "audit complete", 1);
  assert_events (f, "reply complete, audit complete");
  g_assert_cmpuint (handoff_session_book_get_size (f->main.book), ==, 0);
  g_assert_cmpuint (count (f, HANDOFF_STATISTIC_FAILED), ==, 1);
}

static void
begin_and_close (HomeTest *f)
{
  home_test_begin_on_socket (f, "@a{sv} {}");
  home_test_step (f);
  handoff_session_home_close (f->home);
  /* Nothing of it is left, and nobody was waited for. */
  g_assert_cmpuint (handoff_quota_get_total (f->handshakes), ==, 0);
  g_assert_cmpuint (handoff_quota_get_total (f->sessions), ==, 0);
}

/* Breaks if a handshake that waits for its peer does not end with its home, or if a worker that is
 * its home still waits for something then. */
static void
test_close (HomeTest *f, gconstpointer data)
{
  f->on_reply = close_at_once;
  home_test_run (f, begin_and_close);
  assert_events (f, "reply failed Cancelled, audit org.tlshandoff.Handoff1.Error.Cancelled");
}

#define BAD_OPTIONS                                                                                \
  "{'minimum-protocol': <'TLS1.3'>, 'cipher-suites': <[uint16 0xc02b]>, 'transient': <true>}"

static void
begin_bad (HomeTest *f)
{
  home_test_begin_on_socket (f, BAD_OPTIONS);
  home_test_step (f);
}

static void
begin_bad_stepwise (HomeTest *f)
{
  home_test_begin (f, BAD_OPTIONS, -1);
  home_test_step (f);
}

/* Breaks if a handshake that cannot even start ends before its session knows it, or tells nobody.
 */
static void
test_cannot_start (HomeTest *f, gconstpointer data)
{
  home_test_run (f, begin_bad_stepwise);
  assert_events (f, "audit org.tlshandoff.Handoff1.Error.NotSupported, reply failed NotSupported");
  home_test_run (f, begin_bad);
  assert_events (f, "reply failed NotSupported, audit org.tlshandoff.Handoff1.Error.NotSupported");
  g_assert_cmpuint (count (f, HANDOFF_STATISTIC_FAILED), ==, 2);
  g_assert_cmpuint (handoff_session_book_get_size (f->main.book), ==, 0);
}

/* A word for the home that has not got there yet. */
static GMutex gate;

static void
be_stuck (HomeTest *f)
{
  g_mutex_lock (&gate);
  g_mutex_unlock (&gate);
}

static gboolean
be_stuck_cb (gpointer data)
{
  be_stuck (data);
  return G_SOURCE_REMOVE;
}

/* Breaks if the list of sessions waits for a worker that hangs in its user's socket. */
static void
test_stuck (HomeTest *f, gconstpointer data)
{
  home_test_run (f, begin_stepwise);
  g_mutex_lock (&gate);
  handoff_worker_invoke (f->home->home, be_stuck_cb, f, NULL);
  assert_described (f, "continue", "");
  g_assert_cmpuint (handoff_session_book_get_size (f->main.book), ==, 1);
  handoff_session_homes_close_outdated (f->homes);
  g_mutex_unlock (&gate);
}

/* A NewSessionTicket (RFC 8446 4.6.1) for a week. */
static void
take_ticket (HomeTest *f)
{
  static const guint8 message[] = {
    4, 0, 0, 15, 0, 9, 58, 128, 1, 2, 3, 4, 1, 0, 0, 1, 7, 0, 0,
  };

  g_assert_true (handoff_resumption_take_tickets (f->home->resumption, f->session, message,
                                                  sizeof message, NULL));
}

static void
open_window (HomeTest *f)
{
  f->on_reply = export_at_once;
  do_handshake (f);
  g_assert_nonnull (f->session->window);
}

/* Breaks if a ticket is not kept that comes to a worker. */
static void
test_ticket (HomeTest *f, gconstpointer data)
{
  open_window (f);
  home_test_run (f, take_ticket);
  g_assert_null (f->session->window);
  g_assert_cmpuint (handoff_resumption_store_get_size (f->main.kept), ==, 1);
  /* Its timer goes with its home. */
}

static void
reload (HomeTest *f)
{
  handoff_resumption_store_configure (f->main.kept,
                                      handoff_tls_policy_get_serial (f->client.policy) + 1, 3600);
}

/* Breaks if anything of the old configuration is kept by a home that has not heard of the new one
 * yet. */
static void
test_ticket_after_reload (HomeTest *f, gconstpointer data)
{
  open_window (f);
  reload (f);
  home_test_run (f, take_ticket);
  g_assert_cmpuint (handoff_resumption_store_get_size (f->main.kept), ==, 0);
}

static void
nothing (HomeTest *f)
{
}

/* Breaks if the secret of an open window stays after a reload. */
static void
test_reload (HomeTest *f, gconstpointer data)
{
  open_window (f);
  reload (f);
  handoff_session_homes_close_outdated (f->homes);
  home_test_run (f, nothing);
  g_assert_null (f->session->window);
  g_assert_cmpuint (handoff_session_book_get_size (f->main.book), ==, 1);
}

/* Breaks if a window closes at a reload that it opened after: the word of that came late. */
static void
test_late_word (HomeTest *f, gconstpointer data)
{
  open_window (f);
  handoff_session_homes_close_outdated (f->homes);
  home_test_run (f, nothing);
  g_assert_nonnull (f->session->window);
}

/* Breaks if the sessions of a caller who left stay at a worker, or if others go with them. */
static void
test_caller_left (HomeTest *f, gconstpointer data)
{
  g_autoptr (HandoffCaller) other = handoff_caller_new (":1.2", 1000, 2);

  home_test_run (f, begin_stepwise);
  handoff_session_homes_remove_all_of (f->homes, other);
  home_test_run (f, nothing);
  g_assert_false (f->session->removed);
  handoff_session_homes_remove_all_of (f->homes, f->caller);
  home_test_run (f, nothing);
  g_assert_true (f->session->removed);
  g_assert_cmpuint (handoff_quota_get_total (f->sessions), ==, 0);
  g_assert_cmpuint (handoff_quota_get_total (f->handshakes), ==, 0);
}

static void
leave_and_take_ticket (HomeTest *f)
{
  g_cancellable_cancel (handoff_caller_get_cancellable (f->caller));
  handoff_resumption_store_remove_all_of (f->main.kept, ":1.1");
  take_ticket (f);
}

/* Breaks if a ticket stays that only a caller could use who has left, because his home had not
 * heard of it. */
static void
test_ticket_of_who_left (HomeTest *f, gconstpointer data)
{
  handoff_tls_policy_get_configuration (f->client.policy)->resumption_scope =
      HANDOFF_RESUMPTION_CALLER;
  open_window (f);
  home_test_run (f, leave_and_take_ticket);
  g_assert_cmpuint (handoff_resumption_store_get_size (f->main.kept), ==, 0);
}

/* Breaks if word reaches a home that is gone. */
static void
test_word_for_nobody (HomeTest *f, gconstpointer data)
{
  home_test_run (f, begin_stepwise);
  g_mutex_lock (&gate);
  handoff_worker_invoke (f->home->home, be_stuck_cb, f, NULL);
  handoff_session_homes_close (f->homes);
  handoff_session_homes_close_outdated (f->homes);
  handoff_session_homes_remove_all_of (f->homes, f->caller);
  handoff_session_homes_remove (f->homes, f->home);
  g_mutex_unlock (&gate);
  home_test_run (f, nothing);
  g_assert_cmpuint (handoff_session_book_get_size (f->main.book), ==, 0);
  handoff_session_homes_add (f->homes, f->home);
}

/* Breaks if the service ends, and frees what a home holds on to, while word is on its way there. */
static void
test_word_is_waited_for (HomeTest *f, gconstpointer data)
{
  g_assert_false (handoff_idle_timer_is_held (f->main.idle_timer));
  g_mutex_lock (&gate);
  handoff_worker_invoke (f->home->home, be_stuck_cb, f, NULL);
  handoff_session_homes_close_outdated (f->homes);
  g_assert_true (handoff_idle_timer_is_held (f->main.idle_timer));
  g_mutex_unlock (&gate);
  while (handoff_idle_timer_is_held (f->main.idle_timer))
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/session-home/" name, HomeTest, TLS1_3, home_test_set_up, function,         \
              home_test_tear_down)
  ADD ("socket", test_socket);
  ADD ("nested", test_nested);
  ADD ("closed-in-callback", test_closed_in_callback);
  ADD ("close", test_close);
  ADD ("cannot-start", test_cannot_start);
  ADD ("stuck", test_stuck);
  ADD ("ticket", test_ticket);
  ADD ("ticket-after-reload", test_ticket_after_reload);
  ADD ("reload", test_reload);
  ADD ("late-word", test_late_word);
  ADD ("caller-left", test_caller_left);
  ADD ("ticket-of-who-left", test_ticket_of_who_left);
  ADD ("word-for-nobody", test_word_for_nobody);
  ADD ("word-is-waited-for", test_word_is_waited_for);
  return g_test_run ();
}
