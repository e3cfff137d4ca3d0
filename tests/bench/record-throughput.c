/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Bulk throughput of the record layer in one thread, both directions' work included, against
 * gnutls_record_send() and gnutls_record_recv() over the same transport in the same run: memory,
 * where little but the ciphers counts, and TCP on the loopback interface, as applications have it.
 *
 *   record-throughput [--quick | SUITE...]
 *
 * Ratios mean something, absolute numbers depend on the machine. --quick only shows that it runs.
 */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <glib-unix.h>

#include "client/support/gnutls-pair.h"
#include "client/support/record-test-utils.h"

#define BLOCK_SIZE (64 * 1024) /* what an application writes and reads at once */

typedef struct
{
  GnutlsPair *pair;
  TlsHandoffRecordLayer *client;
  TlsHandoffRecordLayer *server;
  GSocket *client_socket; /* (nullable) NULL: memory */
  GSocket *server_socket;
  guint8 *data;     /* BLOCK_SIZE */
  guint8 *received; /* buffer_size */
  guint8 *records;  /* buffer_size */
  gsize buffer_size;
} Bench;

/* One block from the GnuTLS client to the GnuTLS server. */
static void
cross_gnutls (Bench *b)
{
  gsize received = 0;

  gnutls_side_send (&b->pair->client, b->data, BLOCK_SIZE);
  while (received < BLOCK_SIZE)
    {
      ssize_t n = gnutls_record_recv (b->pair->server.session, b->received + received,
                                      BLOCK_SIZE - received);

      g_assert_cmpint (n, >, 0);
      received += n;
    }
}

/* As send() and recv(): what was sent last arrives. */
static gsize
transport (Bench *b, const guint8 *records, gsize size, guint8 *buffer, gsize buffer_size)
{
  GnutlsPipe *pipe = &b->pair->server.in;
  ssize_t n;

  if (b->client_socket != NULL)
    {
      if (size > 0)
        {
          n = send (g_socket_get_fd (b->client_socket), records, size, MSG_NOSIGNAL);
          g_assert_cmpint (n, ==, size);
        }
      n = recv (g_socket_get_fd (b->server_socket), buffer, buffer_size, 0);
      g_assert_cmpint (n, >, 0);
      return n;
    }
  gnutls_pipe_write (pipe, records, size);
  memcpy (buffer, pipe->bytes->data + pipe->taken, size);
  pipe->taken += size;
  return size;
}

/* One block from one record layer to the other. */
static void
cross_layers (Bench *b)
{
  TlsHandoffRecordStatus status;
  gsize plaintext_size = 0;
  gsize in_buffer = 0;
  gsize consumed;
  gsize size;
  gboolean ok;

  ok = tls_handoff_record_layer_protect (b->client, b->data, BLOCK_SIZE, &consumed, b->records,
                                         b->buffer_size, &size, NULL);
  g_assert_true (ok && consumed == BLOCK_SIZE);
  while (plaintext_size < BLOCK_SIZE)
    {
      guint8 *buffer = b->received + plaintext_size;
      gsize opened;

      in_buffer += transport (b, b->records, size, buffer + in_buffer,
                              b->buffer_size - plaintext_size - in_buffer);
      size = 0;
      ok = tls_handoff_record_layer_unprotect (b->server, buffer, in_buffer, &consumed, &opened,
                                               &status, NULL);
      g_assert_true (ok);
      memmove (buffer + opened, buffer + consumed, in_buffer - consumed);
      in_buffer -= consumed;
      plaintext_size += opened;
    }
  g_assert_cmpuint (in_buffer, ==, 0);
}

/* The processor's time, so that what else the machine does counts for little. µs */
static gint64
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* GB/s over duration µs. */
static double
measure (Bench *b, void (*cross) (Bench *b), gint64 duration)
{
  gint64 start = get_time ();
  gint64 elapsed;
  guint64 bytes = 0;

  do
    {
      for (guint i = 0; i < 16; i++)
        cross (b);
      bytes += 16 * BLOCK_SIZE;
      elapsed = get_time () - start;
    }
  while (elapsed < duration);
  g_assert_cmpmem (b->received, BLOCK_SIZE, b->data, BLOCK_SIZE);
  return (double) bytes / (double) elapsed / 1000;
}

static ssize_t
push (gnutls_transport_ptr_t fd, const void *bytes, size_t size)
{
  return send (GPOINTER_TO_INT (fd), bytes, size, MSG_NOSIGNAL);
}

static ssize_t
pull (gnutls_transport_ptr_t fd, void *bytes, size_t size)
{
  return recv (GPOINTER_TO_INT (fd), bytes, size, 0);
}

static void
use_socket (GnutlsSide *side, GSocket *socket)
{
  gnutls_transport_set_push_function (side->session, push);
  gnutls_transport_set_pull_function (side->session, pull);
  gnutls_transport_set_ptr (side->session, GINT_TO_POINTER (g_socket_get_fd (socket)));
}

