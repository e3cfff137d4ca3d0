/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "bulk-sides.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "client/support/record-test-utils.h"
#include "tls-handoff-client-connection.h"

static void
handoff_write (gpointer self, const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GOutputStream *output = g_io_stream_get_output_stream (self);

  while (size > 0)
    {
      gssize n = g_output_stream_write (output, data, size, NULL, &error);

      g_assert_no_error (error);
      data += n;
      size -= (gsize) n;
    }
}

static gsize
handoff_read (gpointer self, guint8 *buffer, gsize size)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read (g_io_stream_get_input_stream (self), buffer, size, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
  return (gsize) n;
}

const Contender bulk_handoff = { "ours", handoff_write, handoff_read };

/* --- GnuTLS --- */

static void
use_gnutls_write (gpointer self, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      ssize_t n = gnutls_record_send (self, data, size);

      g_assert_cmpint (n, >, 0);
      data += n;
      size -= (gsize) n;
    }
}

static gsize
use_gnutls_read (gpointer self, guint8 *buffer, gsize size)
{
  ssize_t n;

  /* It says so when it took a ticket. */
  do
    n = gnutls_record_recv (self, buffer, size);
  while (n == GNUTLS_E_AGAIN);
  g_assert_cmpint (n, >, 0);
  return (gsize) n;
}

const Contender bulk_gnutls = { "GnuTLS", use_gnutls_write, use_gnutls_read };

/* As GnuTLS's own, which cannot be set again. */
static ssize_t
gnutls_push (gnutls_transport_ptr_t fd, const giovec_t *pieces, int n)
{
  struct msghdr message = { .msg_iov = (struct iovec *) pieces, .msg_iovlen = (gsize) n };

  return sendmsg (GPOINTER_TO_INT (fd), &message, MSG_NOSIGNAL);
}

static ssize_t
gnutls_pull (gnutls_transport_ptr_t fd, void *bytes, size_t size)
{
  return recv (GPOINTER_TO_INT (fd), bytes, size, 0);
}

/* --- OpenSSL --- */

static void
use_openssl_write (gpointer self, const guint8 *data, gsize size)
{
  g_assert_cmpint (SSL_write (self, data, (int) size), ==, (int) size);
}

static gsize
use_openssl_read (gpointer self, guint8 *buffer, gsize size)
{
  int n = SSL_read (self, buffer, (int) size);

  g_assert_cmpint (n, >, 0);
  return (gsize) n;
}

const Contender bulk_openssl = { "OpenSSL", use_openssl_write, use_openssl_read };

/* --- The connections --- */

/* Two ends of a TCP connection, as socket() makes them: they block. With the kernel's default
 * congestion control: some machines have one that sets a timer for each segment. */
static void
connect_tcp (int *fd, int *other_fd)
{
  static const char congestion_control[] = "cubic";
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any_port = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) listener = NULL;
  struct sockaddr_storage native;

  listener =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (listener, any_port, FALSE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  address = g_socket_get_local_address (listener, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  *fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (*fd, IPPROTO_TCP, TCP_CONGESTION, congestion_control, sizeof congestion_control - 1);
  g_assert_cmpint (connect (*fd, (struct sockaddr *) &native,
                            (socklen_t) g_socket_address_get_native_size (address)),
                   ==, 0);
  g_assert_true (g_socket_condition_wait (listener, G_IO_IN, NULL, NULL));
  *other_fd = accept (g_socket_get_fd (listener), NULL, NULL);
  g_assert_cmpint (*other_fd, >=, 0);
  setsockopt (*other_fd, IPPROTO_TCP, TCP_CONGESTION, congestion_control,
              sizeof congestion_control - 1);
}

/* A connection that is past its handshake, which no service did. (transfer full) */
static HandoffConnection *
new_connection (GIOStream *base, GnutlsSide *side, const HandoffCipherSuite *suite)
{
  g_autoptr (HandoffKeyState) state = gnutls_side_get_state (side, suite);
  g_autoptr (TlsHandoffRecordLayer) layer = record_test_import (state);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GError) error = NULL;
  GIOStream *connection = tls_handoff_client_connection_new (base, identity, NULL, &error);

  g_assert_no_error (error);
  ((HandoffConnection *) connection)->stream = handoff_record_stream_new (base, layer);
  ((HandoffConnection *) connection)->state = HANDSHAKE_DONE;
  return (HandoffConnection *) connection;
}

