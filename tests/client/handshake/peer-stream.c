/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a handshake in steps asks of its peer's stream, with nobody else at either end. */

#include "handshake/peer-stream.h"

#include <sys/socket.h>

#include "keyblob/tls-handoff-error.h"

typedef struct
{
  HandoffPeerStream stream;
  GSocket *peer; /* (owned) */
  guint n_sent;
  guint n_received;
  guint n_silent;
  GString *received;
  GError *error; /* (owned) (nullable): of the last operation */
} Handshake;

static void
sent (GTask *task, GError *error)
{
  Handshake *handshake = g_task_get_task_data (task);

  handshake->n_sent++;
  g_clear_error (&handshake->error);
  handshake->error = error;
}

static void
received (GTask *task, const guint8 *data, gsize size, GError *error)
{
  Handshake *handshake = g_task_get_task_data (task);

  handshake->n_received++;
  g_string_append_len (handshake->received, (const char *) data, size);
  g_clear_error (&handshake->error);
  handshake->error = error;
}

static void
silent (GTask *task)
{
  Handshake *handshake = g_task_get_task_data (task);

  handshake->n_silent++;
}

static const HandoffPeerStreamFuncs funcs = { sent, received, silent };

static void
handshake_free (Handshake *handshake)
{
  handoff_peer_stream_clear (&handshake->stream);
  g_object_unref (handshake->peer);
  g_string_free (handshake->received, TRUE);
  g_clear_error (&handshake->error);
  g_free (handshake);
}

static GTask *
new_task (GCancellable *cancellable, Handshake **handshake)
{
  GTask *task = g_task_new (NULL, cancellable, NULL, NULL);
  g_autoptr (GSocket) own = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  own = g_socket_new_from_fd (fds[0], NULL);
  base = g_socket_connection_factory_create_connection (own);
  *handshake = g_new0 (Handshake, 1);
  (*handshake)->peer = g_socket_new_from_fd (fds[1], NULL);
  (*handshake)->received = g_string_new (NULL);
  handoff_peer_stream_init (&(*handshake)->stream, G_IO_STREAM (base), task, &funcs);
  g_task_set_task_data (task, *handshake, (GDestroyNotify) handshake_free);
  /* It never returns: that is the handshake's. */
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

static void
end_task (GTask *task)
{
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
wait_for (const guint *counter, guint n)
{
  while (*counter < n)
    g_main_context_iteration (NULL, TRUE);
}

/* More than a socket takes. */
static GBytes *
new_output (void)
{
  const gsize size = 16 * 1024 * 1024;

  return g_bytes_new_take (g_malloc0 (size), size);
}

/* Breaks if a peer that takes nothing is waited for, or that is told as somebody's cancellation. */
static void
test_send_timeout (void)
{
  Handshake *handshake;
  GTask *task = new_task (NULL, &handshake);
  g_autoptr (GBytes) output = new_output ();

  handoff_peer_stream_send (&handshake->stream, output, 0);
  wait_for (&handshake->n_sent, 1);
  g_assert_error (handshake->error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  end_task (task);
}

/* Breaks if the caller's cancellation does not end a send, or is told as a peer that is slow. */
static void
test_send_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Handshake *handshake;
  GTask *task = new_task (cancellable, &handshake);
  g_autoptr (GBytes) output = new_output ();

  handoff_peer_stream_send (&handshake->stream, output, G_MAXUINT);
  g_assert_cmpuint (handshake->n_sent, ==, 0);
  g_cancellable_cancel (cancellable);
  wait_for (&handshake->n_sent, 1);
  g_assert_error (handshake->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  end_task (task);
}

/* Breaks if silence ends the read, which may lose what it got, or if a second read begins beside
 * it, or if sending has to wait for it. */
static void
test_read_goes_on (void)
{
  Handshake *handshake;
  GTask *task = new_task (NULL, &handshake);
  g_autoptr (GBytes) output = g_bytes_new_static ("hello", 5);
  char buffer[16];

  handoff_peer_stream_receive (&handshake->stream, 0);
  wait_for (&handshake->n_silent, 1);
  handoff_peer_stream_receive (&handshake->stream, 0);
  wait_for (&handshake->n_silent, 2);
  g_assert_true (handshake->stream.reading);
  handoff_peer_stream_send (&handshake->stream, output, G_MAXUINT);
  wait_for (&handshake->n_sent, 1);
  g_assert_no_error (handshake->error);
  g_assert_cmpint (g_socket_receive (handshake->peer, buffer, sizeof buffer, NULL, NULL), ==, 5);

  handoff_peer_stream_receive (&handshake->stream, G_MAXUINT);
  g_assert_cmpuint (handshake->n_received, ==, 0);
  g_assert_cmpint (g_socket_send (handshake->peer, "answer", 6, NULL, NULL), ==, 6);
  wait_for (&handshake->n_received, 1);
  g_assert_no_error (handshake->error);
  g_assert_cmpstr (handshake->received->str, ==, "answer");
  g_assert_false (handshake->stream.reading);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (handshake->n_received, ==, 1);
  g_assert_cmpuint (handshake->n_silent, ==, 2);
  end_task (task);
}

/* Breaks if a read that is stopped does not end, or the end of the stream is told as an error. */
static void
test_read_ends (void)
{
  Handshake *handshake;
  GTask *task = new_task (NULL, &handshake);

  handoff_peer_stream_receive (&handshake->stream, G_MAXUINT);
  handoff_peer_stream_stop_reading (&handshake->stream);
  wait_for (&handshake->n_received, 1);
  g_assert_error (handshake->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  handoff_peer_stream_receive (&handshake->stream, G_MAXUINT);
  g_assert_true (g_socket_shutdown (handshake->peer, FALSE, TRUE, NULL));
  wait_for (&handshake->n_received, 2);
  g_assert_no_error (handshake->error);
  g_assert_cmpuint (handshake->received->len, ==, 0);
  end_task (task);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peer-stream/send/timeout", test_send_timeout);
  g_test_add_func ("/peer-stream/send/cancelled", test_send_cancelled);
  g_test_add_func ("/peer-stream/read/goes-on", test_read_goes_on);
  g_test_add_func ("/peer-stream/read/ends", test_read_ends);
  return g_test_run ();
}
