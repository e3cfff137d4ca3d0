/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-server.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-system.h"

struct _TestServer
{
  GThread *thread;
  int fd;
  char *certificate; /* path */
  char *key;         /* path */
  char *priority;
  GBytes *greeting;
  gboolean early;
  char *server_name;
  gsize largest_piece;
  GByteArray *unsent;
};

static void
flush (TestServer *server)
{
  gsize sent = 0;

  server->largest_piece = MAX (server->largest_piece, server->unsent->len);
  while (sent < server->unsent->len)
    {
      gssize n =
          send (server->fd, server->unsent->data + sent, server->unsent->len - sent, MSG_NOSIGNAL);

      if (n < 0)
        break;
      sent += (gsize) n;
    }
  g_byte_array_set_size (server->unsent, 0);
}

static gssize
push (gnutls_transport_ptr_t data, const void *bytes, gsize size)
{
  TestServer *server = data;

  g_byte_array_append (server->unsent, bytes, (guint) size);
  return (gssize) size;
}

static gssize
pull (gnutls_transport_ptr_t data, void *bytes, gsize size)
{
  TestServer *server = data;

  flush (server);
  return recv (server->fd, bytes, size, 0);
}

static void
check (int code, const char *what)
{
  if (code < 0)
    g_error ("the test's server: %s: %s", what, gnutls_strerror (code));
}

static void
send_greeting (TestServer *server, gnutls_session_t session)
{
  const guint8 *data = g_bytes_get_data (server->greeting, NULL);
  gsize size = g_bytes_get_size (server->greeting);

  while (size > 0)
    {
      gssize n = gnutls_record_send (session, data, size);

      check ((int) n, "sending");
      data += n;
      size -= (gsize) n;
    }
}

static void
remember_server_name (TestServer *server, gnutls_session_t session)
{
  char name[256];
  size_t size = sizeof name;
  unsigned int type;

  if (gnutls_server_name_get (session, name, &size, &type, 0) == 0)
    server->server_name = g_strndup (name, size);
}

static gpointer
serve (gpointer data)
{
  TestServer *server = data;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  GByteArray *received = g_byte_array_new ();
  guint8 buffer[16384];
  gssize n;
  int code;

  check (gnutls_certificate_allocate_credentials (&credentials), "credentials");
  check (gnutls_certificate_set_x509_key_file (credentials, server->certificate, server->key,
                                               GNUTLS_X509_FMT_PEM),
         "certificate");
  check (gnutls_init (&session, GNUTLS_SERVER | (server->early ? GNUTLS_ENABLE_EARLY_START : 0)),
         "session");
  check (gnutls_priority_set_direct (session, server->priority, NULL), "priority");
  check (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials), "credentials");
  gnutls_transport_set_ptr (session, server);
  gnutls_transport_set_push_function (session, push);
  gnutls_transport_set_pull_function (session, pull);

  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  check (code, "handshake");
  remember_server_name (server, session);
  send_greeting (server, session);
  flush (server);

  while ((n = gnutls_record_recv (session, buffer, sizeof buffer)) > 0 ||
         (n < 0 && !gnutls_error_is_fatal ((int) n)))
    {
      if (n > 0)
        g_byte_array_append (received, buffer, (guint) n);
    }
  gnutls_bye (session, GNUTLS_SHUT_WR);
  flush (server);
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  close (server->fd);
  return g_byte_array_free_to_bytes (received);
}

TestServer *
test_server_start (
    int fd, const char *certificate, const char *priority, GBytes *greeting, gboolean early)
{
  TestServer *server = g_new0 (TestServer, 1);
  g_autofree char *certificate_name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (certificate, ".key", NULL);

  server->fd = fd;
  server->certificate = test_cert_path (certificate_name);
  server->key = test_cert_path (key_name);
  server->priority = g_strdup (priority);
  server->greeting = g_bytes_ref (greeting);
  server->early = early;
  server->unsent = g_byte_array_new ();
  server->thread = g_thread_new ("test-server", serve, server);
  return server;
}

GBytes *
test_server_finish (TestServer *server)
{
  return g_thread_join (server->thread);
}

const char *
test_server_get_server_name (TestServer *server)
{
  return server->server_name;
}

gsize
test_server_get_largest_piece (TestServer *server)
{
  return server->largest_piece;
}

void
test_server_free (TestServer *server)
{
  g_free (server->certificate);
  g_free (server->key);
  g_free (server->priority);
  g_free (server->server_name);
  g_bytes_unref (server->greeting);
  g_byte_array_unref (server->unsent);
  g_free (server);
}