/* From now on this bench's bytes go through TCP. */
static void
connect_sockets (Bench *b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any_port = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) listener = NULL;

  listener =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (listener, any_port, FALSE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  address = g_socket_get_local_address (listener, &error);
  g_assert_no_error (error);
  b->client_socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_connect (b->client_socket, address, NULL, NULL));
  b->server_socket = g_socket_accept (listener, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (g_socket_get_fd (b->client_socket), FALSE, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (g_socket_get_fd (b->server_socket), FALSE, NULL));
  /* A block must fit: one thread writes and then reads. */
  g_assert_true (
      g_socket_set_option (b->client_socket, SOL_SOCKET, SO_SNDBUF, 4 * BLOCK_SIZE, NULL));
  g_assert_true (
      g_socket_set_option (b->server_socket, SOL_SOCKET, SO_RCVBUF, 4 * BLOCK_SIZE, NULL));
  if (b->client == NULL)
    {
      use_socket (&b->pair->client, b->client_socket);
      use_socket (&b->pair->server, b->server_socket);
    }
}

static TlsHandoffRecordLayer *
import (GnutlsSide *side, const HandoffCipherSuite *suite)
{
  g_autoptr (HandoffKeyState) state = gnutls_side_get_state (side, suite);

  return record_test_import (state);
}

static void
run_transport (const char *name, Bench *gnutls, Bench *layers, gboolean quick)
{
  const guint rounds = quick ? 1 : 5;
  const gint64 duration = quick ? 1000 : 200 * 1000;
  double best_gnutls = 0;
  double best_layers = 0;

  /* In turn, so that both see the same machine. */
  for (guint i = 0; i < rounds; i++)
    {
      best_gnutls = MAX (best_gnutls, measure (gnutls, cross_gnutls, duration));
      best_layers = MAX (best_layers, measure (layers, cross_layers, duration));
    }
  printf ("  %-8s %6.2f %6.2f   %5.2f\n", name, best_layers, best_gnutls,
          best_layers / best_gnutls);
  fflush (stdout);
}

static void
run (const HandoffCipherSuite *suite, gboolean mac_then_encrypt, gboolean quick)
{
  const char *modifiers = mac_then_encrypt ? ":%NO_ETM" : "";
  g_autoptr (GBytes) data = record_test_data (BLOCK_SIZE);
  Bench gnutls = { NULL };
  Bench layers = { NULL };

  gnutls.pair = gnutls_pair_new_with (suite, modifiers);
  layers.pair = gnutls_pair_new_with (suite, modifiers);
  layers.client = import (&layers.pair->client, suite);
  layers.server = import (&layers.pair->server, suite);
  layers.buffer_size = tls_handoff_record_layer_get_protected_size (layers.client, BLOCK_SIZE);
  layers.records = g_malloc (layers.buffer_size);
  layers.received = g_malloc (layers.buffer_size);
  gnutls.received = g_malloc (BLOCK_SIZE);
  gnutls.data = layers.data = (guint8 *) g_bytes_get_data (data, NULL);

  printf ("%s%s\n", suite->name, mac_then_encrypt ? ", MAC then encrypt" : "");
  run_transport ("memory", &gnutls, &layers, quick);
  connect_sockets (&gnutls);
  connect_sockets (&layers);
  run_transport ("TCP", &gnutls, &layers, quick);

  g_object_unref (layers.client);
  g_object_unref (layers.server);
  g_object_unref (layers.client_socket);
  g_object_unref (layers.server_socket);
  g_object_unref (gnutls.client_socket);
  g_object_unref (gnutls.server_socket);
  g_free (layers.records);
  g_free (layers.received);
  g_free (gnutls.received);
  gnutls_pair_free (gnutls.pair);
  gnutls_pair_free (layers.pair);
}

int
main (int argc, char **argv)
{
  gboolean quick = argc == 2 && g_str_equal (argv[1], "--quick");
  gsize n;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n);

  printf ("GB/s       %6s %6s   %5s\n", "ours", "GnuTLS", "ratio");
  for (gsize i = 0; i < n; i++)
    {
      gboolean wanted;

      if (argc > 1 && !quick)
        wanted = g_strv_contains ((const char *const *) argv + 1, suites[i].name);
      else
        /* Certificates and key exchanges make no difference here. */
        wanted = suites[i].kx == GNUTLS_KX_UNKNOWN || suites[i].kx == GNUTLS_KX_ECDHE_ECDSA;
      if (wanted)
        run (&suites[i], FALSE, quick);
      if (wanted && handoff_cipher_suite_is_cbc (&suites[i]))
        run (&suites[i], TRUE, quick);
    }
  return 0;
}
