/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* TlsHandoffServerConnection through the real service, as code uses it that has a
 * GTlsServerConnection; its clients are TlsHandoffClientConnections. What other clients make of it
 * is tested with the command (interop/). */

#include <string.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-credential.h"
#include "test-peer.h"
#include "test-system.h"

#define BIG_SIZE (4 * 1024 * 1024)
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });"

/* A server's side, in a thread that sends back what it hears, to the end. */
typedef struct
{
  GTlsConnection *connection; /* (owned) */
  GThread *thread;            /* (owned) */
  GError *error;              /* (owned) (nullable): of its handshake, or later */
} Echo;

static gpointer
echo (gpointer data)
{
  Echo *self = data;
  GIOStream *stream = G_IO_STREAM (self->connection);
  g_autofree char *buffer = g_malloc (65536);
  gssize size;

  if (!g_tls_connection_handshake (self->connection, NULL, &self->error))
    {
      g_io_stream_close (stream, NULL, NULL);
      return NULL;
    }
  while ((size = g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, 65536, NULL,
                                      &self->error)) > 0)
    {
      if (!g_output_stream_write_all (g_io_stream_get_output_stream (stream), buffer, (gsize) size,
                                      NULL, NULL, &self->error))
        return NULL;
    }
  if (size == 0)
    g_io_stream_close (stream, NULL, &self->error);
  return NULL;
}

typedef struct
{
  TlsHandoffHandshakeOptions *server_options; /* for the server; may be changed until start() */
  GTlsConnection *client;
  Echo server;
} Fixture;

static GPtrArray *
load_anchors (const char *name)
{
  GPtrArray *anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (anchors, test_cert_der (name));
  return anchors;
}

/* certificate: (nullable): for the server: the process has its key, then */
static void
connect_both (Fixture *f, GTlsCertificate *certificate)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  f->client = test_connection_new (fds[0], NULL);
  socket = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  base = g_socket_connection_factory_create_connection (socket);
  f->server.connection = G_TLS_CONNECTION (tls_handoff_server_connection_new (
      G_IO_STREAM (base), certificate, test_manager_get (), &error));
  g_assert_no_error (error);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (f->server.connection),
                                      f->server_options);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server_options = tls_handoff_handshake_options_new ();
  tls_handoff_handshake_options_set_credential (f->server_options, "site");
  connect_both (f, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->client);
  if (f->server.thread != NULL)
    g_thread_join (f->server.thread);
  g_clear_object (&f->server.connection);
  g_clear_error (&f->server.error);
  g_clear_object (&f->server_options);
}

static void
start (Fixture *f)
{
  f->server.thread = g_thread_new ("server", echo, &f->server);
}

static void
finish (Fixture *f)
{
  g_thread_join (g_steal_pointer (&f->server.thread));
}

/* Of a server that has been asked for another connection. */
static void
start_again (Fixture *f, gconstpointer data)
{
  tear_down (f, data);
  f->server_options = tls_handoff_handshake_options_new ();
  tls_handoff_handshake_options_set_credential (f->server_options, "site");
  connect_both (f, NULL);
}

/* Breaks if data gets lost, or what a server looks at after its handshake is missing. */
static void
test_data (Fixture *f, gconstpointer data)
{
  static const char *const protocols[] = { "other", "echo", NULL };
  TlsHandoffHandshakeResult *result;

  g_tls_connection_set_advertised_protocols (f->server.connection, protocols);
  start (f);
  test_exchange_async (f->client, BIG_SIZE);
  g_assert_cmpstr (g_tls_connection_get_negotiated_protocol (f->server.connection), ==, "echo");
  g_assert_cmpint (g_tls_connection_get_protocol_version (f->server.connection), ==,
                   G_TLS_PROTOCOL_VERSION_TLS_1_3);
  g_assert_null (g_tls_connection_get_peer_certificate (f->server.connection));
  result = tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (f->server.connection));
  g_assert_cmpstr (tls_handoff_handshake_result_get_server_name (result), ==, "localhost");
  g_assert_cmpstr (tls_handoff_handshake_result_get_credential (result), ==, "site");
  test_close_connection (f->client);
  finish (f);
  g_assert_no_error (f->server.error);
}

/* Breaks if a client that has no application protocol in common is turned away, which GIO does not;
 * or if one is served that the options do not allow. */
