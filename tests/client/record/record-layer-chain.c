/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A connection that goes through five processes, one after the other, while 64 MiB stream through
 * it and both sides change their keys. Each process sends back what it gets; this one is the peer,
 * and compares the SHA-256 of what it sent with that of what came back. */

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/gnutls-pair.h"
#include "keyblob/handoff-names.h"
#include "support/record-test-utils.h"

#define N_PROCESSES 5
#define TOTAL_SIZE (64 * 1024 * 1024)
#define SHARE (TOTAL_SIZE / N_PROCESSES)
#define BUFFER_SIZE (40 * 1024) /* what is unread has to fit into a key blob */
#define CHUNK_SIZE 20000
#define WINDOW (8 * CHUNK_SIZE) /* on its way: fits into the sockets' buffers */

/* One process of the chain. */
typedef struct
{
  TlsHandoffRecordLayer *layer;
  int socket;
  guint8 buffer[BUFFER_SIZE]; /* received, not yet opened */
  gsize in_buffer;
  gsize echoed;
} Link;

static void
write_all (int fd, const guint8 *bytes, gsize size)
{
  while (size > 0)
    {
      ssize_t n = send (fd, bytes, size, MSG_NOSIGNAL);

      g_assert_cmpint (n, >, 0);
      bytes += n;
      size -= n;
    }
}

/* Key blob and socket to the next process. */
static void
send_connection (int control, int blob_fd, int socket)
{
  const int fds[2] = { blob_fd, socket };
  guint8 byte = 0;
  struct iovec data = { &byte, 1 };
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof fds)];
  } ancillary = { 0 };
  struct msghdr message = {
    .msg_iov = &data,
    .msg_iovlen = 1,
    .msg_control = &ancillary,
    .msg_controllen = sizeof ancillary,
  };

  ancillary.header.cmsg_level = SOL_SOCKET;
  ancillary.header.cmsg_type = SCM_RIGHTS;
  ancillary.header.cmsg_len = CMSG_LEN (sizeof fds);
  memcpy (CMSG_DATA (&ancillary.header), fds, sizeof fds);
  g_assert_cmpint (sendmsg (control, &message, MSG_NOSIGNAL), ==, 1);
}

static void
receive_connection (int control, int *blob_fd, int *socket)
{
  int fds[2];
  guint8 byte;
  struct iovec data = { &byte, 1 };
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof fds)];
  } ancillary;
  struct msghdr message = {
    .msg_iov = &data,
    .msg_iovlen = 1,
    .msg_control = &ancillary,
    .msg_controllen = sizeof ancillary,
  };

  g_assert_cmpint (recvmsg (control, &message, MSG_CMSG_CLOEXEC), ==, 1);
  g_assert_cmpuint (ancillary.header.cmsg_len, ==, CMSG_LEN (sizeof fds));
  memcpy (fds, CMSG_DATA (&ancillary.header), sizeof fds);
  *blob_fd = fds[0];
  *socket = fds[1];
}

/* (transfer full) */
static GBytes *
receive_key (int control)
{
  guint8 key[HANDOFF_RECIPIENT_KEY_SIZE];

  g_assert_cmpint (recv (control, key, sizeof key, MSG_WAITALL), ==, sizeof key);
  return g_bytes_new (key, sizeof key);
}

static void
echo (Link *link, const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) records = g_byte_array_new ();

  record_test_protect (link->layer, data, size, records);
  write_all (link->socket, records->data, records->len);
  link->echoed += size;
}

/* Takes over what the process before has left. */
static void
begin (Link *link, int control)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffImportKey) import_key = tls_handoff_import_key_new (&error);
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (import_key);
  g_autoptr (GBytes) unread_data = NULL;
  g_autoptr (GBytes) unread_records = NULL;
  int blob_fd;

  write_all (control, g_bytes_get_data (public_key, NULL), g_bytes_get_size (public_key));
  receive_connection (control, &blob_fd, &link->socket);
  link->layer = tls_handoff_record_layer_new_from_key_blob (import_key, blob_fd, &error);
  g_assert_no_error (error);
  close (blob_fd);

  unread_data = tls_handoff_record_layer_take_unread_data (link->layer);
  if (unread_data != NULL)
    echo (link, g_bytes_get_data (unread_data, NULL), g_bytes_get_size (unread_data));
  unread_records = tls_handoff_record_layer_take_unread_records (link->layer);
  if (unread_records != NULL)
    {
      link->in_buffer = g_bytes_get_size (unread_records);
      g_assert_cmpuint (link->in_buffer, <, BUFFER_SIZE);
      memcpy (link->buffer, g_bytes_get_data (unread_records, NULL), link->in_buffer);
    }
}

