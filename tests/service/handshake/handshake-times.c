/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What time does to handshakes: certificates and OCSP responses that end, patience that ends. */

#include "config.h"

#include <gnutls/ocsp.h>
#include <string.h>

#include "keyblob/hpke.h"
#include "keyblob/tls-handoff-error.h"
#include "support/client-handshake-fixture.h"
#include "support/server-handshake-fixture.h"
#include "support/test-clock.h"

#define IDENTITY "other.handoff.test"

static gboolean
note (gpointer data)
{
  g_atomic_int_set ((gint *) data, TRUE);
  return G_SOURCE_REMOVE;
}

/* Time passes, and the worker has done what was to be done then. */
static void
pass (HandoffWorker *worker, gint64 span)
{
  gint done = FALSE;

  test_clock_pass (span);
  handoff_worker_invoke (worker, note, &done, NULL);
  while (!g_atomic_int_get (&done))
    g_thread_yield ();
  test_clock_settle ();
}

/* With the same server as before. problem: (nullable): NULL: it is trusted. */
static void
expect_handshake (ClientTest *f, gconstpointer priority, const char *problem)
{
  HandoffHandshakeState state;

  client_test_begin (f, IDENTITY, NULL);
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  if (problem == NULL)
    {
      g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
    }
  else
    {
      g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_FAILED);
      g_assert_error (f->progress->error, TLS_HANDOFF_ERROR,
                      TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
      if (strstr (f->progress->error->message, problem) == NULL)
        g_error ("“%s” does not say “%s”", f->progress->error->message, problem);
    }
  client_test_end_connection (f);
  client_test_set_up_server (f, "wrong-name", priority);
}

/* Breaks if a certificate that was good in the last handshake is trusted after its end, or before
 * its begin by a clock that was set back; or if it is not, once the clock is right again. */
static void
test_certificate_ends (ClientTest *f, gconstpointer data)
{
  expect_handshake (f, data, NULL);
  test_clock_set_wall (2 * TEST_YEAR);
  expect_handshake (f, data, "expired");
  test_clock_set_wall (-4 * TEST_YEAR);
  expect_handshake (f, data, "not valid yet");
  test_clock_set_wall (2 * TEST_YEAR);
  expect_handshake (f, data, NULL);

  test_clock_pass (2 * TEST_YEAR);
  expect_handshake (f, data, "expired");
  test_clock_set_wall (-2 * TEST_YEAR);
}

/* Breaks if a peer that says nothing is waited for longer than the caller wants, or shorter; or if
 * a wall clock that somebody sets, or a suspend, ends the wait. */
static void
test_silent_peer (ClientTest *f, gconstpointer data)
{
  client_test_begin (f, IDENTITY, "{'timeout': <uint32 20>}");
  g_clear_pointer (&f->server, gnutls_deinit);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  test_clock_set_wall (TEST_DAY);
  test_clock_suspend (TEST_DAY);
  pass (f->worker, 20 * TEST_SECOND - 1);
  g_assert_cmpuint (f->n_ended, ==, 0);
  pass (f->worker, 1);
  client_test_wait_for_end (f);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  test_clock_set_wall (-2 * TEST_DAY);
}

/* The slow peer: a byte a second, of a record that is never complete. Breaks if the time starts
 * anew with each. */
static void
test_slow_peer (ClientTest *f, gconstpointer data)
{
  static const guint8 start_of_record[] = { 22, 3, 3, 1, 0 };

  client_test_begin (f, IDENTITY, "{'timeout': <uint32 20>}");
  g_clear_pointer (&f->server, gnutls_deinit);
  g_byte_array_append (f->to_client, start_of_record, sizeof start_of_record);
  for (guint i = 0; i < 20; i++)
    {
      g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
      g_byte_array_append (f->to_client, (const guint8 *) "", 1);
      pass (f->worker, TEST_SECOND);
    }
  client_test_wait_for_end (f);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
}

/* Breaks if keys that nobody fetches stay in the service, or are lost while there is time. */
static void
test_keys_not_fetched (ClientTest *f, gconstpointer data)
{
  const HandoffRecipient recipient = { .key = { 9 } };
  HandoffHandshakeState state;

  client_test_begin (f, IDENTITY, "{'timeout': <uint32 20>}");
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  pass (f->worker, 20 * TEST_SECOND - 1);
  g_assert_cmpuint (f->n_ended, ==, 0);
  pass (f->worker, 1);
  client_test_wait_for_end (f);
  client_test_forget_progress (f);
  handoff_handshake_export (f->handshake, &recipient, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (f->progress->error->message, "not exported"));
}

/* Breaks if no decision about a certificate is a yes, or is waited for without end. */
static void
test_no_decision (ClientTest *f, gconstpointer data)
{
  HandoffHandshakeState state;

  client_test_begin (f, "localhost", "{'review-certificate': <true>, 'timeout': <uint32 20>}");
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_REVIEW);
  pass (f->worker, 300 * TEST_SECOND - 1);
  g_assert_cmpuint (f->n_ended, ==, 0);
  pass (f->worker, 1);
  client_test_wait_for_end (f);
  client_test_forget_progress (f);
  handoff_handshake_review (f->handshake, TRUE, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  g_assert_true (g_str_has_suffix (f->progress->error->message,
                                   "; and nobody accepted it within 300 s (DecisionTimeout)"));
  /* The peer hears of it. */
  g_assert_cmpuint (g_bytes_get_size (f->progress->output), >, 0);
}

/* To the state in which the server has asked for a certificate. */
static void
reach_request (ClientTest *f, const char *options)
{
  HandoffHandshakeState state;

  gnutls_certificate_server_set_request (f->server, GNUTLS_CERT_REQUEST);
  client_test_begin (f, IDENTITY, options);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  pass (f->worker, 5 * TEST_SECOND);
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_REQUEST);
  client_test_forget_progress (f);
}

