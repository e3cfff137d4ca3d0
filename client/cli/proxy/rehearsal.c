/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/rehearsal.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A handshake of "serve" with itself, before anybody connects: what the service, polkit's rules and
 * the key say to that, they would say to the first client. The client is a thread of this process.
 * It has no certificate, and believes whatever it is shown. */

typedef struct
{
  int fd;
  const char *server_name; /* (nullable) */
  GBytes *certificate;     /* (owned) (nullable): the server's, DER */
} Client;

static gpointer
be_client (gpointer data)
{
  Client *self = data;
  gnutls_certificate_credentials_t nothing;
  gnutls_session_t session;
  const gnutls_datum_t *chain;
  unsigned int n = 0;
  int code;

  gnutls_certificate_allocate_credentials (&nothing);
  gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
  /* All that any policy of the service could leave. */
  gnutls_priority_set_direct (
      session, "NORMAL:+VERS-ALL:+AES-256-CCM-8:+AES-128-CCM-8:+GROUP-ALL:+SIGN-ALL", NULL);
  if (self->server_name != NULL)
    gnutls_server_name_set (session, GNUTLS_NAME_DNS, self->server_name,
                            strlen (self->server_name));
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, nothing);
  gnutls_transport_set_int (session, self->fd);
  do
    code = gnutls_handshake (session);
  while (code < 0 && gnutls_error_is_fatal (code) == 0);
  chain = gnutls_certificate_get_peers (session, &n);
  if (n > 0)
    self->certificate = g_bytes_new (chain[0].data, chain[0].size);
  /* A server that waits for more hears that there is no more. */
  shutdown (self->fd, SHUT_WR);
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (nothing);
  return NULL;
}

/**
 * cli_rehearse:
 * @options: what all clients get
 * @server_name: (nullable): the DNS name that the client asks for
 *
 * Has the service do a handshake as the server, with a client of its own making. Blocks meanwhile:
 * polkit may ask for a password.
 *
 * Returns: (transfer full): the certificate that clients see, DER; or %NULL with the error that
 * they would meet
 */
GBytes *
cli_rehearse (TlsHandoffManager *manager,
              TlsHandoffHandshakeOptions *options,
              TlsHandoffHandshakeFlags flags,
              const char *server_name,
              GError **error)
{
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GSocket) server = NULL;
  Client client = { 0 };
  GThread *thread;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    {
      int code = errno;

      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
      return NULL;
    }
  client.fd = ends[1];
  client.server_name = server_name;
  server = g_socket_new_from_fd (ends[0], error);
  if (server == NULL)
    {
      close (ends[0]);
      close (ends[1]);
      return NULL;
    }
  thread = g_thread_new ("rehearsal", be_client, &client);
  result =
      tls_handoff_manager_handshake_as_server_sync (manager, server, options, flags, NULL, error);
  /* The client may still wait for an answer. */
  shutdown (g_socket_get_fd (server), SHUT_RDWR);
  g_thread_join (thread);
  close (client.fd);
  if (result == NULL)
    {
      g_clear_pointer (&client.certificate, g_bytes_unref);
      return NULL;
    }
  if (client.certificate == NULL)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
                         _ ("A client of this machine's GnuTLS could not end the handshake"));
  return client.certificate;
}
