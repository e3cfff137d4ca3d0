/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The handshake object by itself, stepwise, against a GnuTLS server in this process: every state,
 * ended in every state. With a leak checker, nothing may be left. */

#include "config.h"

#include "handshake.h"

#include <unistd.h>

#include "gnutls-support.h"
#include "keyblob/hpke.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "memory-transport.h"

typedef struct
{
  HandoffWorker *worker;
  HandoffTlsPolicy *policy;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t server;
  MemoryTransport transport; /* the server's */
  GByteArray *to_server;
  GByteArray *to_client;

  HandoffHandshake *handshake;
  HandoffHandshakeProgress *progress;
  guint n_ended;
} Fixture;

static void
set_up_server (Fixture *f, const char *certificate, const char *priority)
{
  g_autofree char *cert_name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (certificate, ".key", NULL);
  g_autofree char *cert = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), cert_name, NULL);
  g_autofree char *key = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), key_name, NULL);

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&f->credentials), ==, 0);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (f->credentials, cert, key, GNUTLS_X509_FMT_PEM), >=, 0);
  g_assert_cmpint (gnutls_init (&f->server, GNUTLS_SERVER | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (f->server, priority, NULL), ==, 0);
  gnutls_credentials_set (f->server, GNUTLS_CRD_CERTIFICATE, f->credentials);
  memory_transport_attach (&f->transport, f->server, f->to_server, f->to_client);
}

static void
ended (gpointer user_data)
{
  ((Fixture *) user_data)->n_ended++;
}

/* data: the server's priority string */
static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *ca = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "ca.pem", NULL);
  g_autofree char *file = NULL;
  g_autofree char *content = g_strdup_printf ("[TLS]\nTrustFile=%s\n", ca);
  g_autoptr (HandoffConfiguration) configuration = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  f->to_server = g_byte_array_new ();
  f->to_client = g_byte_array_new ();
  set_up_server (f, "wrong-name", data);

  fd = g_file_open_tmp ("handoff-XXXXXX.conf", &file, &error);
  g_assert_no_error (error);
  close (fd);
  g_file_set_contents (file, content, -1, &error);
  g_assert_no_error (error);
  configuration = handoff_configuration_load (file, &error);
  g_assert_no_error (error);
  unlink (file);
  f->policy = handoff_tls_policy_new (configuration, &error);
  g_assert_no_error (error);
  f->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
}

/* identity: "other.handoff.test" is whom the server proves to be. session_data: (transfer full)
 * (nullable) */
static void
begin_with (Fixture *f, const char *identity, const char *options, guint8 *session_data)
{
  g_autoptr (GVariant) variant =
      g_variant_ref_sink (g_variant_new_parsed (options != NULL ? options : "@a{sv} {}"));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request =
      handoff_handshake_request_new (HANDOFF_ROLE_CLIENT, identity, variant, f->policy, &error);

  g_assert_no_error (error);
  request->stepwise = TRUE;
  request->keeps_sessions = TRUE;
  request->keeps_sessions_of_min = 0x0303;
  request->session_data = session_data;
  if (session_data != NULL)
    request->session_data_size = handoff_secret_get_size (session_data);
  f->handshake = handoff_handshake_new (f->worker, request, ended, NULL, f);
}

static void
begin (Fixture *f, const char *identity, const char *options)
{
  begin_with (f, identity, options, NULL);
}

static void
begin_resuming (Fixture *f, const char *identity, guint8 *session_data)
{
  begin_with (f, identity, NULL, session_data);
}

static void
progressed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->progress);
  f->progress = handoff_handshake_finish (result);
}

