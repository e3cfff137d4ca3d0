/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The handshake object by itself, stepwise, against a GnuTLS server in this process: it reaches
 * every state, and ends in every state. With a leak checker, nothing may be left. */

#include "config.h"

#include <string.h>

#include "key/gnutls-support.h"
#include "keyblob/hpke.h"
#include "keyblob/tls-handoff-error.h"
#include "keyblob-fixture.h"
#include "support/client-handshake-fixture.h"

/* From beginning to end. After the export nothing of the handshake is on the worker. */
static void
test_complete (ClientTest *f, gconstpointer data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffRecipient recipient = { .by_channel = FALSE };
  HandoffHandshakeState state;

  client_test_begin (f, "other.handoff.test", NULL);
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_nonnull (f->progress->outcome);
  g_assert_null (f->progress->outcome->verification_errors);
  g_assert_cmpuint (f->n_ended, ==, 0);

  client_test_forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  handoff_handshake_export (f->handshake, &recipient, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_cmpint (f->progress->key_blob_fd, >=, 0);
  /* What is kept for resumption comes in one of two forms. */
  g_assert_true ((f->progress->window != NULL) != (f->progress->session_data != NULL));
  g_assert_cmpuint (f->progress->session_lifetime, >, 0);
  client_test_wait_for_end (f);
  g_assert_null (handoff_handshake_dup_error (f->handshake));
}

/* The keys that a channel is to seal do not come out, or come out sealed to nobody, or the
 * handshake can go on; or what nobody seals stays in memory. */
static void
test_for_channel (ClientTest *f, gconstpointer data)
{
  const HandoffRecipient recipient = { .by_channel = TRUE };
  guint8 inverted[16];

  client_test_begin (f, "other.handoff.test", NULL);
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  client_test_forget_progress (f);
  handoff_handshake_export (f->handshake, &recipient, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_cmpint (f->progress->key_blob_fd, ==, -1);
  g_assert_nonnull (f->progress->key_state);
  g_assert_true (handoff_key_state_validate (f->progress->key_state, NULL));
  g_assert_cmpint (f->progress->key_state->role, ==, HANDOFF_ROLE_CLIENT);
  client_test_wait_for_end (f);
  g_assert_null (handoff_handshake_dup_error (f->handshake));

  if (fixture_is_sanitized ())
    return;
  /* The other end is in this process, and has the same keys. */
  g_clear_pointer (&f->server, gnutls_deinit);
  for (gsize i = 0; i < sizeof inverted; i++)
    inverted[i] = (guint8) ~f->progress->key_state->write.key[i];
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 1);
  client_test_forget_progress (f);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 0);
}

/* An empty key is taken where nobody can seal to it, or a key of another size, or one that protects
 * nothing. */
static void
test_recipient (void)
{
  const guint8 bytes[HANDOFF_RECIPIENT_KEY_SIZE + 1] = { 7, 8, 9 };
  const guint8 zeros[HANDOFF_RECIPIENT_KEY_SIZE] = { 0 };
  const gsize sizes[] = { 0, 1, 31, 32, 33 };

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      const gsize size = sizes[i / 2];
      const gboolean on_channel = i % 2 == 1;
      g_autoptr (GVariant) value =
          g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1));
      g_autoptr (GError) error = NULL;
      HandoffRecipient recipient;

      memset (&recipient, 0xff, sizeof recipient);
      if (size == HANDOFF_RECIPIENT_KEY_SIZE)
        {
          g_assert_true (handoff_recipient_parse (value, on_channel, &recipient, &error));
          g_assert_false (recipient.by_channel);
          g_assert_cmpmem (recipient.key, sizeof recipient.key, bytes, size);
          g_variant_unref (value);
          value =
              g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, size, 1));
          g_assert_false (handoff_recipient_parse (value, on_channel, &recipient, &error));
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
          g_assert_true (g_str_has_prefix (error->message, "recipient_key: "));
        }
      else if (size == 0 && on_channel)
        {
          g_assert_true (handoff_recipient_parse (value, on_channel, &recipient, &error));
          g_assert_true (recipient.by_channel);
        }
      else
        {
          g_assert_false (handoff_recipient_parse (value, on_channel, &recipient, &error));
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
          g_assert_true (g_str_has_prefix (error->message, "recipient_key: "));
        }
    }
}

/* A handshake as a client of TLS 1.2, to its end. The server's certificate is for 192.0.2.1, too;
 * and no name is sent. (transfer full): what it can resume by */
static guint8 *
get_session_data (ClientTest *f, const gnutls_datum_t *ticket_key)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffRecipient recipient = { .by_channel = FALSE };
  guint8 *session_data;

  gnutls_session_ticket_enable_server (f->server, ticket_key);
  client_test_begin (f, "192.0.2.1", NULL);
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  client_test_forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  handoff_handshake_export (f->handshake, &recipient, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  session_data = g_steal_pointer (&f->progress->session_data);
  g_assert_nonnull (session_data);
  client_test_end_connection (f);
  return session_data;
}