/* Reads once and opens what is complete. (transfer full) the data */
static GBytes *
receive (Link *link, TlsHandoffRecordStatus *status)
{
  g_autoptr (GError) error = NULL;
  GBytes *data;
  gsize consumed;
  gsize size;
  ssize_t n;

  n = recv (link->socket, link->buffer + link->in_buffer, BUFFER_SIZE - link->in_buffer, 0);
  g_assert_cmpint (n, >, 0);
  link->in_buffer += n;
  tls_handoff_record_layer_unprotect (link->layer, link->buffer, link->in_buffer, &consumed, &size,
                                      status, &error);
  g_assert_no_error (error);
  data = g_bytes_new (link->buffer, size);
  memmove (link->buffer, link->buffer + consumed, link->in_buffer - consumed);
  link->in_buffer -= consumed;
  return data;
}

/* The last data are left to the next process, with what is still protected. */
static void
hand_on (Link *link, GBytes *unread_data, int control)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = receive_key (control);
  g_autoptr (GBytes) unread_records = g_bytes_new (link->buffer, link->in_buffer);
  int blob_fd;

  blob_fd = tls_handoff_record_layer_export (link->layer, key, unread_data, unread_records, &error);
  g_assert_no_error (error);
  send_connection (control, blob_fd, link->socket);
  close (blob_fd);
}

/* to_next: -1 for the last. */
static void
run_link (int from_previous, int to_next)
{
  g_autofree Link *link = g_new0 (Link, 1);
  TlsHandoffRecordStatus status = TLS_HANDOFF_RECORD_STATUS_DATA;
  gboolean updated = FALSE;

  begin (link, from_previous);
  while (status == TLS_HANDOFF_RECORD_STATUS_DATA)
    {
      g_autoptr (GBytes) data = receive (link, &status);

      if (to_next >= 0 && link->echoed >= SHARE && g_bytes_get_size (data) > 0)
        {
          hand_on (link, data, to_next);
          break;
        }
      if (!updated && link->echoed >= SHARE / 2)
        {
          gboolean can_update = tls_handoff_record_layer_get_protocol_version (link->layer) ==
                                G_TLS_PROTOCOL_VERSION_TLS_1_3;

          g_assert_cmpint (tls_handoff_record_layer_update_keys (link->layer, TRUE, NULL), ==,
                           can_update);
          updated = TRUE;
        }
      echo (link, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
    }
  g_assert_true (updated);
  if (to_next < 0)
    {
      g_autoptr (GBytes) output = NULL;

      g_assert_true (tls_handoff_record_layer_close (link->layer, NULL));
      output = tls_handoff_record_layer_take_output (link->layer);
      write_all (link->socket, g_bytes_get_data (output, NULL), g_bytes_get_size (output));
    }
  g_object_unref (link->layer);
}

/* controls[i]: between the process before and process i. */
static pid_t
start_link (guint i, int controls[N_PROCESSES][2])
{
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid > 0)
    return pid;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (guint j = 0; j < N_PROCESSES; j++)
    {
      if (j != i + 1)
        close (controls[j][0]);
      if (j != i)
        close (controls[j][1]);
    }
  run_link (controls[i][1], i + 1 < N_PROCESSES ? controls[i + 1][0] : -1);
  _exit (0);
}