/* Runs the operation that was started to its end; its output goes to the server. */
static HandoffHandshakeState
finish_operation (Fixture *f)
{
  gsize size;
  gconstpointer output;

  while (f->progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  output = g_bytes_get_data (f->progress->output, &size);
  g_byte_array_append (f->to_server, output, (guint) size);
  return f->progress->state;
}

static void
forget_progress (Fixture *f)
{
  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
}

/* One step with all that the server sent. */
static HandoffHandshakeState
step (Fixture *f)
{
  g_autoptr (GBytes) input = g_bytes_new (f->to_client->data, f->to_client->len);
  HandoffHandshakeState state;

  forget_progress (f);
  handoff_handshake_step_async (f->handshake, input, progressed, f);
  state = finish_operation (f);
  g_byte_array_remove_range (f->to_client, 0, (guint) f->progress->consumed);
  gnutls_handshake (f->server);
  return state;
}

static void
wait_for_end (Fixture *f)
{
  while (f->n_ended == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->n_ended, ==, 1);
}

/* For another connection in the same test. */
static void
end_connection (Fixture *f)
{
  forget_progress (f);
  handoff_handshake_cancel (f->handshake);
  wait_for_end (f);
  f->n_ended = 0;
  g_clear_pointer (&f->handshake, handoff_handshake_unref);
  g_byte_array_set_size (f->to_server, 0);
  g_byte_array_set_size (f->to_client, 0);
  gnutls_deinit (f->server);
  gnutls_certificate_free_credentials (f->credentials);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  forget_progress (f);
  if (f->handshake != NULL)
    {
      handoff_handshake_cancel (f->handshake);
      wait_for_end (f);
      handoff_handshake_unref (f->handshake);
    }
  /* The thread has to be past the last thing that it was told, and lets go of its references. */
  handoff_worker_free (f->worker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->n_ended, ==, f->handshake != NULL ? 1 : 0);
  handoff_tls_policy_unref (f->policy);
  gnutls_deinit (f->server);
  gnutls_certificate_free_credentials (f->credentials);
  g_byte_array_unref (f->to_server);
  g_byte_array_unref (f->to_client);
}

/* From beginning to end. After the export nothing of it is on the worker. */
static void
test_complete (Fixture *f, gconstpointer data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffHandshakeState state;

  begin (f, "other.handoff.test", NULL);
  while ((state = step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_nonnull (f->progress->outcome);
  g_assert_null (f->progress->outcome->verification_errors);
  g_assert_cmpuint (f->n_ended, ==, 0);

  forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  handoff_handshake_export_async (f->handshake, public_key, progressed, f);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_cmpint (f->progress->key_blob_fd, >=, 0);
  /* What is kept to resume comes in one of two forms. */
  g_assert_true ((f->progress->window != NULL) != (f->progress->session_data != NULL));
  g_assert_cmpuint (f->progress->session_lifetime, >, 0);
  wait_for_end (f);
  g_assert_null (handoff_handshake_dup_error (f->handshake));
}

/* A session that is resumed must not bring back a trust that is none any more: here it comes from a
 * handshake with another identity, which the cache's key would never let through. */
static void
test_verified_again (Fixture *f, gconstpointer data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  gnutls_datum_t ticket_key;
  guint8 *session_data;

  gnutls_session_ticket_key_generate (&ticket_key);
  gnutls_session_ticket_enable_server (f->server, &ticket_key);
  begin (f, "192.0.2.1", NULL); /* the certificate is for it, too; and no name is sent */
  while (step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  handoff_handshake_export_async (f->handshake, public_key, progressed, f);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  session_data = g_steal_pointer (&f->progress->session_data);
  g_assert_nonnull (session_data);
  end_connection (f);

  set_up_server (f, "wrong-name", data);
  gnutls_session_ticket_enable_server (f->server, &ticket_key);
  begin_resuming (f, "127.0.0.1", session_data);
  while (step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_true (gnutls_session_is_resumed (f->server));
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  gnutls_free (ticket_key.data);
}

/* Cuts the plaintext records that wait for the client into records of a few bytes. */
static void
cut_records (Fixture *f)
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

/* Handshake messages that the server cut over many records, all of which come in one step: breaks
 * if some are left unread in the state that says that more is needed. */
static void
test_fragmented (Fixture *f, gconstpointer data)
{
  gsize size;

  begin (f, "other.handoff.test", NULL);
  step (f);
  cut_records (f);
  size = f->to_client->len;
  g_assert_cmpuint (size, >, 500);
  g_assert_cmpint (step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpuint (f->progress->consumed, ==, size);
  g_assert_cmpint (step (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
}

/* Ended from outside after each number of steps: the end is told once, and the next operation
 * knows. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  for (guint n_steps = 0; n_steps < 4; n_steps++)
    {
      g_autoptr (GError) error = NULL;

      begin (f, "other.handoff.test", NULL);
      for (guint i = 0; i < n_steps; i++)
        if (step (f) != HANDOFF_HANDSHAKE_CONTINUE)
          break;
      handoff_handshake_cancel (f->handshake);
      handoff_handshake_cancel (f->handshake);
      wait_for_end (f);
      error = handoff_handshake_dup_error (f->handshake);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);

      forget_progress (f);
      handoff_handshake_step_async (f->handshake, NULL, progressed, f);
      g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
      g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
      forget_progress (f);

      end_connection (f);
      set_up_server (f, "wrong-name", data);
    }
}

/* An operation under way when it is cancelled gets its progress, and only one. */
static void
test_cancel_operation (Fixture *f, gconstpointer data)
{
  begin (f, "other.handoff.test", NULL);
  handoff_handshake_step_async (f->handshake, NULL, progressed, f);
  handoff_handshake_cancel (f->handshake);
  finish_operation (f);
  wait_for_end (f);
}

/* The decision about a certificate: accepted, what was wrong stays known and nothing is kept to be
 * resumed; nothing of the client's leaves before. */
static void
test_review (Fixture *f, gconstpointer data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  const guint8 change_cipher_spec[] = { 20, 3, 3, 0, 1, 1 };
  HandoffHandshakeState state;
  gconstpointer output;
  gsize size;

  begin (f, "localhost", "{'review-certificate': <true>}");
  while ((state = step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_REVIEW);
  /* TLS 1.3 answers the ServerHello with a change_cipher_spec that says nothing (RFC 8446 D.4). */
  output = g_bytes_get_data (f->progress->output, &size);
  g_assert_cmpmem (output, size, change_cipher_spec, size == 0 ? 0 : sizeof change_cipher_spec);
  g_assert_cmpstr (f->progress->outcome->verification_errors[0], ==, "wrong-name");

  forget_progress (f);
  handoff_handshake_review_async (f->handshake, TRUE, progressed, f);
  state = finish_operation (f);
  while (state == HANDOFF_HANDSHAKE_CONTINUE)
    {
      gnutls_handshake (f->server);
      state = step (f);
    }
  g_assert_cmpint (state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_cmpstr (f->progress->outcome->verification_errors[0], ==, "wrong-name");

  forget_progress (f);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  handoff_handshake_export_async (f->handshake, public_key, progressed, f);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_null (f->progress->window);
  g_assert_null (f->progress->session_data);
}

/* Refused, the peer gets the alert that fits. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  HandoffHandshakeState state;

  begin (f, "localhost", "{'review-certificate': <true>}");
  while ((state = step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  forget_progress (f);
  handoff_handshake_review_async (f->handshake, FALSE, progressed, f);
  g_assert_cmpint (finish_operation (f), ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED);
  g_assert_cmpint (gnutls_handshake (f->server), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
  g_assert_cmpint (gnutls_alert_get (f->server), ==, GNUTLS_A_BAD_CERTIFICATE);
  wait_for_end (f);
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
    void (*function) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "complete", test_complete },
    { "cancel", test_cancel },
    { "review", test_review },
    { "refused", test_refused },
    { "cancel-operation", test_cancel_operation },
  };

  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path =
              g_strdup_printf ("/service/handshake/%s/%s", cases[j].name, priorities[i][0]);

          g_test_add (path, Fixture, priorities[i][1], set_up, cases[j].function, tear_down);
        }
    }
  /* TLS 1.3 encrypts them. */
  g_test_add ("/service/handshake/fragmented/tls1.2", Fixture, priorities[1][1], set_up,
              test_fragmented, tear_down);
  /* Its session data are there at once. */
  g_test_add ("/service/handshake/verified-again/tls1.2", Fixture, priorities[1][1], set_up,
              test_verified_again, tear_down);
  return g_test_run ();
}
