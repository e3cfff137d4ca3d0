/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/server-handshake-fixture.h"

#include "support/exported-keys.h"
#include "support/policy-fixture.h"

static char *
cert_path (const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), file, NULL);
}

void
server_test_set_up_client (ServerTest *f, const char *priority, const char *certificate)
{
  f->client_done = FALSE;
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&f->credentials), ==, 0);
  if (certificate != NULL)
    {
      g_autofree char *cert = cert_path (certificate, ".pem");
      g_autofree char *key = cert_path (certificate, ".key");

      g_assert_cmpint (
          gnutls_certificate_set_x509_key_file (f->credentials, cert, key, GNUTLS_X509_FMT_PEM), >=,
          0);
    }
  /* The client sends its certificate, whichever authorities the server names. */
  g_assert_cmpint (
      gnutls_init (&f->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_FORCE_CLIENT_CERT), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (f->client, priority, NULL), ==, 0);
  gnutls_credentials_set (f->client, GNUTLS_CRD_CERTIFICATE, f->credentials);
  gnutls_server_name_set (f->client, GNUTLS_NAME_DNS, "WWW.Handoff.Test", 16);
  memory_transport_attach (&f->transport, f->client, f->to_client, f->to_server);
}

void
server_test_set_up (ServerTest *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->to_server = g_byte_array_new ();
  f->to_client = g_byte_array_new ();
  server_test_set_up_client (f, data, NULL);
  f->keeps_sessions_of_min = 0x0303;
  f->policy = test_policy_new ("");
  f->worker = handoff_worker_new (&error);
  g_assert_no_error (error);
}

static void
ended (gpointer user_data)
{
  ((ServerTest *) user_data)->n_ended++;
}

static void
asked (HandoffCredentialQuestion *question, gpointer user_data)
{
  ServerTest *f = user_data;

  g_assert_null (f->question);
  f->question = question;
}

static void
progressed (HandoffHandshakeProgress *progress, gpointer user_data)
{
  ServerTest *f = user_data;

  g_assert_null (f->progress);
  f->progress = progress;
}

HandoffCredential *
server_test_credential_new (const char *name, HandoffPrivateKey *key)
{
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential;

  if (key == NULL)
    return test_credential_new (NULL, name, 0, name);
  certificates = test_certificates_new (name, NULL);
  credential = test_credential_make (NULL, name, 0, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL,
                                     certificates, NULL, &error);
  g_assert_no_error (error);
  return credential;
}

void
server_test_begin (ServerTest *f,
                   HandoffCredential *credential,
                   const char *options,
                   guint8 *ticket_secret)
{
  g_autoptr (GVariant) variant =
      g_variant_ref_sink (g_variant_new_parsed (options != NULL ? options : "@a{sv} {}"));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request =
      handoff_handshake_request_new (HANDOFF_ROLE_SERVER, "", variant, f->policy, &error);

  g_assert_no_error (error);
  request->stepwise = TRUE;
  if (credential != NULL)
    request->credential = handoff_credential_ref (credential);
  request->grant = g_steal_pointer (&f->grant);
  request->may_ask = credential == NULL;
  request->keeps_sessions = ticket_secret != NULL;
  request->keeps_sessions_of_min = f->keeps_sessions_of_min;
  request->ticket_secret = ticket_secret;
  request->ticket_lifetime = 3600;
  f->handshake = handoff_handshake_new (f->worker, NULL, request, ended, asked, f);
  handoff_handshake_start (f->handshake);
}

void
server_test_start_step (ServerTest *f)
{
  g_autoptr (GBytes) input = g_bytes_new (f->to_server->data, f->to_server->len);

  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  handoff_handshake_step (f->handshake, input, progressed, f);
}

HandoffHandshakeState
server_test_finish_operation (ServerTest *f)
{
  gsize size;
  gconstpointer output;

  while (f->progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  output = g_bytes_get_data (f->progress->output, &size);
  g_byte_array_append (f->to_client, output, (guint) size);
  g_byte_array_remove_range (f->to_server, 0, (guint) f->progress->consumed);
  return f->progress->state;
}

int
server_test_run_client (ServerTest *f)
{
  int code = f->client_done ? GNUTLS_E_SUCCESS : gnutls_handshake (f->client);

  f->client_done = code == GNUTLS_E_SUCCESS;
  return code;
}

HandoffHandshakeState
server_test_step (ServerTest *f)
{
  server_test_run_client (f);
  server_test_start_step (f);
  return server_test_finish_operation (f);
}

HandoffHandshakeState
server_test_run (ServerTest *f)
{
  HandoffHandshakeState state;

  while ((state = server_test_step (f)) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  return state;
}

void
server_test_wait_for_end (ServerTest *f)
{
  while (f->n_ended == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->n_ended, ==, 1);
}

HandoffKeyState *
server_test_export_keys (ServerTest *f)
{
  HandoffKeyState *state = test_export_keys (f->handshake, &f->progress);

  server_test_wait_for_end (f);
  return state;
}

void
server_test_end_connection (ServerTest *f)
{
  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  handoff_handshake_cancel (f->handshake);
  server_test_wait_for_end (f);
  f->n_ended = 0;
  g_clear_pointer (&f->handshake, handoff_handshake_free);
  g_byte_array_set_size (f->to_server, 0);
  g_byte_array_set_size (f->to_client, 0);
  gnutls_deinit (f->client);
  gnutls_certificate_free_credentials (f->credentials);
}

void
server_test_tear_down (ServerTest *f, gconstpointer data)
{
  g_clear_pointer (&f->progress, handoff_handshake_progress_free);
  if (f->handshake != NULL)
    {
      handoff_handshake_cancel (f->handshake);
      server_test_wait_for_end (f);
      handoff_handshake_free (f->handshake);
    }
  handoff_worker_free (f->worker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  handoff_tls_policy_unref (f->policy);
  gnutls_deinit (f->client);
  gnutls_certificate_free_credentials (f->credentials);
  g_byte_array_unref (f->to_server);
  g_byte_array_unref (f->to_client);
}
