/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Records from a byte stream into data. */

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/record-stream-fixture.h"

/* Breaks if a record is lost that arrives in pieces, or together with others. */
static void
test_read_in_pieces (StreamFixture *f, gconstpointer unused)
{
  static const gsize pieces[] = { 1, 4093, 16384, G_MAXSIZE };
  g_autoptr (GBytes) bytes = record_test_data (200 * 1000);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *received = g_malloc (size);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize n_received = 0;

      record_test_protect (f->peer, data, size, f->wire.incoming);
      f->wire.largest_read = pieces[i];
      while (n_received < size)
        {
          gssize n = stream_fixture_read (f, received + n_received, size - n_received, &error);

          g_assert_no_error (error);
          n_received += n;
        }
      g_assert_cmpmem (received, n_received, data, size);
      g_assert_false (handoff_record_stream_can_read (f->stream));
      g_assert_cmpint (stream_fixture_read (f, received, 1, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    }
}

/* A reader's memory, of which all but the first n bytes are as they were before, or wiped. */
static void
assert_untouched (const guint8 *buffer, gsize n, gsize size, gboolean may_be_wiped)
{
  for (gsize i = n; i < size; i++)
    g_assert_true (buffer[i] == 0xee || (may_be_wiped && buffer[i] == 0));
}

/* Breaks if data goes elsewhere than to the reader, or in another order, where some of it goes
 * there at once, some is too large for what room is left, and some has to wait. */
static void
test_read_sizes (StreamFixture *f, gconstpointer unused)
{
  static const gsize records[] = { 1, 64, 16384, 16383, 5000, 1, 16384, 16384, 300, 16384 };
  static const gsize reads[] = { 64, 1, 16384, 65, 1000 * 1000, 16385, 40 * 1000 };
  g_autoptr (GBytes) bytes = record_test_data (1000 * 1000);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  g_autofree guint8 *received = g_malloc (1000 * 1000 + 1);
  gsize n_sent = 0;
  gsize n_received = 0;

  for (guint i = 0; n_sent < 1000 * 1000; i++)
    {
      const gsize size = MIN (records[i % G_N_ELEMENTS (records)], 1000 * 1000 - n_sent);

      record_test_protect (f->peer, data + n_sent, size, f->wire.incoming);
      n_sent += size;
    }
  for (guint i = 0; n_received < n_sent; i++)
    {
      g_autoptr (GError) error = NULL;
      const gsize size = MIN (reads[i % G_N_ELEMENTS (reads)], n_sent - n_received);
      gssize n;

      /* Nothing is written behind what is read. */
      memset (received + n_received, 0xee, size + 1);
      n = stream_fixture_read (f, received + n_received, size, &error);
      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      g_assert_cmpint (n, <=, size);
      assert_untouched (received + n_received, (gsize) n, size + 1, FALSE);
      n_received += (gsize) n;
    }
  g_assert_cmpmem (received, n_received, data, n_sent);
}

/* Breaks if an application's buffer gets what is not its data: content of a record that was
 * refused, or of a message to the layer, such as a ticket; of a small one, not even a zero. data:
 * how large it is */
static void
test_read_data_only (StreamFixture *f, gconstpointer data)
{
  const gsize ticket_size = GPOINTER_TO_SIZE (data);
  const gboolean is_large = ticket_size > 4096;
  const gsize buffer_size = 100 * 1000;
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autofree guint8 *ticket = g_malloc (ticket_size);
  g_autofree guint8 *buffer = g_malloc (buffer_size);
  g_autoptr (GBytes) tickets = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 head[] = {
    4, 0, (guint8) ((ticket_size + 13) >> 8), (guint8) (ticket_size + 13), 0, 0, 14, 16, 1, 2, 3,
    4, 0, (guint8) (ticket_size >> 8),        (guint8) ticket_size
  };

  memset (ticket, 0x77, ticket_size);
  g_byte_array_append (message, head, sizeof head);
  g_byte_array_append (message, ticket, (guint) ticket_size);
  g_byte_array_append (message, (const guint8 *) "\0\0", 2);
  record_peer_seal (&f->raw_peer, 22, message->data, message->len, 0, f->wire.incoming);
  memset (buffer, 0xee, buffer_size);
  g_assert_cmpint (stream_fixture_read (f, buffer, buffer_size, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  tickets = tls_handoff_record_layer_take_session_tickets (f->layer);
  g_assert_cmpmem (g_bytes_get_data (tickets, NULL), g_bytes_get_size (tickets), message->data,
                   message->len);
  assert_untouched (buffer, 0, buffer_size, is_large);

  /* Padding is no data, either. */
  record_peer_seal (&f->raw_peer, 23, ticket, ticket_size, 100, f->wire.incoming);
  memset (buffer, 0xee, buffer_size);
  g_assert_cmpint (stream_fixture_read (f, buffer, buffer_size, &error), ==, ticket_size);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, ticket_size, ticket, ticket_size);
  assert_untouched (buffer, ticket_size, buffer_size, is_large);

  record_peer_seal (&f->raw_peer, 23, "first", 5, 0, f->wire.incoming);
  record_peer_seal (&f->raw_peer, 23, ticket, ticket_size, 0, f->wire.incoming);
  f->wire.incoming->data[f->wire.incoming->len - 1] ^= 1;
  memset (buffer, 0xee, buffer_size);
  g_assert_cmpint (stream_fixture_read (f, buffer, buffer_size, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 5, "first", 5);
  assert_untouched (buffer, 5, buffer_size, is_large);
  g_assert_cmpint (stream_fixture_read (f, buffer, buffer_size, &error), ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);
}

/* Breaks if what came with the handshake is lost, or waits for more to come. */
static void
test_read_given (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (20 * 1000);
  g_autoptr (GBytes) given = NULL;
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  guint8 buffer[20 * 1000];
  g_autoptr (GError) error = NULL;
  gsize first_size;

  record_test_protect (f->peer, data, 10, f->wire.incoming);
  first_size = f->wire.incoming->len;
  record_test_protect (f->peer, data + 10, 19990, f->wire.incoming);

  /* The first record and the begin of the second. */
  given = g_bytes_new (f->wire.incoming->data, first_size + 1000);
  g_byte_array_remove_range (f->wire.incoming, 0, first_size + 1000);
  handoff_record_stream_give_input (f->stream, given);

  g_assert_true (handoff_record_stream_can_read (f->stream));
  g_assert_cmpint (stream_fixture_read (f, buffer, sizeof buffer, &error), ==, 10);
  g_assert_no_error (error);
  g_assert_false (handoff_record_stream_can_read (f->stream));
  g_assert_cmpint (stream_fixture_read (f, buffer + 10, sizeof buffer - 10, &error), ==, 19990);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, sizeof buffer, data, sizeof buffer);
}

/* Breaks if the stream takes in more than a key blob has room for. */
static void
test_read_bounded (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (300 * 1000);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  g_autoptr (GError) error = NULL;
  gsize sent, n_read = 0;
  gsize most = 0;

  record_test_protect (f->peer, data, 300 * 1000, f->wire.incoming);
  sent = f->wire.incoming->len;
  while (n_read < 300 * 1000)
    {
      guint8 buffer[1000];
      gsize taken;
      gssize n = stream_fixture_read (f, buffer, sizeof buffer, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (buffer, n, data + n_read, n);
      n_read += n;
      taken = sent - f->wire.incoming->len;
      most = MAX (most, taken - n_read);
    }
  /* Some KiB of what was taken are headers and tags of records read before. */
  g_assert_cmpuint (most, >, 32 * 1024);
  g_assert_cmpuint (most, <=, HANDOFF_KEY_BLOB_MAX_SIZE - 2 * 1024 + 20 * 22);
}

/* Breaks if a forged record discards the data before it, or is noticed only when more comes. */
static void
test_read_before_forgery (StreamFixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (100);
  g_autoptr (GBytes) alert = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;
  guint8 buffer[1000];
  guint8 type;

  record_test_protect (f->peer, g_bytes_get_data (bytes, NULL), 100, f->wire.incoming);
  record_test_protect (f->peer, g_bytes_get_data (bytes, NULL), 100, f->wire.incoming);
  f->wire.incoming->data[f->wire.incoming->len - 1] ^= 1;

  g_assert_cmpint (stream_fixture_read (f, buffer, sizeof buffer, &error), ==, 100);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 100, g_bytes_get_data (bytes, NULL), 100);
  g_assert_true (handoff_record_stream_can_read (f->stream));
  g_assert_cmpint (stream_fixture_read (f, buffer, sizeof buffer, &error), ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_RECORD_INVALID);

  /* The peer is told: bad_record_mac. */
  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  alert = record_peer_open (&f->raw_peer, &sent, &sent_size, &type);
  g_assert_cmpuint (type, ==, 21);
  g_assert_cmpmem (g_bytes_get_data (alert, NULL), g_bytes_get_size (alert), "\2\24", 2);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if an end without close_notify looks like one with it, or the other way round. */
static void
test_read_ends (StreamFixture *f, gconstpointer data)
{
  gboolean clean = GPOINTER_TO_INT (data);
  g_autoptr (GBytes) close_notify = NULL;
  g_autoptr (GError) error = NULL;
  guint8 buffer[10];

  record_test_protect (f->peer, (const guint8 *) "last", 4, f->wire.incoming);
  if (clean)
    {
      g_assert_true (tls_handoff_record_layer_close (f->peer, &error));
      close_notify = tls_handoff_record_layer_take_output (f->peer);
      g_byte_array_append (f->wire.incoming, g_bytes_get_data (close_notify, NULL),
                           g_bytes_get_size (close_notify));
    }
  f->wire.ended = TRUE;

  g_assert_cmpint (stream_fixture_read (f, buffer, sizeof buffer, &error), ==, 4);
  g_assert_no_error (error);
  if (clean)
    {
      g_assert_cmpint (stream_fixture_read (f, buffer, sizeof buffer, &error), ==, 0);
      g_assert_no_error (error);
    }
  else
    {
      g_assert_cmpint (stream_fixture_read (f, buffer, sizeof buffer, &error), ==, -1);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
    }
  g_assert_true (handoff_record_stream_is_at_end (f->stream));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/record-stream/" path, StreamFixture, data, stream_fixture_set_up, func,            \
              stream_fixture_tear_down)
  ADD ("read/in-pieces", NULL, test_read_in_pieces);
  ADD ("read/sizes", NULL, test_read_sizes);
  ADD ("read/data-only", GSIZE_TO_POINTER (20), test_read_data_only);
  ADD ("read/data-only-large", GSIZE_TO_POINTER (8000), test_read_data_only);
  ADD ("read/given", NULL, test_read_given);
  ADD ("read/bounded", NULL, test_read_bounded);
  ADD ("read/before-forgery", NULL, test_read_before_forgery);
  ADD ("read/closed", GINT_TO_POINTER (TRUE), test_read_ends);
  ADD ("read/truncated", GINT_TO_POINTER (FALSE), test_read_ends);
  return g_test_run ();
}