#define ASK "{'ask-for-credential': <true>, 'timeout': <uint32 20>}"

/* Breaks if a caller who does not say which credential to use is waited for without end, or if the
 * server does not hear that nobody will. */
static void
test_no_choice (ClientTest *f, gconstpointer data)
{
  reach_request (f, ASK);
  pass (f->worker, 300 * TEST_SECOND - 1);
  g_assert_cmpuint (f->n_ended, ==, 0);
  pass (f->worker, 1);
  client_test_wait_for_end (f);
  handoff_handshake_provide (f->handshake, NULL, NULL, FALSE, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (f->progress->error->message, "300 s (DecisionTimeout)"));
  g_assert_cmpint (gnutls_handshake (f->server), <, 0);
  g_assert_cmpint (gnutls_alert_get (f->server), ==, GNUTLS_A_USER_CANCELED);
}

/* The server says nothing more after the caller's answer: of the 20 seconds, 5 were gone before the
 * question. Breaks if the time in which the caller thinks counts, or gives the handshake new time.
 */
static void
expect_time_left (ClientTest *f)
{
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  pass (f->worker, 15 * TEST_SECOND - 1);
  g_assert_cmpuint (f->n_ended, ==, 0);
  pass (f->worker, 1);
  client_test_wait_for_end (f);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (f->progress->error->message, "within 20 s"));
}

/* What came after the request is withheld. */
static void
test_time_after_choice (ClientTest *f, gconstpointer data)
{
  reach_request (f, ASK);
  g_clear_pointer (&f->server, gnutls_deinit);
  g_byte_array_set_size (f->to_client, 0);
  pass (f->worker, 299 * TEST_SECOND);
  handoff_handshake_provide (f->handshake, NULL, NULL, FALSE, client_test_progressed, f);
  expect_time_left (f);
}

/* Likewise. In TLS 1.3 there are two questions, each with time of its own. */
static void
test_time_after_decision (ClientTest *f, gconstpointer data)
{
  HandoffHandshakeState state;

  gnutls_certificate_server_set_request (f->server, GNUTLS_CERT_REQUEST);
  client_test_begin (f, "localhost",
                     "{'review-certificate': <true>, 'ask-for-credential': <true>,"
                     " 'timeout': <uint32 20>}");
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  for (guint i = 0; i < 2; i++)
    {
      client_test_forget_progress (f);
      pass (f->worker, 299 * TEST_SECOND);
      if (state == HANDOFF_HANDSHAKE_REQUEST)
        handoff_handshake_provide (f->handshake, NULL, NULL, FALSE, client_test_progressed, f);
      else
        handoff_handshake_review (f->handshake, TRUE, client_test_progressed, f);
      state = client_test_finish_operation (f);
      /* What the server has sent already. */
      while (state == HANDOFF_HANDSHAKE_CONTINUE && f->to_client->len > 0)
        state = client_test_step (f);
    }
  g_assert_cmpuint (f->n_ended, ==, 0);
  g_assert_cmpint (state, !=, HANDOFF_HANDSHAKE_FAILED);
}

static void
expect_staple (ServerTest *f,
               gconstpointer priority,
               HandoffCredential *credential,
               gboolean is_sent)
{
  gnutls_datum_t response = { NULL, 0 };
  int code;

  server_test_begin (f, credential, NULL, NULL);
  g_assert_cmpint (server_test_run (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  code = gnutls_ocsp_status_request_get (f->client, &response);
  g_assert_cmpint (code >= 0 && response.size > 0, ==, is_sent);
  server_test_end_connection (f);
  server_test_set_up_client (f, priority, NULL);
}

/* Breaks if our certificate goes out with an OCSP response that is out of date, for which clients
 * refuse it; or without one that is good. */
static void
test_staple_ends (ServerTest *f, gconstpointer data)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new ("ecdsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("ecdsa", NULL);
  g_autoptr (GBytes) staple = test_file_new ("ecdsa.ocsp");
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredential) credential = test_credential_make (
      NULL, "x", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL, certificates, staple, &error);

  g_assert_no_error (error);
  expect_staple (f, data, credential, TRUE);
  test_clock_pass (2 * TEST_YEAR);
  expect_staple (f, data, credential, FALSE);
  test_clock_set_wall (-2 * TEST_YEAR);
  expect_staple (f, data, credential, TRUE);
}

int
main (int argc, char **argv)
{
  const char *const priorities[][2] = {
    { "tls1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3" },
    { "tls1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2" },
  };
  const struct
  {
    const char *name;
    void (*function) (ClientTest *f, gconstpointer data);
  } cases[] = {
    { "certificate-ends", test_certificate_ends },
    { "silent-peer", test_silent_peer },
    { "slow-peer", test_slow_peer },
    { "keys-not-fetched", test_keys_not_fetched },
    { "no-decision", test_no_decision },
    { "no-choice", test_no_choice },
    { "time-after-choice", test_time_after_choice },
    { "time-after-decision", test_time_after_decision },
  };

  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autofree char *staple =
          g_strdup_printf ("/service/handshake-times/staple-ends/%s", priorities[i][0]);

      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/service/handshake-times/%s/%s", cases[j].name, priorities[i][0]);

          g_test_add (path, ClientTest, priorities[i][1], client_test_set_up, cases[j].function,
                      client_test_tear_down);
        }
      g_test_add (staple, ServerTest, priorities[i][1], server_test_set_up, test_staple_ends,
                  server_test_tear_down);
    }
  return g_test_run ();
}
