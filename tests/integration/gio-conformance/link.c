/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "link.h"

#include <string.h>

#include "test-peer.h"
#include "test-system.h"

GIOStream *
link_stream_new (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
link_sockets (int *fd, int *peer_fd)
{
  int fds[2];

  test_tcp_pair (fds);
  *fd = fds[0];
  *peer_fd = fds[1];
}

GTlsCertificate *
link_certificate (const char *name)
{
  g_autofree char *pem_name = g_strconcat (name, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (name, ".key", NULL);
  g_autofree char *pem = test_cert_path (pem_name);
  g_autofree char *key = test_cert_path (key_name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_files (pem, key, &error);

  g_assert_no_error (error);
  return certificate;
}

GTlsDatabase *
link_database (const char *name)
{
  g_autofree char *path = test_cert_path (name);
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  return database;
}

static Link *
link_new (int fd)
{
  Link *link = g_new0 (Link, 1);

  link->base = link_stream_new (fd);
  observe_call (link->base, "the base stream");
  return link;
}

/* connection is taken over. */
static void
set_connection (Link *link, GIOStream *connection, GError *error)
{
  g_assert_no_error (error);
  link->connection = G_TLS_CONNECTION (connection);
  link->in = g_io_stream_get_input_stream (connection);
  link->out = g_io_stream_get_output_stream (connection);
}

static Link *
link_new_for_client (int fd, GSocketConnectable *identity)
{
  Link *link = link_new (fd);
  GError *error = NULL;

  set_connection (link, g_tls_client_connection_new (link->base, identity, &error), error);
  return link;
}

Link *
link_new_client_to (GSocketConnectable *identity, const PeerSettings *settings)
{
  int fd, peer_fd;
  Link *link;

  link_sockets (&fd, &peer_fd);
  link = link_new_for_client (fd, identity);
  link->peer = peer_new_server (peer_fd, settings);
  return link;
}

Link *
link_new_client (const PeerSettings *settings)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);

  observe_call (identity, "localhost");
  return link_new_client_to (identity, settings);
}

Link *
link_new_client_raw (PeerScript script)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  int fd, peer_fd;
  Link *link;

  link_sockets (&fd, &peer_fd);
  link = link_new_for_client (fd, identity);
  link->peer = peer_new_raw (peer_fd, script);
  return link;
}

static Link *
link_new_for_server (int fd, const char *certificate_name)
{
  Link *link = link_new (fd);
  g_autoptr (GTlsCertificate) certificate = NULL;
  GError *error = NULL;

  if (certificate_name != NULL)
    certificate = link_certificate (certificate_name);
  set_connection (link, g_tls_server_connection_new (link->base, certificate, &error), error);
  return link;
}

Link *
link_new_server (const char *certificate, const PeerSettings *settings)
{
  int fd, peer_fd;
  Link *link;

  link_sockets (&fd, &peer_fd);
  link = link_new_for_server (fd, certificate);
  link->peer = peer_new_client (peer_fd, settings);
  return link;
}

Link *
link_new_server_raw (const char *certificate, PeerScript script)
{
  int fd, peer_fd;
  Link *link;

  link_sockets (&fd, &peer_fd);
  link = link_new_for_server (fd, certificate);
  link->peer = peer_new_raw (peer_fd, script);
  return link;
}

gboolean
link_handshake (Link *link)
{
  GError *error = NULL;
  gboolean ok = g_tls_connection_handshake (link->connection, NULL, &error);

  observe_result ("handshake", ok, &error);
  return ok;
}

gboolean
link_handshake_async (Link *link, GCancellable *cancellable)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  g_tls_connection_handshake_async (link->connection, G_PRIORITY_DEFAULT, cancellable,
                                    link_store_cb, &result);
  link_wait (&result);
  ok = g_tls_connection_handshake_finish (link->connection, result, &error);
  observe_result ("handshake", ok, &error);
  return ok;
}

gssize
link_read (Link *link, gsize size)
{
  g_autofree char *buffer = g_malloc0 (size + 1);
  GError *error = NULL;
  gssize n = g_input_stream_read (link->in, buffer, size, NULL, &error);

  if (n > 0 && n < 100)
    observe ("read: “%s”", buffer);
  else
    observe_size ("read", n, &error);
  return n;
}

gssize
link_write (Link *link, const char *text)
{
  GError *error = NULL;
  gssize n = g_output_stream_write (link->out, text, strlen (text), NULL, &error);

  observe_size ("write", n, &error);
  return n;
}

void
link_exchange (Link *link, const char *text)
{
  g_autofree char *buffer = g_malloc0 (strlen (text) + 1);
  GError *error = NULL;
  gsize n;

  if (link_write (link, text) < 0)
    return;
  if (g_input_stream_read_all (link->in, buffer, strlen (text), &n, NULL, &error))
    observe ("echo: “%s”", buffer);
  else
    observe_size ("echo", n, &error);
}

gboolean
link_close (Link *link)
{
  GError *error = NULL;
  gboolean ok = g_io_stream_close (G_IO_STREAM (link->connection), NULL, &error);

  observe_result ("close", ok, &error);
  return ok;
}

static void
gone_cb (gpointer gone, GObject *object)
{
  g_atomic_int_set ((int *) gone, TRUE);
}

void
link_let_go (Link *link)
{
  int gone = FALSE;

  g_object_weak_ref (G_OBJECT (link->connection), gone_cb, &gone);
  g_clear_object (&link->connection);
  while (!g_atomic_int_get (&gone))
    {
      link_settle ();
      g_thread_yield ();
    }
}

void
link_free (Link *link)
{
  g_clear_object (&link->connection);
  /* What still holds it keeps the peer waiting. */
  g_io_stream_close (link->base, NULL, NULL);
  g_clear_object (&link->base);
  if (link->peer != NULL)
    peer_end (link->peer);
  g_free (link);
}

void
link_end (Link *link)
{
  link_close (link);
  link_free (link);
}

void
link_store_cb (GObject *source, GAsyncResult *result, gpointer place)
{
  *(GAsyncResult **) place = g_object_ref (result);
}

GAsyncResult *
link_wait (GAsyncResult **place)
{
  while (*place == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *place;
}

void
link_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static gboolean
accept_cb (GTlsConnection *connection,
           GTlsCertificate *certificate,
           GTlsCertificateFlags errors,
           gpointer accept)
{
  observe_certificate ("accept-certificate", certificate);
  observe_flags ("  errors", errors);
  return accept != NULL;
}

void
link_accept_certificates (Link *link, gboolean accept)
{
  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (accept_cb),
                    GINT_TO_POINTER (accept));
}
