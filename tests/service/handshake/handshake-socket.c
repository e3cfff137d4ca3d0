/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Handshakes on sockets whose peer does not do its part. The same worker has other handshakes, too.
 */

#include "config.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "key/gnutls-support.h"
#include "keyblob/hpke.h"
#include "keyblob/tls-handoff-error.h"
#include "support/client-handshake-fixture.h"
#include "support/test-clock.h"
#include "work/descriptor-reaper.h"

#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* Another handshake, on the fixture's worker. */
typedef struct
{
  int ours; /* -1 once it is the handshake's; it has the caller's flags: it blocks */
  int peers;
  gsize n_filled; /* unread bytes before the handshake's own */
  HandoffHandshake *handshake;
  HandoffHandshakeProgress *progress;
  gboolean has_ended;
} OnSocket;

static void
ended (gpointer user_data)
{
  ((OnSocket *) user_data)->has_ended = TRUE;
}

static void
progressed (HandoffHandshakeProgress *progress, gpointer user_data)
{
  ((OnSocket *) user_data)->progress = progress;
}

/* A worker that waits for a peer would never end this test. */
static gboolean
give_up (gpointer data)
{
  g_error ("The worker is held up by a peer");
  return G_SOURCE_REMOVE;
}

/* fd: (transfer full) */
static void
begin_on (
    OnSocket *self, ClientTest *f, int fd, const char *options, const HandoffRecipient *recipient)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed (options));
  g_autoptr (GError) error = NULL;
  HandoffHandshakeRequest *request = handoff_handshake_request_new (
      HANDOFF_ROLE_CLIENT, "other.handoff.test", variant, f->policy, &error);

  g_assert_no_error (error);
  request->fd = fd;
  request->recipient = *recipient;
  self->handshake = handoff_handshake_new (f->worker, NULL, request, ended, NULL, self);
  handoff_handshake_start (self->handshake);
  handoff_handshake_step (self->handshake, NULL, progressed, self);
}

/* The socket has no room: the first byte that the handshake sends would have to wait. */
static void
begin (OnSocket *self, ClientTest *f, const char *options)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffRecipient recipient = { .by_channel = FALSE };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  self->ours = fds[0];
  self->peers = fds[1];
  while (send (self->ours, "", 1, MSG_DONTWAIT) == 1)
    self->n_filled++;
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  begin_on (self, f, self->ours, options, &recipient);
}

static void
clear (OnSocket *self)
{
  handoff_handshake_cancel (self->handshake);
  while (!self->has_ended)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->progress, handoff_handshake_progress_free);
  handoff_handshake_free (self->handshake);
  close (self->peers);
}

/* While a peer does not read, other handshakes go on. When the peer reads again, its own goes on.
 */
static void
test_full_socket (ClientTest *f, gconstpointer data)
{
  OnSocket blocked = { -1 };
  guint watchdog = g_timeout_add_seconds (60, give_up, NULL);
  guint8 byte;
  int code = GNUTLS_E_AGAIN;

  begin (&blocked, f, "@a{sv} {}");
  client_test_begin (f, "other.handoff.test", NULL);
  while (client_test_step (f) == HANDOFF_HANDSHAKE_CONTINUE)
    ;
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_COMPLETE);
  g_assert_null (blocked.progress);
  client_test_end_connection (f);

  while (blocked.n_filled-- > 0)
    g_assert_cmpint (read (blocked.peers, &byte, 1), ==, 1);
  client_test_set_up_server (f, "wrong-name", data);
  g_assert_true (g_unix_set_fd_nonblocking (blocked.peers, TRUE, NULL));
  gnutls_deinit (f->server);
  g_assert_cmpint (gnutls_init (&f->server, GNUTLS_SERVER | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (f->server, data, NULL), ==, 0);
  gnutls_credentials_set (f->server, GNUTLS_CRD_CERTIFICATE, f->credentials);
  gnutls_transport_set_int (f->server, blocked.peers);
  while (blocked.progress == NULL || code == GNUTLS_E_AGAIN)
    {
      if (code == GNUTLS_E_AGAIN)
        code = gnutls_handshake (f->server);
      g_assert_true (code == GNUTLS_E_SUCCESS || !gnutls_error_is_fatal (code));
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpint (code, ==, GNUTLS_E_SUCCESS);
  if (blocked.progress->error != NULL)
    g_assert_no_error (blocked.progress->error);
  g_assert_cmpint (blocked.progress->state, ==, HANDOFF_HANDSHAKE_EXPORTED);
  clear (&blocked);
  g_source_remove (watchdog);
}

static gboolean
note (gpointer data)
{
  g_atomic_int_set ((gint *) data, TRUE);
  return G_SOURCE_REMOVE;
}

/* Returns when the worker has begun with what it was given before. */
static void
wait_for_worker (HandoffWorker *worker)
{
  gint has_begun = FALSE;

  handoff_worker_invoke (worker, note, &has_begun, NULL);
  while (!g_atomic_int_get (&has_begun))
    g_thread_yield ();
}

/* A handshake does not wait for ever. */
static void
test_full_socket_timeout (ClientTest *f, gconstpointer data)
{
  OnSocket blocked = { -1 };
  guint watchdog = g_timeout_add_seconds (60, give_up, NULL);

  /* The socket of the test before would count as one that cannot be closed for so long. */
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  begin (&blocked, f, "{'timeout': <uint32 20>}");
  wait_for_worker (f->worker);
  /* What the cases before left is closed in time of its own. */
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  test_clock_pass (20 * TEST_SECOND - 1);
  wait_for_worker (f->worker);
  test_clock_settle ();
  g_assert_null (blocked.progress);
  test_clock_pass (1);
  while (blocked.progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (blocked.progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (blocked.progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  clear (&blocked);
  g_source_remove (watchdog);
}

/* A server that sends warnings before its hello: 15 are tolerated. Breaks if warnings can go on for
 * as long as the handshake may take, or if a few of them end it. */
static void
test_warnings (ClientTest *f, gconstpointer data)
{
  const guint8 warning[] = { 21, 3, 3, 0, 2, 1, 90 }; /* user_canceled */

  client_test_begin (f, "other.handoff.test", "{'maximum-protocol': <'TLS1.2'>}");
  client_test_step (f);
  for (guint i = 0; i < 15; i++)
    g_byte_array_prepend (f->to_client, warning, sizeof warning);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
  g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_COMPLETE);
  client_test_end_connection (f);

  client_test_set_up_server (f, "wrong-name", data);
  client_test_begin (f, "other.handoff.test", "{'maximum-protocol': <'TLS1.2'>}");
  client_test_step (f);
  g_clear_pointer (&f->server, gnutls_deinit);
  g_byte_array_set_size (f->to_client, 0);
  for (guint i = 0; i < 15; i++)
    {
      g_byte_array_append (f->to_client, warning, sizeof warning);
      g_assert_cmpint (client_test_step (f), ==, HANDOFF_HANDSHAKE_CONTINUE);
    }
  g_byte_array_append (f->to_client, warning, sizeof warning);
  client_test_step (f);
  g_assert_cmpint (f->progress->state, ==, HANDOFF_HANDSHAKE_FAILED);
  g_assert_error (f->progress->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_HANDSHAKE_FAILED);
  /* fatal, unexpected_message */
  g_assert_cmpmem (f->to_server->data + f->to_server->len - 2, 2, "\2\12", 2);
}

/* A TCP connection to itself. */
static void
connect_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &size), ==, 0);
  fds[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fds[0], (struct sockaddr *) &address, size), ==, 0);
  fds[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  g_assert_cmpint (fds[1], >=, 0);
  close (listener);
}