static void
test_no_protocol_in_common (Fixture *f, gconstpointer data)
{
  static const char *const others[] = { "other", "another", NULL };
  g_autoptr (GError) error = NULL;

  g_tls_connection_set_advertised_protocols (f->server.connection, others);
  start (f);
  test_exchange_text (f->client, "without a protocol");
  g_assert_null (g_tls_connection_get_negotiated_protocol (f->client));
  g_assert_null (g_tls_connection_get_negotiated_protocol (f->server.connection));
  test_close_connection (f->client);
  finish (f);
  g_assert_no_error (f->server.error);

  start_again (f, data);
  tls_handoff_handshake_options_set_application_protocols (f->server_options, others);
  start (f);
  g_assert_false (g_tls_connection_handshake (f->client, NULL, &error));
  g_assert_nonnull (strstr (error->message, "no_application_protocol"));
}

/* Breaks if a server on a stream that is no socket does not hand its bytes to the service, or loses
 * bytes that come with the last ones of the handshake. */
static void
test_steps (void)
{
  Fixture f = { NULL };
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  test_tcp_pair (fds);
  f.client = test_connection_new (fds[0], NULL);
  socket = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  plain = g_socket_connection_factory_create_connection (socket);
  base = g_simple_io_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (plain)),
                                 g_io_stream_get_output_stream (G_IO_STREAM (plain)));
  f.server_options = tls_handoff_handshake_options_new ();
  tls_handoff_handshake_options_set_credential (f.server_options, "site");
  f.server.connection = G_TLS_CONNECTION (
      tls_handoff_server_connection_new (base, NULL, test_manager_get (), &error));
  g_assert_no_error (error);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (f.server.connection),
                                      f.server_options);
  start (&f);
  test_exchange_async (f.client, BIG_SIZE);
  test_close_connection (f.client);
  finish (&f);
  g_assert_no_error (f.server.error);
  tear_down (&f, NULL);
}

/* Breaks if the key of a GTlsCertificate is not used, or the service keeps it. */
static void
test_certificate (void)
{
  Fixture f = { NULL };
  g_autoptr (GBytes) pem = test_cert_with_key ("rsa");
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GByteArray) der = NULL;
  g_autoptr (GBytes) expected = test_cert_der ("rsa.pem");
  g_autoptr (GError) error = NULL;
  GTlsCertificate *shown;

  certificate = g_tls_certificate_new_from_pem (g_bytes_get_data (pem, NULL),
                                                (gssize) g_bytes_get_size (pem), &error);
  g_assert_no_error (error);
  f.server_options = tls_handoff_handshake_options_new ();
  connect_both (&f, certificate);
  start (&f);
  test_exchange_text (f.client, "with a key of our own");
  shown = g_tls_connection_get_peer_certificate (f.client);
  g_object_get (shown, "certificate", &der, NULL);
  g_assert_cmpmem (der->data, der->len, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));
  test_close_connection (f.client);
  finish (&f);
  g_assert_no_error (f.server.error);
  tear_down (&f, NULL);
}

/* Breaks if a mode lets in a client that it must not, keeps out one that it must not, or the server
 * does not see who came; or if a client that needs a certificate gets another error. */
static void
test_authentication (Fixture *f, gconstpointer data)
{
  static const struct
  {
    GTlsAuthenticationMode mode;
    const char *credential; /* of the client's */
    gboolean trusted;       /* the server knows the authority of "me" */
    gboolean ok;
    gboolean seen;
    int client_error; /* GTlsError */
  } cases[] = {
    { G_TLS_AUTHENTICATION_NONE, "me", TRUE, TRUE, FALSE, 0 },
    { G_TLS_AUTHENTICATION_REQUESTED, "", TRUE, TRUE, FALSE, 0 },
    { G_TLS_AUTHENTICATION_REQUESTED, "me", TRUE, TRUE, TRUE, 0 },
    { G_TLS_AUTHENTICATION_REQUIRED, "me", TRUE, TRUE, TRUE, 0 },
    { G_TLS_AUTHENTICATION_REQUIRED, "", TRUE, FALSE, FALSE, G_TLS_ERROR_CERTIFICATE_REQUIRED },
    { G_TLS_AUTHENTICATION_REQUIRED, "me", FALSE, FALSE, FALSE, G_TLS_ERROR_MISC },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) anchors = load_anchors (cases[i].trusted ? "client-ca.pem" : "ca.pem");
      g_autoptr (TlsHandoffHandshakeOptions) client_options = NULL;
      g_autoptr (GPtrArray) client_anchors = load_anchors ("ca.pem");
      g_autoptr (GError) error = NULL;
      GTlsAuthenticationMode mode;
      char byte;

      g_test_message ("case %zu", i);
      start_again (f, data);
      tls_handoff_handshake_options_set_trust_anchors (f->server_options, anchors);
      g_object_set (f->server.connection, "authentication-mode", cases[i].mode, NULL);
      g_object_get (f->server.connection, "authentication-mode", &mode, NULL);
      g_assert_cmpint (mode, ==, cases[i].mode);
      client_options = tls_handoff_handshake_options_new ();
      tls_handoff_handshake_options_set_trust_anchors (client_options, client_anchors);
      tls_handoff_handshake_options_set_credential (client_options, cases[i].credential);
      tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (f->client), client_options);
      start (f);
      if (cases[i].ok)
        {
          test_exchange_text (f->client, "let in");
          test_close_connection (f->client);
          finish (f);
          g_assert_no_error (f->server.error);
          g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (f->server.connection), ==,
                           0);
        }
      else
        {
          /* In TLS 1.3 the client's handshake ends before the server's. */
          g_tls_connection_handshake (f->client, NULL, &error);
          g_assert_no_error (error);
          g_assert_cmpint (
              g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (f->client)), &byte, 1,
                                   NULL, &error),
              ==, -1);
          g_assert_error (error, G_TLS_ERROR, cases[i].client_error);
          finish (f);
          g_assert_nonnull (f->server.error);
        }
      g_assert_cmpint (g_tls_connection_get_peer_certificate (f->server.connection) != NULL, ==,
                       cases[i].seen || (!cases[i].ok && !cases[i].trusted));
    }
}

