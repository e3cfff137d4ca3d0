/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The window in which tickets are waited for, the age of what they bring, and which handshakes may
 * resume by it; and whose tickets a server takes. */

#include "config.h"

#include <string.h>

#include "session/resumption.h"

#include "keyblob/secret-memory.h"
#include "resumption/server-tickets.h"
#include "support/client-handshake-fixture.h"
#include "support/test-clock.h"

#define WINDOW (10 * TEST_SECOND)               /* of the default configuration */
#define MAXIMUM_AGE (2 * 60 * 60 * TEST_SECOND) /* likewise */

typedef struct
{
  ClientTest client;
  HandoffIdleTimer *idle_timer;
  HandoffCaller *caller;
  HandoffResumptionStore *store;
  HandoffResumption *resumption;
  guint n_closed;
} Fixture;

static void
count_closed (HandoffSession *session, gpointer user_data)
{
  ((Fixture *) user_data)->n_closed++;
}

static gboolean
ignore_idle (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_clock_install ();
  client_test_set_up (&f->client, data);
  f->idle_timer = handoff_idle_timer_new (ignore_idle, NULL);
  f->caller = handoff_caller_new (":1.1", 1000, 1);
  f->store = handoff_resumption_store_new ();
  handoff_resumption_store_configure (f->store, handoff_tls_policy_get_serial (f->client.policy),
                                      MAXIMUM_AGE / TEST_SECOND);
  f->resumption = handoff_resumption_new (NULL, f->store, count_closed, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_resumption_free (f->resumption);
  handoff_resumption_store_free (f->store);
  g_object_unref (f->caller);
  handoff_idle_timer_free (f->idle_timer);
  client_test_tear_down (&f->client, data);
  test_clock_uninstall ();
}

/* (transfer full) */
static HandoffHandshakeRequest *
new_request_with (Fixture *f, const char *identity, const char *options)
{
  g_autoptr (GVariant) parsed = g_variant_ref_sink (g_variant_new_parsed (options));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request = handoff_handshake_request_new (
      HANDOFF_ROLE_CLIENT, identity, parsed, f->client.policy, &error);

  g_assert_no_error (error);
  return request;
}

/* (transfer full) */
static HandoffHandshakeRequest *
new_request (Fixture *f)
{
  return new_request_with (f, "other.handoff.test", "@a{sv} {}");
}

/* A session that is over, and whose window is open. (transfer full) */
static HandoffSession *
open_window (Fixture *f)
{
  HandoffSession *session =
      handoff_session_new (HANDOFF_ROLE_CLIENT, f->caller, "other.handoff.test", f->idle_timer);
  g_autoptr (HandoffHandshakeRequest) request = new_request (f);

  handoff_resumption_prepare (f->resumption, session, request);
  g_assert_null (request->session_data);
  client_test_begin (&f->client, "other.handoff.test", NULL);
  while (client_test_step (&f->client) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (f->client.progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  handoff_key_state_free (client_test_export_keys (&f->client));
  session->outcome = handoff_handshake_outcome_copy (f->client.progress->outcome);
  handoff_resumption_keep (f->resumption, session, f->client.progress);
  g_assert_nonnull (session->window);
  return session;
}

/* A NewSessionTicket (RFC 8446 4.6.1) for a week. */
static void
send_ticket (Fixture *f, HandoffSession *session)
{
  static const guint8 message[] = {
    4, 0, 0, 15, 0, 9, 58, 128, 1, 2, 3, 4, 1, 0, 0, 1, 7, 0, 0,
  };
  g_autoptr (GError) error = NULL;

  g_assert_true (
      handoff_resumption_take_tickets (f->resumption, session, message, sizeof message, &error));
  g_assert_no_error (error);
}

static gboolean
is_resumed_by (Fixture *f, HandoffHandshakeRequest *request)
{
  g_autoptr (HandoffSession) session =
      handoff_session_new (HANDOFF_ROLE_CLIENT, f->caller, "other.handoff.test", f->idle_timer);

  handoff_resumption_prepare (f->resumption, session, request);
  return request->session_data != NULL;
}

/* Whether a handshake would resume now. */
static gboolean
is_resumed (Fixture *f)
{
  g_autoptr (HandoffHandshakeRequest) request = new_request (f);

  return is_resumed_by (f, request);
}

/* Breaks if the secret is kept longer than the window is open, if the window closes too early, or
 * if the wall clock counts. */
static void
test_window (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffSession) session = open_window (f);

  test_clock_set_wall (TEST_YEAR);
  test_clock_pass (WINDOW - 1);
  test_clock_settle ();
  g_assert_cmpuint (f->n_closed, ==, 0);
  g_assert_nonnull (session->window);
  test_clock_set_wall (-2 * TEST_YEAR);
  test_clock_pass (1);
  test_clock_settle ();
  g_assert_cmpuint (f->n_closed, ==, 1);
  g_assert_null (session->window);
  send_ticket (f, session);
  g_assert_false (is_resumed (f));
}

/* Breaks if a ticket in the last moment is lost, or if the window stays open after it. */
static void
test_ticket_in_time (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffSession) session = open_window (f);

  test_clock_suspend (WINDOW - 1);
  send_ticket (f, session);
  g_assert_cmpuint (f->n_closed, ==, 1);
  g_assert_true (is_resumed (f));
}

/* Breaks if a window stays open as long as the machine sleeps. */
static void
test_ticket_after_suspend (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffSession) session = open_window (f);

  test_clock_suspend (WINDOW);
  test_clock_settle ();
  g_assert_nonnull (session->window);
  send_ticket (f, session);
  g_assert_cmpuint (f->n_closed, ==, 1);
  g_assert_null (session->window);
  g_assert_false (is_resumed (f));
}