/* Breaks if a flight of the client's goes out piece by piece, and the server wakes up for each. */
static void
test_segments (ClientTest *f, gconstpointer data)
{
  const HandoffRecipient recipient = { .by_channel = TRUE };
  OnSocket tcp = { -1 };
  struct tcp_info info;
  socklen_t size = sizeof info;
  int fds[2], ours, code = GNUTLS_E_AGAIN;
  const int yes = 1;

  connect_pair (fds);
  /* Otherwise the kernel may wait for more by itself. */
  g_assert_cmpint (setsockopt (fds[0], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), ==, 0);
  ours = dup (fds[0]);
  tcp.peers = fds[1];
  gnutls_deinit (f->server);
  gnutls_init (&f->server, GNUTLS_SERVER | GNUTLS_NONBLOCK);
  gnutls_priority_set_direct (f->server, data, NULL);
  gnutls_credentials_set (f->server, GNUTLS_CRD_CERTIFICATE, f->credentials);
  gnutls_transport_set_int (f->server, fds[1]);
  begin_on (&tcp, f, fds[0], "@a{sv} {}", &recipient);
  while (tcp.progress == NULL)
    {
      if (code == GNUTLS_E_AGAIN)
        code = gnutls_handshake (f->server);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpint (tcp.progress->state, ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_cmpint (getsockopt (ours, IPPROTO_TCP, TCP_INFO, &info, &size), ==, 0);
  /* On a busy machine the kernel may send one again. */
  g_assert_cmpuint (info.tcpi_data_segs_out - info.tcpi_total_retrans, ==, 2);
  close (ours);
  clear (&tcp);
}

int
main (int argc, char **argv)
{
  handoff_gnutls_wipe_freed_memory ();
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  g_test_add ("/service/handshake-socket/full/tls1.3", ClientTest, TLS1_3, client_test_set_up,
              test_full_socket, client_test_tear_down);
  g_test_add ("/service/handshake-socket/full/tls1.2", ClientTest, TLS1_2, client_test_set_up,
              test_full_socket, client_test_tear_down);
  g_test_add ("/service/handshake-socket/full/timeout", ClientTest, TLS1_3, client_test_set_up,
              test_full_socket_timeout, client_test_tear_down);
  g_test_add ("/service/handshake-socket/segments/tls1.3", ClientTest, TLS1_3, client_test_set_up,
              test_segments, client_test_tear_down);
  g_test_add ("/service/handshake-socket/segments/tls1.2", ClientTest, TLS1_2, client_test_set_up,
              test_segments, client_test_tear_down);
  g_test_add ("/service/handshake-socket/warnings", ClientTest, TLS1_2, client_test_set_up,
              test_warnings, client_test_tear_down);
  return g_test_run ();
}
