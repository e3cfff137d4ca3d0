/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A server whose application data arrives together with its last handshake message: what the
 * service read beyond the handshake would be lost to the application. */

#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop-client.h"
#include "test-peer.h"
#include "test-system.h"

typedef struct
{
  const char *priority;
  unsigned int flags; /* of gnutls_init() */
  gsize size;         /* of the data */
} Case;

/* A GnuTLS server on a thread of the test, that keeps what it writes until it has to read. */
typedef struct
{
  const Case *c;
  int fd;
  GBytes *data;
  GByteArray *held;  /* written, not sent yet */
  guint n_sends;     /* since the last read */
  gsize n_last_send; /* bytes of the last send */
} Server;

static void
send_held (Server *server)
{
  gsize sent = 0;

  while (sent < server->held->len)
    {
      gssize n =
          send (server->fd, server->held->data + sent, server->held->len - sent, MSG_NOSIGNAL);

      g_assert_cmpint (n, >, 0);
      sent += n;
    }
  if (sent > 0)
    server->n_sends++;
  server->n_last_send = sent;
  g_byte_array_set_size (server->held, 0);
}

static ssize_t
push (gnutls_transport_ptr_t transport, const void *data, size_t size)
{
  Server *server = transport;

  g_byte_array_append (server->held, data, size);
  return size;
}

static ssize_t
pull (gnutls_transport_ptr_t transport, void *data, size_t size)
{
  Server *server = transport;

  if (server->held->len > 0)
    send_held (server);
  server->n_sends = 0;
  return recv (server->fd, data, size, 0);
}

static int
pull_timeout (gnutls_transport_ptr_t transport, unsigned int milliseconds)
{
  return 1;
}

static gpointer
serve (gpointer user_data)
{
  Server *server = user_data;
  g_autofree char *certificate = test_cert_path ("ecdsa.pem");
  g_autofree char *key = test_cert_path ("ecdsa.key");
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  gsize sent = 0, size;
  const guint8 *data = g_bytes_get_data (server->data, &size);
  char end;
  int r;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (credentials, certificate, key, GNUTLS_X509_FMT_PEM), >=,
      0);
  g_assert_cmpint (gnutls_init (&session, GNUTLS_SERVER | server->c->flags), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (session, server->c->priority, NULL), ==, 0);
  g_assert_cmpint (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials), ==, 0);
  gnutls_transport_set_ptr (session, server);
  gnutls_transport_set_push_function (session, push);
  gnutls_transport_set_pull_function (session, pull);
  gnutls_transport_set_pull_timeout_function (session, pull_timeout);

  do
    r = gnutls_handshake (session);
  while (r < 0 && !gnutls_error_is_fatal (r));
  g_assert_cmpint (r, ==, 0);
  /* Otherwise the handshake's end left on its own, and the test would prove nothing. */
  g_assert_cmpuint (server->held->len, >, 0);
  g_assert_cmpuint (server->n_sends, ==, 0);

  while (sent < size)
    {
      gssize n = gnutls_record_send (session, data + sent, size - sent);

      g_assert_cmpint (n, >, 0);
      sent += n;
    }
  send_held (server);
  g_assert_cmpuint (server->n_last_send, >, size);

  /* Until the client closes. */
  do
    r = gnutls_record_recv (session, &end, 1);
  while (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED);
  g_assert_cmpint (r, ==, 0);

  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  return NULL;
}

static void
test_coalesced (gconstpointer user_data)
{
  Server server = { .c = user_data };
  g_autofree guint8 *received = NULL;
  g_autoptr (GError) error = NULL;
  GTlsConnection *connection;
  GThread *thread;
  gsize size;
  int fds[2];

  test_tcp_pair (fds);
  server.fd = fds[0];
  server.held = g_byte_array_new ();
  server.data = interop_pattern (server.c->size, 1);
  thread = g_thread_new ("server", serve, &server);

  connection = interop_client_connect (fds[1], "localhost");
  received = g_malloc (server.c->size);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), received,
                           server.c->size, &size, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, server.c->size);
  g_assert_true (memcmp (received, g_bytes_get_data (server.data, NULL), size) == 0);

  interop_client_close (connection);
  g_thread_join (thread);
  close (server.fd);
  g_bytes_unref (server.data);
  g_byte_array_unref (server.held);
}

int
main (int argc, char **argv)
{
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
  static const struct
  {
    const char *path;
    Case c;
  } cases[] = {
    /* The server's last message is its Finished, and data follows before it has the client's. */
    { "/coalesced/tls1.3/half-round-trip/1", { TLS1_3, GNUTLS_ENABLE_EARLY_START, 1 } },
    { "/coalesced/tls1.3/half-round-trip/large", { TLS1_3, GNUTLS_ENABLE_EARLY_START, 400000 } },
    /* Its last message is the Finished after the client's. */
    { "/coalesced/tls1.2/1", { TLS1_2, 0, 1 } },
    { "/coalesced/tls1.2/large", { TLS1_2, 0, 400000 } },
    { "/coalesced/tls1.2/chacha20", { TLS1_2 ":-CIPHER-ALL:+CHACHA20-POLY1305", 0, 20000 } },
    { "/coalesced/tls1.3/chacha20",
      { TLS1_3 ":-CIPHER-ALL:+CHACHA20-POLY1305", GNUTLS_ENABLE_EARLY_START, 20000 } },
  };

  test_system_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i].c, test_coalesced);
  return g_test_run ();
}