/* session_data: (transfer full) */
static HandoffHandshakeState
resume (ClientTest *f,
        const char *priority,
        const gnutls_datum_t *ticket_key,
        const char *identity,
        guint8 *session_data)
{
  client_test_set_up_server (f, "wrong-name", priority);
  gnutls_session_ticket_enable_server (f->server, ticket_key);
  client_test_begin_resuming (f, identity, session_data);
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_true (gnutls_session_is_resumed (f->server));
  return f->progress->state;
}

/* Resumption must not bring back trust that has ended. Here the session comes from a handshake with
 * another identity, which the cache's key would never let through. */
static void
test_verified_again (ClientTest *f, gconstpointer data)
{
  gnutls_datum_t ticket_key;
  guint8 *session_data;

  gnutls_session_ticket_key_generate (&ticket_key);
  session_data = get_session_data (f, &ticket_key);
  g_assert_cmpint (resume (f, data, &ticket_key, "127.0.0.1", session_data), ==,
                   HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  gnutls_free (ticket_key.data);
}

static guint
count_chains (ClientTest *f)
{
  return handoff_verified_chains_get_size (handoff_tls_policy_get_verified_chains (f->policy));
}

/* Breaks if a handshake does not remember that its chain verified, if the one that resumes it does
 * not find that, or if a chain is remembered of which the caller said only that it will do. */
static void
test_remembered (ClientTest *f, gconstpointer data)
{
  gnutls_datum_t ticket_key;
  guint8 *session_data;

  gnutls_session_ticket_key_generate (&ticket_key);
  session_data = get_session_data (f, &ticket_key);
  g_assert_cmpuint (count_chains (f), ==, 1);
  g_assert_cmpint (resume (f, data, &ticket_key, "192.0.2.1", session_data), ==,
                   HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpuint (count_chains (f), ==, 1);
  client_test_end_connection (f);

  client_test_set_up_server (f, "wrong-name", data);
  client_test_begin (f, "127.0.0.1", "{'review-certificate': <true>}");
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_REVIEW);
  client_test_forget_progress (f);
  handoff_handshake_review (f->handshake, TRUE, client_test_progressed, f);
  client_test_finish_operation (f);
  g_assert_cmpuint (count_chains (f), ==, 1);
  gnutls_free (ticket_key.data);
}

/* Breaks if what a policy prepared for a handshake with some options is used for one with others.
 */
static void
test_options_apart (ClientTest *f, gconstpointer data)
{
  static const struct
  {
    const char *options;
    const char *cipher_suite;
  } cases[] = {
    { "@a{sv} {}", "TLS_AES_256_GCM_SHA384" },
    { "{'cipher-suites': <[uint16 0x1301]>}", "TLS_AES_128_GCM_SHA256" },
    { "{'cipher-suites': <[uint16 0x1303]>}", "TLS_CHACHA20_POLY1305_SHA256" },
    { "{'maximum-protocol': <'TLS1.2'>}", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
    { "{'maximum-protocol': <'TLS1.2'>, 'cipher-suites': <[uint16 0xc02b]>}",
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
    { "{'minimum-protocol': <'TLS1.3'>}", "TLS_AES_256_GCM_SHA384" },
  };
  guint i;

  for (i = 0; i < 2 * G_N_ELEMENTS (cases); i++)
    {
      const char *expected = cases[i % G_N_ELEMENTS (cases)].cipher_suite;

      client_test_begin (f, "other.handoff.test", cases[i % G_N_ELEMENTS (cases)].options);
      while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
        ;
      g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
      g_assert_cmpstr (f->progress->outcome->cipher_suite, ==, expected);
      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", data);
    }
  /* The server would take the other one. */
  gnutls_deinit (f->server);
  gnutls_certificate_free_credentials (f->credentials);
  client_test_set_up_server (f, "wrong-name", "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  client_test_begin (f, "other.handoff.test", "{'minimum-protocol': <'TLS1.3'>}");
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_true (gnutls_error_is_fatal (gnutls_handshake (f->server)));
}

/* Cuts the plaintext records that wait for the client into records of a few bytes each. */
static void
cut_records (ClientTest *f)
{
  g_autoptr (GByteArray) cut = g_byte_array_new ();
  const guint8 *record = f->to_client->data;
  const guint8 *end = record + f->to_client->len;

  while (record < end)
    {
      gsize size = (gsize) (record[3] << 8 | record[4]);

      for (gsize done = 0, n; done < size; done += n)
        {
          guint8 header[5] = { record[0], record[1], record[2], 0, 0 };

          n = MIN (size - done, 20);
          header[4] = (guint8) n;
          g_byte_array_append (cut, header, sizeof header);
          g_byte_array_append (cut, record + 5 + done, (guint) n);
        }
      record += 5 + size;
    }
  g_byte_array_set_size (f->to_client, 0);
  g_byte_array_append (f->to_client, cut->data, cut->len);
}

/* Handshake messages that the server cut over many records, all of which come in one step. Breaks
 * if some are left unread while the state says that more bytes are needed. */
static void
test_fragmented (ClientTest *f, gconstpointer data)
{
  gsize size;

  client_test_begin (f, "other.handoff.test", NULL);
  client_test_step (f);
  cut_records (f);
  size = f->to_client->len;
  g_assert_cmpuint (size, >, 500);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpuint (f->progress->consumed, ==, size);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
}

/* Ends the handshake from outside after each number of steps: the end is told once, and the next
 * operation gets it. */
static void
test_cancel (ClientTest *f, gconstpointer data)
{
  for (guint n_steps = 0; n_steps < 4; n_steps++)
    {
      g_autoptr (GError) error = NULL;

      client_test_begin (f, "other.handoff.test", NULL);
      for (guint i = 0; i < n_steps; i++)
        if (client_test_step (f) != HANDOFF_HANDSHAKE_CONTINUE)
          break;
      handoff_handshake_cancel (f->handshake);
      handoff_handshake_cancel (f->handshake);
      client_test_wait_for_end (f);
      error = handoff_handshake_dup_error (f->handshake);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);

      client_test_forget_progress (f);
      handoff_handshake_step (f->handshake, NULL, client_test_progressed, f);
      g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
      g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
      client_test_forget_progress (f);

      client_test_end_connection (f);
      client_test_set_up_server (f, "wrong-name", data);
    }
}

/* An operation that is under way at the cancellation gets its progress, and only one. */
static void
test_cancel_operation (ClientTest *f, gconstpointer data)
{
  client_test_begin (f, "other.handoff.test", NULL);
  handoff_handshake_step (f->handshake, NULL, client_test_progressed, f);
  handoff_handshake_cancel (f->handshake);
  client_test_finish_operation (f);
  client_test_wait_for_end (f);
}

/* The decision about a certificate. If it is accepted, the problems stay known and nothing is kept
 * for resumption. Before the decision nothing of the client's leaves. */
static void
test_review (ClientTest *f, gconstpointer data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffRecipient recipient = { .by_channel = FALSE };
  const guint8 change_cipher_spec[] = { 20, 3, 3, 0, 1, 1 };
  HandoffHandshakeState state;
  gconstpointer output;
  gsize size;

  client_test_begin (f, "localhost", "{'review-certificate': <true>}");
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_REVIEW);
  /* TLS 1.3 answers the ServerHello with a change_cipher_spec that says nothing (RFC 8446 D.4). */
  output = g_bytes_get_data (f->progress->output, &size);
  g_assert_cmpmem (output, size, change_cipher_spec, size == 0 ? 0 : sizeof change_cipher_spec);
  g_assert_cmpstr (f->progress->outcome->verification_errors[0], ==, "wrong-name");

  client_test_forget_progress (f);
  handoff_handshake_review (f->handshake, TRUE, client_test_progressed, f);
  state = client_test_finish_operation (f);
  while (state == HANDOFF_HANDSHAKE_CONTINUE)
    {
      gnutls_handshake (f->server);
      state = client_test_step (f);
    }
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpstr (f->progress->outcome->verification_errors[0], ==, "wrong-name");

  client_test_forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  handoff_handshake_export (f->handshake, &recipient, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_null (f->progress->window);
  g_assert_null (f->progress->session_data);
}

/* If the certificate is refused, the peer gets the alert that fits. */
static void
test_refused (ClientTest *f, gconstpointer data)
{
  HandoffHandshakeState state;

  client_test_begin (f, "localhost", "{'review-certificate': <true>}");
  while ((state = client_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  client_test_forget_progress (f);
  handoff_handshake_review (f->handshake, FALSE, client_test_progressed, f);
  g_assert_cmpint (client_test_finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  g_assert_cmpint (gnutls_handshake (f->server), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->server), ==, GNUTLS_A_BAD_CERTIFICATE);
  client_test_wait_for_end (f);
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
    { "complete", test_complete }, { "for-channel", test_for_channel },
    { "cancel", test_cancel },     { "review", test_review },
    { "refused", test_refused },   { "cancel-operation", test_cancel_operation },
  };

  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/handshake/recipient", test_recipient);
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/service/handshake/%s/%s", cases[j].name, priorities[i][0]);

          g_test_add (path, ClientTest, priorities[i][1], client_test_set_up, cases[j].function,
                      client_test_tear_down);
        }
    }
  /* TLS 1.3 encrypts them. */
  g_test_add ("/service/handshake/fragmented/tls1.2", ClientTest, priorities[1][1],
              client_test_set_up, test_fragmented, client_test_tear_down);
  /* The session data are there at once. */
  g_test_add ("/service/handshake/verified-again/tls1.2", ClientTest, priorities[1][1],
              client_test_set_up, test_verified_again, client_test_tear_down);
  g_test_add ("/service/handshake/options-apart", ClientTest, "NORMAL", client_test_set_up,
              test_options_apart, client_test_tear_down);
  g_test_add ("/service/handshake/remembered/tls1.2", ClientTest, priorities[1][1],
              client_test_set_up, test_remembered, client_test_tear_down);
  return g_test_run ();
}
