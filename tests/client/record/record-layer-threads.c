/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* One thread writes while another reads, with key updates in both directions, the reader owing
 * answers to the writer. Run under TSan or helgrind, it shows data races and wrong lock order. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/record-test-utils.h"

#define DATA_SIZE (2 * 1024 * 1024)
#define CHUNK_SIZE 5000
#define N_KEY_UPDATES 6 /* as many as a peer may send in a second */

typedef struct
{
  TlsHandoffRecordLayer *layer;
  RecordPeer peer;
  int out[2]; /* layer to peer */
  int in[2];  /* peer to layer */
  GBytes *data;
  gboolean tls13;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (HandoffKeyState) state = record_test_state_new (data, HANDOFF_ROLE_CLIENT);

  f->tls13 = state->protocol == 0x0304;
  /* Our own key update comes in the middle. */
  state->write.sequence_number = (1 << 23) - 200;
  state->encrypt_then_mac = FALSE;
  f->layer = record_test_import (state);
  record_peer_init (&f->peer, state);
  f->data = record_test_data (DATA_SIZE);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->out), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->in), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->layer);
  g_bytes_unref (f->data);
  for (guint i = 0; i < 2; i++)
    {
      close (f->out[i]);
      close (f->in[i]);
    }
}

static void
write_all (int fd, const guint8 *bytes, gsize size)
{
  while (size > 0)
    {
      ssize_t n = write (fd, bytes, size);

      g_assert_cmpint (n, >, 0);
      bytes += n;
      size -= n;
    }
}

static void
read_all (int fd, guint8 *bytes, gsize size)
{
  while (size > 0)
    {
      ssize_t n = read (fd, bytes, size);

      g_assert_cmpint (n, >, 0);
      bytes += n;
      size -= n;
    }
}

static gpointer
layer_writes (gpointer user_data)
{
  Fixture *f = user_data;
  const guint8 *data = g_bytes_get_data (f->data, NULL);

  for (gsize done = 0; done < DATA_SIZE;)
    {
      guint8 records[2 * CHUNK_SIZE];
      g_autoptr (GError) error = NULL;
      gsize consumed;
      gsize size;

      tls_handoff_record_layer_protect (f->layer, data + done, MIN (CHUNK_SIZE, DATA_SIZE - done),
                                        &consumed, records, sizeof records, &size, &error);
      g_assert_no_error (error);
      write_all (f->out[0], records, size);
      done += consumed;
    }
  return NULL;
}

static gpointer
layer_reads (gpointer user_data)
{
  Fixture *f = user_data;
  const guint8 *data = g_bytes_get_data (f->data, NULL);
  gsize in_buffer = 0;
  guint8 buffer[40000];

  for (gsize done = 0; done < DATA_SIZE;)
    {
      g_autoptr (GError) error = NULL;
      TlsHandoffRecordStatus status;
      ssize_t n = read (f->in[1], buffer + in_buffer, sizeof buffer - in_buffer);
      gsize consumed;
      gsize size;

      g_assert_cmpint (n, >, 0);
      in_buffer += n;
      tls_handoff_record_layer_unprotect (f->layer, buffer, in_buffer, &consumed, &size, &status,
                                          &error);
      g_assert_no_error (error);
      g_assert_cmpmem (buffer, size, data + done, size);
      done += size;
      in_buffer -= consumed;
      memmove (buffer, buffer + consumed, in_buffer);
    }
  return NULL;
}

static gpointer
peer_writes (gpointer user_data)
{
  static const guint8 update_requested[5] = { 24, 0, 0, 1, 1 };
  Fixture *f = user_data;
  RecordPeer peer = f->peer;
  const guint8 *data = g_bytes_get_data (f->data, NULL);
  gsize next_update = 0;

  for (gsize done = 0; done < DATA_SIZE;)
    {
      g_autoptr (GByteArray) records = g_byte_array_new ();
      gsize chunk = MIN (CHUNK_SIZE, DATA_SIZE - done);

      if (f->tls13 && done >= next_update)
        {
          record_peer_seal (&peer, 22, update_requested, 5, 0, records);
          record_peer_update (&peer, &peer.state);
          next_update += DATA_SIZE / N_KEY_UPDATES;
        }
      record_peer_seal (&peer, 23, data + done, chunk, 0, records);
      write_all (f->in[0], records->data, records->len);
      done += chunk;
    }
  return NULL;
}

/* Returns the number of key updates. */
static gpointer
peer_reads (gpointer user_data)
{
  Fixture *f = user_data;
  RecordPeer peer = f->peer;
  const guint8 *data = g_bytes_get_data (f->data, NULL);
  guint n_updates = 0;

  for (gsize done = 0; done < DATA_SIZE;)
    {
      guint8 record[5 + 16384 + 256];
      const guint8 *next = record;
      g_autoptr (GBytes) content = NULL;
      const guint8 *bytes;
      guint8 type;
      gsize size;

      read_all (f->out[1], record, 5);
      size = record[3] << 8 | record[4];
      g_assert_cmpuint (size, <=, 16384 + 256);
      read_all (f->out[1], record + 5, size);
      size += 5;
      content = record_peer_open (&peer, &next, &size, &type);
      bytes = g_bytes_get_data (content, &size);
      if (type == 22)
        {
          record_peer_update (&peer, &peer.read);
          n_updates++;
          continue;
        }
      g_assert_cmpuint (type, ==, 23);
      g_assert_cmpmem (bytes, size, data + done, size);
      done += size;
    }
  return GUINT_TO_POINTER (n_updates);
}

static void
test_both_ways (Fixture *f, gconstpointer data)
{
  GThread *threads[] = {
    g_thread_new ("layer-writes", layer_writes, f),
    g_thread_new ("layer-reads", layer_reads, f),
    g_thread_new ("peer-writes", peer_writes, f),
  };
  guint n_updates = GPOINTER_TO_UINT (peer_reads (f));

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  /* Its own, at least; how many answers go out depends on which thread is ahead. */
  g_assert_cmpuint (n_updates, >=, f->tls13 ? 1 : 0);
  g_assert_cmpuint (n_updates, <=, f->tls13 ? 1 + N_KEY_UPDATES : 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/record-layer/threads/both-ways", Fixture,
              record_test_suite (0x0304, HANDOFF_NONCE_XOR), set_up, test_both_ways, tear_down);
  g_test_add ("/record-layer/threads/cbc", Fixture,
              record_test_suite (0x0303, HANDOFF_NONCE_RANDOM_IV), set_up, test_both_ways,
              tear_down);
  return g_test_run ();
}