static gboolean
judge (GTlsConnection *connection,
       GTlsCertificate *certificate,
       GTlsCertificateFlags errors,
       gpointer accept)
{
  g_assert_nonnull (certificate);
  g_assert_true (errors & G_TLS_CERTIFICATE_UNKNOWN_CA);
  return GPOINTER_TO_INT (accept);
}

/* Breaks if a server's application cannot judge a client's certificate that does not verify. */
static void
test_accept_certificate (Fixture *f, gconstpointer data)
{
  for (int accept = 1; accept >= 0; accept--)
    {
      g_autoptr (TlsHandoffHandshakeOptions) client_options = tls_handoff_handshake_options_new ();
      g_autoptr (GPtrArray) client_anchors = load_anchors ("ca.pem");
      g_autoptr (GPtrArray) anchors = load_anchors ("ca.pem");

      start_again (f, data);
      tls_handoff_handshake_options_set_trust_anchors (f->server_options, anchors);
      g_object_set (f->server.connection, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED,
                    NULL);
      g_signal_connect (f->server.connection, "accept-certificate", G_CALLBACK (judge),
                        GINT_TO_POINTER (accept));
      tls_handoff_handshake_options_set_trust_anchors (client_options, client_anchors);
      tls_handoff_handshake_options_set_credential (client_options, "me");
      tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (f->client), client_options);
      start (f);
      if (accept)
        {
          test_exchange_text (f->client, "accepted");
          test_close_connection (f->client);
          finish (f);
          g_assert_no_error (f->server.error);
        }
      else
        {
          g_tls_connection_handshake (f->client, NULL, NULL);
          finish (f);
          g_assert_error (f->server.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
        }
      g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (f->server.connection), ==,
                       G_TLS_CERTIFICATE_UNKNOWN_CA);
    }
}

/* Breaks if a server without a credential hangs, or its application gets another error. */
static void
test_no_credential (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  tls_handoff_handshake_options_set_credential (f->server_options, "no such");
  start (f);
  g_assert_false (g_tls_connection_handshake (f->client, NULL, &error));
  finish (f);
  g_assert_error (f->server.error, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED);
  g_assert_nonnull (strstr (f->server.error->message, "no such"));
}

/* Breaks if a server that waits for its client's hello cannot be told to stop. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_async (f->server.connection, G_PRIORITY_DEFAULT, cancellable,
                                    test_store_result_cb, &pending);
  g_cancellable_cancel (cancellable);
  result = test_wait_for_result (&pending);
  g_assert_false (g_tls_connection_handshake_finish (f->server.connection, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
import (const char *label, const char *name)
{
  g_autoptr (GBytes) pem = test_cert_with_key (name);
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffCredential) credential = tls_handoff_manager_import_credential_sync (
      test_manager_get (), label, pem, NULL, 0, -1, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (tls_handoff_credential_get_label (credential), ==, label);
}

int
main (int argc, char **argv)
{
  int status;

  test_system_init (&argc, &argv);
  test_polkit_set_rules (OWN_RULES);
  import ("site", "ecdsa");
  import ("me", "client");
#define ADD(path, func)                                                                            \
  g_test_add ("/server-connection/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("data", test_data);
  ADD ("no-protocol-in-common", test_no_protocol_in_common);
  g_test_add_func ("/server-connection/certificate", test_certificate);
  g_test_add_func ("/server-connection/steps", test_steps);
  ADD ("authentication", test_authentication);
  ADD ("accept-certificate", test_accept_certificate);
  ADD ("no-credential", test_no_credential);
  ADD ("cancel", test_cancel);
  status = g_test_run ();
  test_credential_remove_all ();
  return status;
}
