/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/client-handshake-fixture.h"

#include "keyblob/secret-memory.h"
#include "support/exported-keys.h"
#include "support/policy-fixture.h"

void
client_test_set_up_server_with (ClientTest *f,
                                gnutls_certificate_credentials_t credentials,
                                const char *priority)
{
  f->credentials = credentials;
  g_assert_cmpint (gnutls_init (&f->server, GNUTLS_SERVER | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (f->server, priority, NULL), ==, 0);
  gnutls_credentials_set (f->server, GNUTLS_CRD_CERTIFICATE, f->credentials);
  memory_transport_attach (&f->transport, f->server, f->to_server, f->to_client);
}

void
client_test_set_up_server (ClientTest *f, const char *certificate, const char *priority)
{
  g_autofree char *cert_name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (certificate, ".key", NULL);
  g_autofree char *cert = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), cert_name, NULL);
  g_autofree char *key = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), key_name, NULL);
  gnutls_certificate_credentials_t credentials;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (credentials, cert, key, GNUTLS_X509_FMT_PEM), >=, 0);
  client_test_set_up_server_with (f, credentials, priority);
}

static void
ended (gpointer user_data)
{
  ((ClientTest *) user_data)->n_ended++;
}

void
client_test_set_up (ClientTest *f, gconstpointer data)
{
  g_autofree char *ca = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "ca.pem", NULL);
  g_autofree char *content = g_strdup_printf ("[TLS]\nTrustFile=%s\n", ca);
  g_autoptr (GError) error = NULL;

  f->to_server = g_byte_array_new ();
  f->to_client = g_byte_array_new ();
  client_test_set_up_server (f, "wrong-name", data);
  f->keeps_sessions = TRUE;
  f->keeps_sessions_of_min = 0x0303;

  f->policy = test_policy_new (content);
  f->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
}

void
client_test_begin_with (ClientTest *f,
                        const char *identity,
                        const char *options,
                        guint8 *session_data)
{
  g_autoptr (GVariant) variant =
      g_variant_ref_sink (g_variant_new_parsed (options != NULL ? options : "@a{sv} {}"));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request =
      handoff_handshake_request_new (HANDOFF_ROLE_CLIENT, identity, variant, f->policy, &error);

  g_assert_no_error (error);
  request->stepwise = TRUE;
  request->uid = f->uid;
  if (f->credential != NULL)
    request->credential = handoff_credential_ref (f->credential);
  request->grant = g_steal_pointer (&f->grant);
  request->keeps_sessions = f->keeps_sessions;
  request->keeps_sessions_of_min = f->keeps_sessions_of_min;
  request->session_data = session_data;
  if (session_data != NULL)
    request->session_data_size = handoff_secret_get_size (session_data);
  request->may_ask = !f->may_not_ask;
  f->handshake = handoff_handshake_new (f->worker, NULL, request, ended, f->ask, f);
  handoff_handshake_start (f->handshake);
}

void
client_test_begin (ClientTest *f, const char *identity, const char *options)
{
  client_test_begin_with (f, identity, options, NULL);
}

void
client_test_begin_resuming (ClientTest *f, const char *identity, guint8 *session_data)
{
  client_test_begin_with (f, identity, NULL, session_data);
}

void
client_test_progressed (HandoffHandshakeProgress *progress, gpointer user_data)
{
  ClientTest *f = user_data;

  g_assert_null (f->progress);
  f->progress = progress;
}

HandoffHandshakeState
client_test_finish_operation (ClientTest *f)
{
  gsize size;
  gconstpointer output;

  while (f->progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  output = g_bytes_get_data (f->progress->output, &size);
  g_byte_array_append (f->to_server, output, (guint) size);
  return f->progress->state;
}

void
client_test_forget_progress (ClientTest *f)
{
  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
}

HandoffHandshakeState
client_test_step (ClientTest *f)
{
  g_autoptr (GBytes) input = g_bytes_new (f->to_client->data, f->to_client->len);
  HandoffHandshakeState state;

  client_test_forget_progress (f);
  handoff_handshake_step (f->handshake, input, client_test_progressed, f);
  state = client_test_finish_operation (f);
  g_byte_array_remove_range (f->to_client, 0, (guint) f->progress->consumed);
  if (f->server != NULL)
    gnutls_handshake (f->server);
  return state;
}

void
client_test_replace_message (ClientTest *f, guint8 type, const guint8 *body, gsize size)
{
  g_autoptr (GByteArray) changed = g_byte_array_new ();
  const guint8 *record = f->to_client->data;
  const guint8 *end = record + f->to_client->len;
  const guint8 header[] = { 22,
                            3,
                            3,
                            (guint8) ((size + 4) >> 8),
                            (guint8) (size + 4),
                            type,
                            0,
                            (guint8) (size >> 8),
                            (guint8) size };
  guint n_replaced = 0;

  while (record < end)
    {
      gsize record_size = 5 + (gsize) (record[3] << 8 | record[4]);

      if (record[0] == 22 && record[5] == type)
        {
          g_byte_array_append (changed, header, sizeof header);
          g_byte_array_append (changed, body, (guint) size);
          n_replaced++;
        }
      else
        g_byte_array_append (changed, record, (guint) record_size);
      record += record_size;
    }
  g_assert_cmpuint (n_replaced, ==, 1);
  g_byte_array_set_size (f->to_client, 0);
  g_byte_array_append (f->to_client, changed->data, changed->len);
}

void
client_test_wait_for_end (ClientTest *f)
{
  while (f->n_ended == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->n_ended, ==, 1);
}

HandoffKeyState *
client_test_export_keys (ClientTest *f)
{
  HandoffKeyState *state = test_export_keys (f->handshake, &f->progress);

  client_test_wait_for_end (f);
  return state;
}

void
client_test_end_connection (ClientTest *f)
{
  client_test_forget_progress (f);
  handoff_handshake_cancel (f->handshake);
  client_test_wait_for_end (f);
  f->n_ended = 0;
  g_clear_pointer (&f->handshake, handoff_handshake_free);
  g_byte_array_set_size (f->to_server, 0);
  g_byte_array_set_size (f->to_client, 0);
  g_clear_pointer (&f->server, gnutls_deinit);
  g_clear_pointer (&f->credentials, gnutls_certificate_free_credentials);
}

void
client_test_tear_down (ClientTest *f, gconstpointer data)
{
  client_test_forget_progress (f);
  if (f->handshake != NULL)
    {
      handoff_handshake_cancel (f->handshake);
      client_test_wait_for_end (f);
      handoff_handshake_free (f->handshake);
    }
  /* The thread has to finish the last thing that it was told, and to drop its references. */
  handoff_worker_free (f->worker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->n_ended, ==, f->handshake != NULL ? 1 : 0);
  handoff_tls_policy_unref (f->policy);
  g_clear_pointer (&f->server, gnutls_deinit);
  g_clear_pointer (&f->credentials, gnutls_certificate_free_credentials);
  g_byte_array_unref (f->to_server);
  g_byte_array_unref (f->to_client);
}