/* Breaks if a ticket is good for longer than the configuration says, whatever the server says. */
static void
test_ticket_ages (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffSession) session = open_window (f);

  send_ticket (f, session);
  test_clock_pass (MAXIMUM_AGE);
  g_assert_false (is_resumed (f));
}

/* Breaks if a handshake resumes a session that came about in another way than it would itself:
 * where the caller, or the user's credentials, would have been asked for one; with another server,
 * or another protection. */
static void
test_conditions (Fixture *f, gconstpointer data)
{
  static const char *const others[][2] = {
    { "other.handoff.test", "{'ask-for-credential': <true>}" },
    { "other.handoff.test", "{'credential': <''>}" },
    { "other.handoff.test", "{'minimum-protocol': <'TLS1.3'>}" },
    { "other.handoff.test", "{'maximum-protocol': <'TLS1.2'>}" },
    { "other.handoff.test", "{'cipher-suites': <[uint16 0x1301]>}" },
    { "other.handoff.test", "{'server-name': <'sent.handoff.test'>}" },
    { "other.handoff.test", "{'server-name': <''>}" },
    { "localhost", "@a{sv} {}" },
    { "", "{'review-certificate': <true>}" },
  };
  g_autoptr (HandoffSession) session = open_window (f);
  g_autoptr (HandoffHandshakeRequest) may_choose = new_request (f);

  send_ticket (f, session);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (HandoffHandshakeRequest) other = new_request_with (f, others[i][0], others[i][1]);

      g_test_message ("%s %s", others[i][0], others[i][1]);
      g_assert_false (is_resumed_by (f, other));
    }
  may_choose->choice[0] = 1;
  g_assert_false (is_resumed_by (f, may_choose));
  g_assert_true (is_resumed (f));
}

/* Breaks if anything is kept of a server that could be anybody. */
static void
test_nobody (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffHandshakeRequest) request =
      new_request_with (f, "", "{'review-certificate': <true>}");

  g_assert_false (is_resumed_by (f, request));
  g_assert_false (request->keeps_sessions);
}

/* A chain of resumed connections. Breaks if it is younger each time: the certificate was verified,
 * and the server proved that it has the key, in the first of them only (RFC 8446 4.6.1). */
static void
test_chain (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffSession) first = open_window (f);

  send_ticket (f, first);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (HandoffSession) next =
          handoff_session_new (HANDOFF_ROLE_CLIENT, f->caller, "other.handoff.test", f->idle_timer);
      g_autoptr (HandoffHandshakeRequest) request = new_request (f);
      g_autoptr (HandoffHandshakeProgress) progress = g_new0 (HandoffHandshakeProgress, 1);

      test_clock_pass (MAXIMUM_AGE / 4);
      handoff_resumption_prepare (f->resumption, next, request);
      g_assert_nonnull (request->session_data);
      next->outcome = handoff_handshake_outcome_copy (first->outcome);
      next->outcome->resumed = TRUE;
      /* The next connection resumes by this: it is as good as new, but for its age. */
      progress->key_blob_fd = -1;
      progress->session_data = g_steal_pointer (&request->session_data);
      progress->session_lifetime = 7 * 86400;
      handoff_resumption_keep (f->resumption, next, progress);
    }
  g_assert_cmpuint (handoff_resumption_store_get_size (f->store), ==, 1);
  test_clock_pass (MAXIMUM_AGE / 4);
  g_assert_false (is_resumed (f));
}

/* Breaks if a ticket is good for a shorter time. */
static void
test_ticket_lasts (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffSession) session = open_window (f);

  send_ticket (f, session);
  test_clock_pass (MAXIMUM_AGE - 1);
  g_assert_true (is_resumed (f));
}

/* A session of these options that can be resumed: the last one of which the key is known. (transfer
 * full) */
static HandoffSession *
keep_one (Fixture *f, HandoffHandshakeRequest *request)
{
  HandoffSession *session =
      handoff_session_new (HANDOFF_ROLE_CLIENT, f->caller, "other.handoff.test", f->idle_timer);

  handoff_resumption_prepare (f->resumption, session, request);
  g_assert_null (request->session_data);
  handoff_resumption_store_put (f->store, session->policy_serial, session->cache_key, TRUE,
                                handoff_secret_new (8, HANDOFF_SECRET_DEFAULT), 60,
                                HANDOFF_SESSION_VERIFIED_NOW);
  return session;
}