/* As the service does it. */
static void
hand_to_first (GnutlsSide *side, const HandoffCipherSuite *suite, int control, int socket)
{
  g_autoptr (HandoffKeyState) state = gnutls_side_get_state (side, suite);
  g_autoptr (TlsHandoffRecordLayer) layer = record_test_import (state);
  g_autoptr (GBytes) key = receive_key (control);
  g_autoptr (GError) error = NULL;
  int blob_fd;

  blob_fd = tls_handoff_record_layer_export (layer, key, NULL, NULL, &error);
  g_assert_no_error (error);
  send_connection (control, blob_fd, socket);
  close (blob_fd);
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
receive_echo (GnutlsSide *peer, GChecksum *checksum, gsize *received)
{
  guint8 buffer[20000];
  ssize_t n;

  do
    n = gnutls_record_recv (peer->session, buffer, sizeof buffer);
  while (n == GNUTLS_E_AGAIN);
  g_assert_cmpint (n, >, 0);
  g_checksum_update (checksum, buffer, n);
  *received += n;
}

/* All of the stream, never more than a window ahead of what came back. */
static void
stream (GnutlsSide *peer)
{
  g_autoptr (GChecksum) sent_checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GChecksum) received_checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GBytes) data = record_test_data (1024 * 1024 + 1);
  const guint8 *bytes = g_bytes_get_data (data, NULL);
  gsize sent = 0;
  gsize received = 0;
  gsize next_update = TOTAL_SIZE / 4;

  while (received < TOTAL_SIZE)
    {
      gsize size = MIN (CHUNK_SIZE, TOTAL_SIZE - sent);

      if (size > 0 && sent - received + size <= WINDOW)
        {
          const guint8 *chunk = bytes + sent % (1024 * 1024 - CHUNK_SIZE);

          gnutls_side_send (peer, chunk, size);
          g_checksum_update (sent_checksum, chunk, size);
          sent += size;
          if (sent >= next_update && peer->secret_size > 0)
            {
              g_assert_cmpint (gnutls_session_key_update (peer->session, 0), ==, 0);
              next_update += TOTAL_SIZE / 4;
            }
          continue;
        }
      receive_echo (peer, received_checksum, &received);
    }
  g_assert_cmpuint (received, ==, TOTAL_SIZE);
  g_assert_cmpstr (g_checksum_get_string (sent_checksum), ==,
                   g_checksum_get_string (received_checksum));
}

/* Fails if a byte or a record is lost or doubled anywhere, or a key update gets lost on the way. */
static void
test_chain (gconstpointer data)
{
  const HandoffCipherSuite *suite = data;
  GnutlsPair *pair = gnutls_pair_new (suite);
  GnutlsSide *peer = &pair->server;
  pid_t pids[N_PROCESSES];
  int controls[N_PROCESSES][2];
  int sockets[2];
  guint8 byte;

  for (guint i = 0; i < N_PROCESSES; i++)
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, controls[i]), ==, 0);
  for (guint i = 0; i < N_PROCESSES; i++)
    pids[i] = start_link (i, controls);
  for (guint i = 0; i < N_PROCESSES; i++)
    {
      close (controls[i][1]);
      if (i > 0)
        close (controls[i][0]);
    }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
  hand_to_first (&pair->client, suite, controls[0][0], sockets[1]);
  close (sockets[1]);
  close (controls[0][0]);

  gnutls_transport_set_push_function (peer->session, push);
  gnutls_transport_set_pull_function (peer->session, pull);
  gnutls_transport_set_ptr (peer->session, GINT_TO_POINTER (sockets[0]));
  {
    /* Tickets that were sent to memory. */
    g_autoptr (GByteArray) tickets = gnutls_pipe_take (&pair->client.in);

    write_all (sockets[0], tickets->data, tickets->len);
  }
  stream (peer);
  g_assert_cmpint (gnutls_bye (peer->session, GNUTLS_SHUT_WR), ==, 0);
  g_assert_cmpint (gnutls_record_recv (peer->session, &byte, 1), ==, 0);
  for (guint i = 0; i < N_PROCESSES; i++)
    {
      int status;

      g_assert_cmpint (waitpid (pids[i], &status, 0), ==, pids[i]);
      g_assert_true (WIFEXITED (status));
      g_assert_cmpint (WEXITSTATUS (status), ==, 0);
    }
  close (sockets[0]);
  gnutls_pair_free (pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/record-layer/chain/tls13", record_test_suite (0x0304, HANDOFF_NONCE_XOR),
                        test_chain);
  g_test_add_data_func ("/record-layer/chain/tls12",
                        record_test_suite (0x0303, HANDOFF_NONCE_EXPLICIT), test_chain);
  g_test_add_data_func ("/record-layer/chain/tls12-cbc",
                        record_test_suite (0x0303, HANDOFF_NONCE_RANDOM_IV), test_chain);
  return g_test_run ();
}
