/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-handoff/tls-handoff.h"

#define SERVER_NAME "localhost"

/* What connects again and again, in one thread; what a process has once is made before the first.
 */
struct _Connector
{
  Side side;
  guint16 port;
  TlsHandoffManager *manager;    /* (owned) (nullable): ours */
  GSocketConnectable *identity;  /* (owned): who the server should be */
  gnutls_datum_t session_ticket; /* of the floor's last connection; empty: none */
};

static gnutls_certificate_credentials_t floor_credentials;
static gnutls_priority_t floor_priority;

static void
check_code (int code, const char *what)
{
  if (code < 0)
    g_error ("%s: %s", what, gnutls_strerror (code));
}

/* The best that an application could do by itself: the trust store is parsed once for the process,
 * and the priorities; a ticket is kept for the next connection. */
static void
floor_load (void)
{
  static gsize loaded;

  if (!g_once_init_enter (&loaded))
    return;
  check_code (gnutls_certificate_allocate_credentials (&floor_credentials), "credentials");
  check_code (gnutls_certificate_set_x509_system_trust (floor_credentials), "the trust store");
  check_code (gnutls_priority_init (&floor_priority, "NORMAL", NULL), "priorities");
  g_once_init_leave (&loaded, 1);
}

Side
side_parse (const char *name)
{
  static const char *const names[N_SIDES] = { "ours", "floor", "stock" };

  for (guint i = 0; i < N_SIDES; i++)
    if (g_strcmp0 (name, names[i]) == 0)
      return i;
  g_error ("no side “%s”", name);
}

/* port: of a server on 127.0.0.1 */
Connector *
connector_new (Side side, guint16 port)
{
  Connector *self = g_new0 (Connector, 1);
  g_autoptr (GError) error = NULL;

  self->side = side;
  self->port = port;
  self->identity = g_network_address_new (SERVER_NAME, port);
  if (side == SIDE_FLOOR)
    floor_load ();
  if (side == SIDE_OURS)
    {
      self->manager = tls_handoff_manager_new_sync (NULL, NULL, &error);
      g_assert_no_error (error);
    }
  return self;
}

void
connector_free (Connector *self)
{
  gnutls_free (self->session_ticket.data);
  g_object_unref (self->identity);
  g_clear_object (&self->manager);
  g_free (self);
}

/* TCP is the same for all. Without TCP_NODELAY, the byte would wait for the acknowledgement of the
 * handshake's last message. */
static int
connect_tcp (guint16 port)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons (port),
                                       .sin_addr = { htonl (INADDR_LOOPBACK) } };
  const int on = 1;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || connect (fd, (const struct sockaddr *) &address, sizeof address) != 0 ||
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    g_error ("connect: %s", g_strerror (errno));
  return fd;
}

/* As the manual of GnuTLS has it: the library verifies the chain and the name in the handshake. */
static void
connect_floor (Connector *self, int fd)
{
  gnutls_session_t session;
  char byte = 'x';
  int code;

  check_code (gnutls_init (&session, GNUTLS_CLIENT), "gnutls_init");
  check_code (gnutls_priority_set (session, floor_priority), "priorities");
  check_code (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, floor_credentials),
              "credentials");
  check_code (gnutls_server_name_set (session, GNUTLS_NAME_DNS, SERVER_NAME, strlen (SERVER_NAME)),
              "server name");
  gnutls_session_set_verify_cert (session, SERVER_NAME, 0);
  if (self->session_ticket.size > 0)
    check_code (
        gnutls_session_set_data (session, self->session_ticket.data, self->session_ticket.size),
        "session data");
  gnutls_transport_set_int (session, fd);
  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  check_code (code, "handshake");
  check_code ((int) gnutls_record_send (session, &byte, 1), "send");
  do
    code = (int) gnutls_record_recv (session, &byte, 1);
  while (code < 0 && !gnutls_error_is_fatal (code));
  if (code != 1)
    g_error ("the byte did not come back: %s", gnutls_strerror (code));
  if ((gnutls_session_get_flags (session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0)
    {
      gnutls_free (self->session_ticket.data);
      check_code (gnutls_session_get_data2 (session, &self->session_ticket), "session data");
    }
  gnutls_bye (session, GNUTLS_SHUT_WR);
  gnutls_deinit (session);
  close (fd);
}

static void
connect_gio (Connector *self, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) plain = NULL;
  g_autoptr (GIOStream) tls = NULL;
  char byte = 'x', answer = '\0';

  g_assert_no_error (error);
  plain = g_socket_connection_factory_create_connection (socket);
  if (self->side == SIDE_OURS)
    tls = tls_handoff_client_connection_new (G_IO_STREAM (plain), self->identity, self->manager,
                                             &error);
  else
    tls = g_tls_client_connection_new (G_IO_STREAM (plain), self->identity, &error);
  g_assert_no_error (error);
  g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (tls), &byte, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read (g_io_stream_get_input_stream (tls), &answer, 1, NULL, &error);
  g_assert_no_error (error);
  if (answer != byte)
    g_error ("the byte did not come back");
  g_io_stream_close (tls, NULL, &error);
  g_assert_no_error (error);
}

/* One connection: TCP, handshake, a byte each way, close. It resumes an earlier one of this
 * connector (of ours and GIO's: of this process) if the server gave tickets. What fails ends the
 * process. */
void
connector_connect (Connector *self)
{
  int fd = connect_tcp (self->port);

  if (self->side == SIDE_FLOOR)
    connect_floor (self, fd);
  else
    connect_gio (self, fd);
}
