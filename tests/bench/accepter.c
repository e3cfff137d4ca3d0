/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* An application that serves: takes connections from a socket that listens, one at a time, sends
 * back a byte on each, and closes; until it is ended by a signal.
 *
 *   accepter ours|floor SOCKET CREDENTIAL
 *
 * SOCKET: the number of its descriptor. CREDENTIAL: of ours its name, of the floor (GnuTLS in the
 * application, with all that can be loaded once loaded) a file with a chain and its key, PEM. */

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-handoff/tls-handoff.h"

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priority;
static gnutls_datum_t ticket_key;

static void
check_code (int code, const char *what)
{
  if (code < 0)
    g_error ("%s: %s", what, gnutls_strerror (code));
}

static void
load_floor (const char *file)
{
  check_code (gnutls_certificate_allocate_credentials (&credentials), "credentials");
  check_code (gnutls_certificate_set_x509_key_file (credentials, file, file, GNUTLS_X509_FMT_PEM),
              file);
  check_code (gnutls_priority_init (&priority, "NORMAL", NULL), "priorities");
  check_code (gnutls_session_ticket_key_generate (&ticket_key), "ticket key");
}

static void
serve_floor (int fd)
{
  gnutls_session_t session;
  char byte;
  int code;

  check_code (gnutls_init (&session, GNUTLS_SERVER), "gnutls_init");
  check_code (gnutls_priority_set (session, priority), "priorities");
  check_code (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials), "credentials");
  check_code (gnutls_session_ticket_enable_server (session, &ticket_key), "tickets");
  gnutls_transport_set_int (session, fd);
  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  if (code == 0 && gnutls_record_recv (session, &byte, 1) == 1)
    check_code ((int) gnutls_record_send (session, &byte, 1), "send");
  gnutls_bye (session, GNUTLS_SHUT_WR);
  gnutls_deinit (session);
  close (fd);
}

static void
serve_ours (int fd, TlsHandoffManager *manager, TlsHandoffHandshakeOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  char byte;

  g_assert_no_error (error);
  plain = g_socket_connection_factory_create_connection (socket);
  tls = tls_handoff_server_connection_new (G_IO_STREAM (plain), NULL, manager, &error);
  g_assert_no_error (error);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (tls), options);
  if (g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error) &&
      g_input_stream_read (g_io_stream_get_input_stream (tls), &byte, 1, NULL, &error) == 1 &&
      g_output_stream_write_all (g_io_stream_get_output_stream (tls), &byte, 1, NULL, NULL, &error))
    g_io_stream_close (tls, NULL, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = NULL;
  g_autoptr (TlsHandoffManager) manager = NULL;
  g_autoptr (GError) error = NULL;
  guint64 listener;
  gboolean ours;
  int fd;

  if (argc != 4 || !g_ascii_string_to_unsigned (argv[2], 10, 0, G_MAXINT, &listener, NULL))
    {
      g_printerr ("usage: accepter ours|floor SOCKET CREDENTIAL\n");
      return 2;
    }
  signal (SIGPIPE, SIG_IGN);
  ours = g_str_equal (argv[1], "ours");
  if (ours)
    {
      manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
      g_assert_no_error (error);
      options = tls_handoff_handshake_options_new ();
      tls_handoff_handshake_options_set_credential (options, argv[3]);
    }
  else
    load_floor (argv[3]);
  while ((fd = accept4 ((int) listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
    {
      const int on = 1;

      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (ours)
        serve_ours (fd, manager, options);
      else
        serve_floor (fd);
    }
  return 1;
}
