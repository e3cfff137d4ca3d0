/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-binding.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>
#include <unistd.h>

struct _TestBindingPeer
{
  GThread *thread;
  GTlsConnection *connection; /* (owned) (nullable) */
  SSL *ssl;                   /* (owned) (nullable) */
  int fd;
  gboolean is_server;
  TestBinding *bindings;
};

TestBinding *
test_bindings_of_connection (GTlsConnection *connection)
{
  TestBinding *bindings = g_new0 (TestBinding, TEST_N_BINDINGS);

  for (int type = 0; type < TEST_N_BINDINGS; type++)
    {
      g_autoptr (GByteArray) data = g_byte_array_new ();
      g_autoptr (GError) error = NULL;

      if (g_tls_connection_get_channel_binding_data (connection, (GTlsChannelBindingType) type,
                                                     data, &error))
        bindings[type].data = g_byte_array_free_to_bytes (g_steal_pointer (&data));
      else
        bindings[type].code = error->domain == G_TLS_CHANNEL_BINDING_ERROR ? error->code : -1;
    }
  return bindings;
}

/* RFC 5929 3.1: the first Finished message of the handshake, the server's if a session is resumed.
 */
static GBytes *
get_unique (SSL *ssl, gboolean is_server)
{
  gboolean ours = is_server == (SSL_session_reused (ssl) == 1);
  guint8 finished[64];
  gsize size = ours ? SSL_get_finished (ssl, finished, sizeof finished)
                    : SSL_get_peer_finished (ssl, finished, sizeof finished);

  return g_bytes_new (finished, size);
}

/* RFC 5929 4.1 */
static GBytes *
get_end_point (SSL *ssl, gboolean is_server)
{
  X509 *certificate = is_server ? SSL_get_certificate (ssl) : SSL_get0_peer_certificate (ssl);
  int hash = NID_undef;
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;

  g_assert_nonnull (certificate);
  g_assert_true (X509_get_signature_info (certificate, &hash, NULL, NULL, NULL) == 1);
  if (hash == NID_md5 || hash == NID_sha1)
    hash = NID_sha256;
  g_assert_cmpint (X509_digest (certificate, EVP_get_digestbynid (hash), digest, &size), ==, 1);
  return g_bytes_new (digest, size);
}

TestBinding *
test_bindings_of_openssl (SSL *ssl, gboolean is_server)
{
  static const char label[] = "EXPORTER-Channel-Binding";
  TestBinding *bindings = g_new0 (TestBinding, TEST_N_BINDINGS);
  gboolean is_tls1_3 = SSL_version (ssl) == TLS1_3_VERSION;
  guint8 exporter[32];

  if (!is_tls1_3)
    bindings[G_TLS_CHANNEL_BINDING_TLS_UNIQUE].data = get_unique (ssl, is_server);
  bindings[G_TLS_CHANNEL_BINDING_TLS_UNIQUE].code = G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE;
  bindings[G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT].data = get_end_point (ssl, is_server);
  /* RFC 9266 2: with a context, which is empty. */
  if (is_tls1_3 || SSL_get_extms_support (ssl) == 1)
    {
      g_assert_cmpint (SSL_export_keying_material (ssl, exporter, sizeof exporter, label,
                                                   strlen (label), (const guint8 *) "", 0, 1),
                       ==, 1);
      bindings[G_TLS_CHANNEL_BINDING_TLS_EXPORTER].data = g_bytes_new (exporter, sizeof exporter);
    }
  bindings[G_TLS_CHANNEL_BINDING_TLS_EXPORTER].code = G_TLS_CHANNEL_BINDING_ERROR_NOT_AVAILABLE;
  return bindings;
}

void
test_bindings_free (TestBinding *bindings)
{
  for (int type = 0; type < TEST_N_BINDINGS; type++)
    g_clear_pointer (&bindings[type].data, g_bytes_unref);
  g_free (bindings);
}

static void
speak_gio (GTlsConnection *connection, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text, 4,
                             NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
hear_gio (GTlsConnection *connection, const char *text)
{
  g_autoptr (GError) error = NULL;
  char heard[4];

  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), heard, 4, NULL,
                           NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (heard, 4, text, 4);
}

void
test_binding_speak (GTlsConnection *connection, gboolean is_server)
{
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake (connection, NULL, &error);
  g_assert_no_error (error);
  if (!is_server)
    speak_gio (connection, "ping");
  hear_gio (connection, is_server ? "ping" : "pong");
  if (is_server)
    speak_gio (connection, "pong");
}

static void
speak_openssl (SSL *ssl, gboolean is_server)
{
  char heard[4];

  if (is_server)
    g_assert_cmpint (SSL_accept (ssl), ==, 1);
  else
    g_assert_cmpint (SSL_connect (ssl), ==, 1);
  if (!is_server)
    g_assert_cmpint (SSL_write (ssl, "ping", 4), ==, 4);
  g_assert_cmpint (SSL_read (ssl, heard, 4), ==, 4);
  g_assert_cmpmem (heard, 4, is_server ? "ping" : "pong", 4);
  if (is_server)
    g_assert_cmpint (SSL_write (ssl, "pong", 4), ==, 4);
}

static gpointer
run (gpointer data)
{
  TestBindingPeer *self = data;
  char byte;

  if (self->connection != NULL)
    {
      test_binding_speak (self->connection, self->is_server);
      self->bindings = test_bindings_of_connection (self->connection);
      g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), &byte, 1,
                           NULL, NULL);
      g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
      return NULL;
    }
  speak_openssl (self->ssl, self->is_server);
  self->bindings = test_bindings_of_openssl (self->ssl, self->is_server);
  SSL_read (self->ssl, &byte, 1);
  SSL_shutdown (self->ssl);
  return NULL;
}

TestBindingPeer *
test_binding_peer_new_gio (GTlsConnection *connection)
{
  TestBindingPeer *self = g_new0 (TestBindingPeer, 1);

  self->connection = connection;
  self->is_server = G_IS_TLS_SERVER_CONNECTION (connection);
  self->fd = -1;
  self->thread = g_thread_new ("gio", run, self);
  return self;
}

TestBindingPeer *
test_binding_peer_new_openssl (SSL_CTX *context, int fd, gboolean is_server, SSL_SESSION *session)
{
  TestBindingPeer *self = g_new0 (TestBindingPeer, 1);

  self->ssl = SSL_new (context);
  self->is_server = is_server;
  self->fd = fd;
  SSL_set_fd (self->ssl, fd);
  if (session != NULL)
    g_assert_cmpint (SSL_set_session (self->ssl, session), ==, 1);
  self->thread = g_thread_new ("openssl", run, self);
  return self;
}

TestBinding *
test_binding_peer_finish (TestBindingPeer *self, SSL_SESSION **session)
{
  TestBinding *bindings;

  g_thread_join (self->thread);
  bindings = g_steal_pointer (&self->bindings);
  if (session != NULL)
    *session = self->ssl != NULL ? SSL_get1_session (self->ssl) : NULL;
  g_clear_object (&self->connection);
  g_clear_pointer (&self->ssl, SSL_free);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
  return bindings;
}
