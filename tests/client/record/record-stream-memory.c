/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Data that was received and not read is gone with the stream that had it. */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyblob/secret-memory.h"
#include "memory-search.h"
#include "record/record-stream.h"
#include "support/record-test-utils.h"

#define SECRET_SIZE 32
#define N_COPIES 256 /* in each of the records */
#define N_RECORDS 2

/* What the peer sends, known masked. */
static void
get_masked (guint8 masked[SECRET_SIZE])
{
  for (guint i = 0; i < SECRET_SIZE; i++)
    masked[i] = (guint8) (0x31 + 7 * i);
}

/* The peer, in a process of its own, which alone has the data in its memory. */
static void
send_records (const HandoffKeyState *state, int fd)
{
  g_autoptr (GByteArray) records = g_byte_array_new ();
  guint8 data[SECRET_SIZE * N_COPIES];
  RecordPeer peer;

  for (guint i = 0; i < N_COPIES; i++)
    get_masked (data + i * SECRET_SIZE);
  memory_mask (data, sizeof data);
  record_peer_init (&peer, state);
  for (guint i = 0; i < N_RECORDS; i++)
    record_peer_seal (&peer, 23, data, sizeof data, 0, records);
  while (records->len > 0)
    {
      gssize n = write (fd, records->data, records->len);

      if (n < 0)
        _exit (1);
      g_byte_array_remove_range (records, 0, (guint) n);
    }
  _exit (0);
}

/* (transfer full) */
static GByteArray *
receive_records (const HandoffKeyState *state)
{
  GByteArray *records = g_byte_array_new ();
  guint8 buffer[4096];
  int fds[2], status;
  gssize n;
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0)
    send_records (state, fds[1]);
  close (fds[1]);
  while ((n = read (fds[0], buffer, sizeof buffer)) > 0)
    g_byte_array_append (records, buffer, (guint) n);
  close (fds[0]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  return records;
}

/* A part of the data is read, which is less than the secret; then the stream is freed.
 * data: GINT_TO_POINTER(1): the second record does not authenticate. */
static void
test_unread (gconstpointer data)
{
  const gboolean is_spoilt = GPOINTER_TO_INT (data);
  g_autoptr (HandoffKeyState) state =
      record_test_state_new (record_test_suite (0x0304, HANDOFF_NONCE_XOR), HANDOFF_ROLE_CLIENT);
  g_autoptr (GByteArray) records = receive_records (state);
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GError) error = NULL;
  HandoffRecordStream *stream;
  guint8 masked[SECRET_SIZE];
  guint8 buffer[SECRET_SIZE / 2];

  get_masked (masked);
  if (is_spoilt)
    records->data[records->len - 1] ^= 1;
  layer = record_test_import (state);
  input = g_memory_input_stream_new_from_data (records->data, (gssize) records->len, NULL);
  base = g_simple_io_stream_new (input, output);
  stream = handoff_record_stream_new (base, layer);
  g_assert_cmpint (handoff_record_stream_read (stream, buffer, sizeof buffer, FALSE, NULL, &error),
                   ==, sizeof buffer);
  g_assert_no_error (error);
  /* The search finds what is there: of a record that was refused, nothing. */
  g_assert_cmpuint (memory_search (masked, sizeof masked), >=, N_COPIES - 1);
  if (is_spoilt)
    g_assert_cmpuint (memory_search (masked, sizeof masked), <, 2 * N_COPIES - 1);

  handoff_record_stream_free (stream);
  g_assert_cmpuint (memory_search (masked, sizeof masked), ==, 0);
}

/* Unread data that came with a key blob is gone when the one who took it frees it. */
static void
test_handed_on (void)
{
  g_autoptr (HandoffKeyState) state =
      record_test_state_new (record_test_suite (0x0304, HANDOFF_NONCE_XOR), HANDOFF_ROLE_CLIENT);
  g_autoptr (TlsHandoffRecordLayer) first = record_test_import (state);
  g_autoptr (TlsHandoffRecordLayer) second = NULL;
  guint8 masked[SECRET_SIZE];
  guint8 secret[SECRET_SIZE];
  GBytes *unread, *taken;

  get_masked (masked);
  memcpy (secret, masked, sizeof secret);
  memory_mask (secret, sizeof secret);
  unread = g_bytes_new_static (secret, sizeof secret);
  second = record_test_hand_on (first, unread, NULL);
  g_bytes_unref (unread);
  taken = tls_handoff_record_layer_take_unread_data (second);
  g_assert_cmpmem (g_bytes_get_data (taken, NULL), g_bytes_get_size (taken), secret, sizeof secret);
  handoff_wipe (secret, sizeof secret);
  g_assert_cmpuint (memory_search (masked, sizeof masked), ==, 1);
  g_bytes_unref (taken);
  g_assert_cmpuint (memory_search (masked, sizeof masked), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/record-stream-memory/unread", GINT_TO_POINTER (FALSE), test_unread);
  g_test_add_data_func ("/record-stream-memory/refused", GINT_TO_POINTER (TRUE), test_unread);
  g_test_add_func ("/record-stream-memory/handed-on", test_handed_on);
  return g_test_run ();
}