static cpu_set_t processors;

void
bulk_stay_on_processor (guint n)
{
  cpu_set_t one;

  CPU_ZERO (&one);
  for (guint i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET (i, &processors) && n-- == 0)
      {
        CPU_SET (i, &one);
        sched_setaffinity (0, sizeof one, &one);
        return;
      }
}

void
bulk_init (void)
{
  g_assert_cmpint (sched_getaffinity (0, sizeof processors, &processors), ==, 0);
  bulk_stay_on_processor (0);
}

/* What comes here is thrown away. The reader sleeps until there is much of it: to wake it for each
 * segment, for which the sender pays, would be much of what is measured, and a peer elsewhere costs
 * no such thing. */
static gpointer
drain (gpointer data)
{
  const int fd = GPOINTER_TO_INT (data);
  const int enough = 512 * 1024;

  bulk_stay_on_processor (1);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVLOWAT, &enough, sizeof enough), ==, 0);
  while (recv (fd, NULL, 1 << 20, MSG_TRUNC) > 0)
    ;
  return NULL;
}

void
side_init (Side *side, const Contender *contender, const HandoffCipherSuite *suite)
{
  side->contender = contender;
  side->costs[0] = g_array_new (FALSE, FALSE, sizeof (double));
  side->costs[1] = g_array_new (FALSE, FALSE, sizeof (double));
  connect_tcp (&side->fd, &side->other_fd);
  side->drain = g_thread_new ("drain", drain, GINT_TO_POINTER (side->other_fd));
  if (contender == &bulk_openssl)
    {
      side->openssl_pair = openssl_pair_new (suite, HANDOFF_ROLE_SERVER, FALSE);
      side->producer = &side->openssl_pair->ours;
      side->made = &side->openssl_pair->to_peer;
      side->self = side->openssl_pair->peer;
      openssl_pair_deliver (side->openssl_pair);
      {
        guint8 byte;

        /* The tickets. */
        g_assert_cmpint (SSL_read (side->self, &byte, 1), ==, -1);
      }
      g_assert_cmpint (SSL_set_fd (side->self, side->fd), ==, 1);
      return;
    }
  side->pair = gnutls_pair_new (suite);
  side->producer = &side->pair->server;
  side->made = &side->pair->client.in;
  if (contender == &bulk_gnutls)
    {
      gnutls_session_t session = side->pair->client.session;
      guint8 byte;

      g_assert_cmpint (gnutls_record_recv (session, &byte, 1), ==, GNUTLS_E_AGAIN);
      gnutls_transport_set_vec_push_function (session, gnutls_push);
      gnutls_transport_set_pull_function (session, gnutls_pull);
      gnutls_transport_set_ptr (session, GINT_TO_POINTER (side->fd));
      side->self = session;
    }
  else
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) socket = g_socket_new_from_fd (side->fd, &error);

      g_assert_no_error (error);
      side->base = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
      side->handoff = new_connection (side->base, &side->pair->client, suite);
      side->self = side->handoff;
    }
}

void
side_clear (Side *side)
{
  shutdown (side->fd, SHUT_RDWR);
  g_thread_join (side->drain);
  close (side->other_fd);
  if (side->base != NULL)
    {
      g_object_unref (side->handoff);
      g_io_stream_close (side->base, NULL, NULL);
      g_object_unref (side->base);
    }
  else
    close (side->fd);
  g_clear_pointer (&side->pair, gnutls_pair_free);
  g_clear_pointer (&side->openssl_pair, openssl_pair_free);
  g_array_unref (side->costs[0]);
  g_array_unref (side->costs[1]);
}