/* Breaks if a handshake with the very options of the one before resumes its session though
 * something else differs: the server, the credential, what there is to choose from, the user. */
static void
test_same_options (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (HandoffHandshakeOptions) options = handoff_handshake_options_parse (
      variant, HANDOFF_ROLE_CLIENT, handoff_tls_policy_get_configuration (f->client.policy), NULL);
  HandoffCredential credential = { .serial = 5 };
  guint i;

  for (i = 0; i < 5; i++)
    {
      g_autoptr (HandoffHandshakeRequest) first = handoff_handshake_request_new_with_options (
          HANDOFF_ROLE_CLIENT, "other.handoff.test", handoff_handshake_options_ref (options),
          f->client.policy, NULL);
      g_autoptr (HandoffSession) kept = keep_one (f, first);
      g_autoptr (HandoffHandshakeRequest) request = handoff_handshake_request_new_with_options (
          HANDOFF_ROLE_CLIENT, i == 1 ? "localhost" : "other.handoff.test",
          handoff_handshake_options_ref (options), f->client.policy, NULL);
      g_autoptr (HandoffCaller) caller = g_steal_pointer (&f->caller);

      f->caller = i == 4 ? handoff_caller_new (":1.1", 1001, 1) : g_object_ref (caller);
      if (i == 2)
        request->credential = &credential;
      if (i == 3)
        request->choice[3] = 1;
      g_assert_cmpint (is_resumed_by (f, request), ==, i == 0);
      request->credential = NULL;
      g_set_object (&f->caller, caller);
      handoff_resumption_store_remove (f->store, kept->cache_key);
    }
}

/* The secret that the tickets of this caller's server are made with. (transfer full) */
static guint8 *
dup_ticket_secret (Fixture *f, guint uid, const char *bus_name, const char *options)
{
  g_autoptr (HandoffCaller) caller = handoff_caller_new (bus_name, uid, 1);
  g_autoptr (HandoffSession) session =
      handoff_session_new (HANDOFF_ROLE_SERVER, caller, "", f->idle_timer);
  g_autoptr (GVariant) parsed = g_variant_ref_sink (g_variant_new_parsed (options));
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffHandshakeRequest) request =
      handoff_handshake_request_new (HANDOFF_ROLE_SERVER, "", parsed, f->client.policy, &error);

  g_assert_no_error (error);
  handoff_resumption_prepare (f->resumption, session, request);
  g_assert_nonnull (request->ticket_secret);
  return g_steal_pointer (&request->ticket_secret);
}

/* Breaks if a server takes a ticket that another user's server gave, or one that asked clients for
 * something else; or not that of another process of its user, unless the configuration forbids it.
 * All of these callers share one store, which no two users do outside of this test. */
static void
test_tickets (Fixture *f, gconstpointer data)
{
  static const struct
  {
    guint uid;
    const char *bus_name;
    const char *options;
    HandoffResumptionScope scope;
    gboolean is_same;
  } cases[] = {
    { 1000, ":1.1", "@a{sv} {}", HANDOFF_RESUMPTION_USER, TRUE },
    { 1000, ":1.2", "@a{sv} {}", HANDOFF_RESUMPTION_USER, TRUE },
    { 1001, ":1.1", "@a{sv} {}", HANDOFF_RESUMPTION_USER, FALSE },
    { 1000, ":1.1", "{'review-certificate': <true>, 'client-certificate': <'request'>}",
      HANDOFF_RESUMPTION_USER, FALSE },
    { 1000, ":1.1", "{'application-protocols': <['h2']>}", HANDOFF_RESUMPTION_USER, FALSE },
    { 1000, ":1.1", "@a{sv} {}", HANDOFF_RESUMPTION_CALLER, TRUE },
    { 1000, ":1.2", "@a{sv} {}", HANDOFF_RESUMPTION_CALLER, FALSE },
  };
  HandoffConfiguration *configuration = handoff_tls_policy_get_configuration (f->client.policy);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint8 *first, *second;

      configuration->resumption_scope = cases[i].scope;
      first = dup_ticket_secret (f, 1000, ":1.1", "@a{sv} {}");
      second = dup_ticket_secret (f, cases[i].uid, cases[i].bus_name, cases[i].options);
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (memcmp (first, second, HANDOFF_TICKET_SECRET_SIZE) == 0, ==,
                       cases[i].is_same);
      handoff_secret_free (first);
      handoff_secret_free (second);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/service/resumption/" name, Fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.3", set_up,       \
              function, tear_down)
  ADD ("window", test_window);
  ADD ("ticket-in-time", test_ticket_in_time);
  ADD ("ticket-after-suspend", test_ticket_after_suspend);
  ADD ("ticket-ages", test_ticket_ages);
  ADD ("ticket-lasts", test_ticket_lasts);
  ADD ("chain", test_chain);
  ADD ("conditions", test_conditions);
  ADD ("same-options", test_same_options);
  ADD ("nobody", test_nobody);
  ADD ("tickets", test_tickets);
  return g_test_run ();
}
