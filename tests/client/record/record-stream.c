/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Data into records over a byte stream, and the answers to what came on it. */

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-stream-fixture.h"

/* Breaks if records that the stream took in part are cut, doubled or reported as written too soon.
 */
static void
test_write_in_pieces (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (300 * 1000);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gsize written = 0;
  guint rounds = 0;

  while (written < size)
    {
      g_autoptr (GError) error = NULL;
      gssize n;

      f->wire.room = 7919; /* no multiple of it is a multiple of a record */
      n = stream_fixture_write (f, data + written, size - written, &error);
      if (n < 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      else
        written += n;
      rounds++;
    }
  g_assert_cmpuint (rounds, >, size / 7919);
  stream_fixture_assert_peer_reads (f, bytes);
}

/* The next write of data, from *written on. */
static void
write_on (StreamFixture *f, GBytes *data, gsize *written)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  gssize n = stream_fixture_write (f, bytes + *written, size - *written, &error);

  if (n < 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  else
    *written += (gsize) n;
}

/* Breaks if batches of a large write are cut, doubled or change places, however much the byte
 * stream takes at once: less than a record, more than what is kept in memory of its own, more than
 * a batch. data: whether the peer limits records. */
static void
test_write_large (StreamFixture *f, gconstpointer data)
{
  static const gsize rooms[] = { 3, 20 * 1000, 150 * 1000, 0, 500 * 1000, 7919 };
  g_autoptr (GBytes) bytes = record_test_data (1024 * 1024 + 1);
  const gsize limit =
      GPOINTER_TO_INT (data) == STREAM_FIXTURE_LIMITED ? STREAM_FIXTURE_MAX_PLAINTEXT : 16384;
  gsize written = 0;
  gsize n_sent = 0;

  for (guint i = 0; written < g_bytes_get_size (bytes); i++)
    {
      f->wire.room = rooms[i % G_N_ELEMENTS (rooms)];
      write_on (f, bytes, &written);
    }
  /* No record is larger than agreed. */
  while (n_sent < f->wire.outgoing->len)
    {
      const guint8 *header = f->wire.outgoing->data + n_sent;
      const gsize fragment_size = (gsize) header[3] << 8 | header[4];

      g_assert_cmpuint (fragment_size, <=, limit + 1 + 16);
      n_sent += 5 + fragment_size;
    }
  stream_fixture_assert_peer_reads (f, bytes);
}

/* Breaks if each write costs a system call where none would block, or if one who waits keeps much.
 */
static void
test_write_batches (StreamFixture *f, gconstpointer unused)
{
  /* What each write takes, in KiB; the last one has to wait. */
  static const gsize batches[] = { 64, 128, 256, 256 };
  g_autoptr (GBytes) bytes = record_test_data (1152 * 1024);
  gsize written = 0;

  for (guint i = 0; i < G_N_ELEMENTS (batches); i++)
    {
      const gsize before = written;

      write_on (f, bytes, &written);
      g_assert_cmpuint (written - before, ==, batches[i] * 1024);
    }
  f->wire.room = 100;
  write_on (f, bytes, &written);
  g_assert_cmpuint (written, ==, 704 * 1024);
  f->wire.room = G_MAXSIZE;
  write_on (f, bytes, &written);
  g_assert_cmpuint (written, ==, 960 * 1024);
  write_on (f, bytes, &written);
  g_assert_cmpuint (written, ==, 1024 * 1024);
  write_on (f, bytes, &written);
  g_assert_cmpuint (written, ==, 1152 * 1024);
  stream_fixture_assert_peer_reads (f, bytes);
}

/* Breaks if new keys come at another place than the peer is told, between batches and while one is
 * under way. */
static void
test_write_key_updates (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (1024 * 1024);
  g_autoptr (GError) error = NULL;
  gsize written = 0;
  guint n_updates = 0;

  while (written < g_bytes_get_size (bytes))
    {
      const gsize before = written;

      if (n_updates < 5)
        {
          g_assert_true (tls_handoff_record_layer_update_keys (f->layer, FALSE, &error));
          g_assert_no_error (error);
          n_updates++;
        }
      f->wire.room = 200 * 1000;
      write_on (f, bytes, &written);
      /* A batch and no more. */
      g_assert_cmpuint (written - before, <=, 256 * 1024);
    }
  g_assert_cmpuint (n_updates, ==, 5);
  stream_fixture_assert_peer_reads (f, bytes);
}

/* Breaks if other data than that of the blocked write is reported as written. */
static void
test_write_other_data (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (1000);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  g_autoptr (GError) error = NULL;

  f->wire.room = 10;
  g_assert_cmpint (stream_fixture_write (f, data, 1000, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  f->wire.room = G_MAXSIZE;
  g_assert_cmpint (stream_fixture_write (f, data, 999, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (stream_fixture_write (f, data, 1000, &error), ==, 1000);
  g_assert_no_error (error);
  stream_fixture_assert_peer_reads (f, bytes);
}

/* KeyUpdate, update_requested (RFC 8446 4.6.3) */
static void
send_key_update_request (StreamFixture *f)
{
  static const guint8 key_update[] = { 24, 0, 0, 1, 1 };

  record_peer_seal (&f->raw_peer, 22, key_update, sizeof key_update, 0, f->wire.incoming);
  record_peer_update (&f->raw_peer, &f->raw_peer.state);
}

/* Whatever came, it was no data. */
static void
assert_read_blocks (StreamFixture *f)
{
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (stream_fixture_read (f, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* Breaks if a peer that asks for new keys has to wait for us to write. */
static void
test_answer_at_once (StreamFixture *f, gconstpointer unused)
{
  const guint8 *sent;
  gsize sent_size;

  send_key_update_request (f);
  assert_read_blocks (f);

  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  stream_fixture_assert_next_record (f, &sent, &sent_size, 22, "\30\0\0\1\0", 5);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if a reader writes to what might block; the answer goes with the next write. */
static void
test_answer_later (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;
  gssize n;

  send_key_update_request (f);
  assert_read_blocks (f);
  g_assert_cmpuint (f->wire.outgoing->len, ==, 0);

  n = handoff_record_stream_write (f->stream, (const guint8 *) "data", 4, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 4);
  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  stream_fixture_assert_next_record (f, &sent, &sent_size, 22, "\30\0\0\1\0", 5);
  record_peer_update (&f->raw_peer, &f->raw_peer.read);
  stream_fixture_assert_next_record (f, &sent, &sent_size, 23, "data", 4);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if the alert that ends the connection waits for ever, since there is no write that could
 * take it along. */
static void
test_alert_later (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;
  guint8 byte;

  record_peer_seal (&f->raw_peer, 99, "what?", 5, 0, f->wire.incoming);
  g_assert_cmpint (stream_fixture_read (f, &byte, 1, &error), ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  g_clear_error (&error);
  g_assert_cmpuint (f->wire.outgoing->len, ==, 0);

  g_assert_cmpint (
      handoff_record_stream_write (f->stream, (const guint8 *) "data", 4, TRUE, NULL, &error), ==,
      -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  stream_fixture_assert_next_record (f, &sent, &sent_size, 21, "\2\12", 2);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if an answer overtakes, or cuts, records that are under way already. */
static void
test_answer_in_order (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;

  f->wire.room = 3;
  g_assert_cmpint (stream_fixture_write (f, (const guint8 *) "before", 6, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  send_key_update_request (f);
  assert_read_blocks (f);

  f->wire.room = G_MAXSIZE;
  g_assert_cmpint (stream_fixture_write (f, (const guint8 *) "before", 6, &error), ==, 6);
  g_assert_cmpint (stream_fixture_write (f, (const guint8 *) "after", 5, &error), ==, 5);
  g_assert_no_error (error);

  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  stream_fixture_assert_next_record (f, &sent, &sent_size, 23, "before", 6);
  stream_fixture_assert_next_record (f, &sent, &sent_size, 22, "\30\0\0\1\0", 5);
  record_peer_update (&f->raw_peer, &f->raw_peer.read);
  stream_fixture_assert_next_record (f, &sent, &sent_size, 23, "after", 5);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if closing loses what is under way, or cannot go on after a full socket. */
static void
test_close_in_pieces (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;

  f->wire.room = 3;
  g_assert_cmpint (stream_fixture_write (f, (const guint8 *) "data", 4, &error), ==, -1);
  g_clear_error (&error);
  g_assert_false (handoff_record_stream_close (f->stream, FALSE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  f->wire.room = G_MAXSIZE;
  g_assert_true (handoff_record_stream_close (f->stream, FALSE, NULL, &error));
  g_assert_no_error (error);

  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  stream_fixture_assert_next_record (f, &sent, &sent_size, 23, "data", 4);
  stream_fixture_assert_next_record (f, &sent, &sent_size, 21, "\1\0", 2);
  g_assert_cmpuint (sent_size, ==, 0);
  g_assert_cmpint (stream_fixture_write (f, (const guint8 *) "data", 4, &error), ==, 4);
  g_assert_cmpint (stream_fixture_write (f, (const guint8 *) "more", 4, &error), ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/record-stream/" path, StreamFixture, data, stream_fixture_set_up, func,            \
              stream_fixture_tear_down)
  ADD ("write/in-pieces", NULL, test_write_in_pieces);
  ADD ("write/large", NULL, test_write_large);
  ADD ("write/large-limited", GINT_TO_POINTER (STREAM_FIXTURE_LIMITED), test_write_large);
  ADD ("write/batches", NULL, test_write_batches);
  ADD ("write/key-updates", NULL, test_write_key_updates);
  ADD ("write/other-data", NULL, test_write_other_data);
  ADD ("answer/at-once", NULL, test_answer_at_once);
  ADD ("answer/later", GINT_TO_POINTER (STREAM_FIXTURE_BLOCKS), test_answer_later);
  ADD ("answer/alert-later", GINT_TO_POINTER (STREAM_FIXTURE_BLOCKS), test_alert_later);
  ADD ("answer/in-order", NULL, test_answer_in_order);
  ADD ("close/in-pieces", NULL, test_close_in_pieces);
  return g_test_run ();
}
