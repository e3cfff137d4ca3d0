/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Records over a byte stream that takes and gives only as much as each test says. */

#include "record/record-stream.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/record-test-utils.h"

/* The byte stream: `incoming` is what can be read now, `room` how much can be written now. */
typedef struct
{
  GByteArray *incoming;
  GByteArray *outgoing;
  gsize room;
  gsize largest_read;
  gboolean ended;
  gboolean blocks; /* it cannot be polled for writing */
} Wire;

#define TEST_TYPE_INPUT (test_input_get_type ())
G_DECLARE_FINAL_TYPE (TestInput, test_input, TEST, INPUT, GInputStream)
struct _TestInput
{
  GInputStream parent_instance;
  Wire *wire;
};
static void test_input_pollable_init (GPollableInputStreamInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestInput,
                               test_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      test_input_pollable_init))

#define TEST_TYPE_OUTPUT (test_output_get_type ())
G_DECLARE_FINAL_TYPE (TestOutput, test_output, TEST, OUTPUT, GOutputStream)
struct _TestOutput
{
  GOutputStream parent_instance;
  Wire *wire;
};
static void test_output_pollable_init (GPollableOutputStreamInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestOutput,
                               test_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      test_output_pollable_init))

static gssize
test_input_read (GPollableInputStream *pollable, void *buffer, gsize size, GError **error)
{
  Wire *wire = TEST_INPUT (pollable)->wire;

  size = MIN (MIN (size, wire->largest_read), wire->incoming->len);
  if (size == 0 && !wire->ended)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing there");
      return -1;
    }
  memcpy (buffer, wire->incoming->data, size);
  g_byte_array_remove_range (wire->incoming, 0, size);
  return size;
}

static void
test_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->read_nonblocking = test_input_read;
}

static void
test_input_class_init (TestInputClass *klass)
{
}

static void
test_input_init (TestInput *self)
{
}

static gssize
test_output_write (GPollableOutputStream *pollable, const void *buffer, gsize size, GError **error)
{
  Wire *wire = TEST_OUTPUT (pollable)->wire;

  size = MIN (size, wire->room);
  if (size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No room");
      return -1;
    }
  g_byte_array_append (wire->outgoing, buffer, size);
  wire->room -= size;
  return size;
}

static gboolean
test_output_can_poll (GPollableOutputStream *pollable)
{
  Wire *wire = TEST_OUTPUT (pollable)->wire;

  return !wire->blocks;
}

static gssize
test_output_write_blocking (GOutputStream *stream,
                            const void *buffer,
                            gsize size,
                            GCancellable *cancellable,
                            GError **error)
{
  return test_output_write (G_POLLABLE_OUTPUT_STREAM (stream), buffer, size, error);
}

static void
test_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->can_poll = test_output_can_poll;
  iface->write_nonblocking = test_output_write;
}

static void
test_output_class_init (TestOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = test_output_write_blocking;
}

static void
test_output_init (TestOutput *self)
{
}

/* What a case's data may say. */
#define BLOCKS 2

typedef struct
{
  Wire wire;
  GIOStream *base;
  HandoffRecordStream *stream;
  TlsHandoffRecordLayer *peer; /* the other end of the connection */
  RecordPeer raw_peer;         /* the same, for records that no layer makes */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const HandoffCipherSuite *suite = record_test_suite (0x0304, HANDOFF_NONCE_XOR);
  g_autoptr (HandoffKeyState) state = record_test_state_new (suite, HANDOFF_ROLE_CLIENT);
  g_autoptr (HandoffKeyState) mirrored = record_test_state_new (suite, HANDOFF_ROLE_SERVER);
  g_autoptr (TlsHandoffRecordLayer) layer = record_test_import (state);
  g_autoptr (GInputStream) input = g_object_new (TEST_TYPE_INPUT, NULL);
  g_autoptr (GOutputStream) output = g_object_new (TEST_TYPE_OUTPUT, NULL);

  mirrored->read = state->write;
  mirrored->write = state->read;
  f->peer = record_test_import (mirrored);
  record_peer_init (&f->raw_peer, state);

  f->wire.incoming = g_byte_array_new ();
  f->wire.outgoing = g_byte_array_new ();
  f->wire.room = G_MAXSIZE;
  f->wire.largest_read = G_MAXSIZE;
  f->wire.blocks = GPOINTER_TO_INT (data) == BLOCKS;
  TEST_INPUT (input)->wire = &f->wire;
  TEST_OUTPUT (output)->wire = &f->wire;
  f->base = g_simple_io_stream_new (input, output);
  f->stream = handoff_record_stream_new (f->base, layer);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  handoff_record_stream_free (f->stream);
  g_object_unref (f->base);
  g_object_unref (f->peer);
  g_byte_array_unref (f->wire.incoming);
  g_byte_array_unref (f->wire.outgoing);
}

static gssize
read_now (Fixture *f, guint8 *buffer, gsize size, GError **error)
{
  return handoff_record_stream_read (f->stream, buffer, size, FALSE, NULL, error);
}

static gssize
write_now (Fixture *f, const guint8 *data, gsize size, GError **error)
{
  return handoff_record_stream_write (f->stream, data, size, FALSE, NULL, error);
}

/* What the peer makes of all that was sent. */
static void
assert_peer_reads (Fixture *f, GBytes *expected)
{
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;

  received = record_test_unprotect (f->peer, f->wire.outgoing, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (received, expected));
}

/* Breaks if records that the stream took in part are cut, doubled or reported as written too soon.
 */
static void
test_write_in_pieces (Fixture *f, gconstpointer unused)
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
      n = write_now (f, data + written, size - written, &error);
      if (n < 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      else
        written += n;
      rounds++;
    }
  g_assert_cmpuint (rounds, >, size / 7919);
  assert_peer_reads (f, bytes);
}

/* Breaks if other data than that of the blocked write is reported as written. */
static void
test_write_other_data (Fixture *f, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = record_test_data (1000);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  g_autoptr (GError) error = NULL;

  f->wire.room = 10;
  g_assert_cmpint (write_now (f, data, 1000, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  f->wire.room = G_MAXSIZE;
  g_assert_cmpint (write_now (f, data, 999, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpint (write_now (f, data, 1000, &error), ==, 1000);
  g_assert_no_error (error);
  assert_peer_reads (f, bytes);
}

/* Breaks if a record is lost that arrives in pieces, or together with others. */
static void
test_read_in_pieces (Fixture *f, gconstpointer unused)
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
          gssize n = read_now (f, received + n_received, size - n_received, &error);

          g_assert_no_error (error);
          n_received += n;
        }
      g_assert_cmpmem (received, n_received, data, size);
      g_assert_false (handoff_record_stream_can_read (f->stream));
      g_assert_cmpint (read_now (f, received, 1, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    }
}

/* Breaks if what came with the handshake is lost, or waits for more to come. */
static void
test_read_given (Fixture *f, gconstpointer unused)
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
  g_assert_cmpint (read_now (f, buffer, sizeof buffer, &error), ==, 10);
  g_assert_no_error (error);
  g_assert_false (handoff_record_stream_can_read (f->stream));
  g_assert_cmpint (read_now (f, buffer + 10, sizeof buffer - 10, &error), ==, 19990);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, sizeof buffer, data, sizeof buffer);
}

/* Breaks if the stream takes in more than a key blob has room for. */
static void
test_read_bounded (Fixture *f, gconstpointer unused)
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
      gssize n = read_now (f, buffer, sizeof buffer, &error);

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
test_read_before_forgery (Fixture *f, gconstpointer unused)
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

  g_assert_cmpint (read_now (f, buffer, sizeof buffer, &error), ==, 100);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 100, g_bytes_get_data (bytes, NULL), 100);
  g_assert_true (handoff_record_stream_can_read (f->stream));
  g_assert_cmpint (read_now (f, buffer, sizeof buffer, &error), ==, -1);
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
test_read_ends (Fixture *f, gconstpointer data)
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

  g_assert_cmpint (read_now (f, buffer, sizeof buffer, &error), ==, 4);
  g_assert_no_error (error);
  if (clean)
    {
      g_assert_cmpint (read_now (f, buffer, sizeof buffer, &error), ==, 0);
      g_assert_no_error (error);
    }
  else
    {
      g_assert_cmpint (read_now (f, buffer, sizeof buffer, &error), ==, -1);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED);
    }
  g_assert_true (handoff_record_stream_is_at_end (f->stream));
}

/* KeyUpdate, update_requested (RFC 8446 4.6.3) */
static void
send_key_update_request (Fixture *f)
{
  static const guint8 key_update[] = { 24, 0, 0, 1, 1 };

  record_peer_seal (&f->raw_peer, 22, key_update, sizeof key_update, 0, f->wire.incoming);
  record_peer_update (&f->raw_peer, &f->raw_peer.state);
}

static void
assert_next_record (
    Fixture *f, const guint8 **sent, gsize *sent_size, guint8 type, const void *content, gsize size)
{
  g_autoptr (GBytes) opened = NULL;
  guint8 opened_type;

  opened = record_peer_open (&f->raw_peer, sent, sent_size, &opened_type);
  g_assert_cmpuint (opened_type, ==, type);
  g_assert_cmpmem (g_bytes_get_data (opened, NULL), g_bytes_get_size (opened), content, size);
}

/* Breaks if a peer that asks for new keys has to wait for us to write. */
static void
test_answer_at_once (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;
  guint8 byte;

  send_key_update_request (f);
  g_assert_cmpint (read_now (f, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  assert_next_record (f, &sent, &sent_size, 22, "\30\0\0\1\0", 5);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if a reader writes to what might block; the answer goes with the next write. */
static void
test_answer_later (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;
  guint8 byte;
  gssize n;

  send_key_update_request (f);
  g_assert_cmpint (read_now (f, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpuint (f->wire.outgoing->len, ==, 0);

  n = handoff_record_stream_write (f->stream, (const guint8 *) "data", 4, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 4);
  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  assert_next_record (f, &sent, &sent_size, 22, "\30\0\0\1\0", 5);
  record_peer_update (&f->raw_peer, &f->raw_peer.read);
  assert_next_record (f, &sent, &sent_size, 23, "data", 4);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if an answer overtakes, or cuts, records that are under way already. */
static void
test_answer_in_order (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;
  guint8 byte;

  f->wire.room = 3;
  g_assert_cmpint (write_now (f, (const guint8 *) "before", 6, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  send_key_update_request (f);
  g_assert_cmpint (read_now (f, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  f->wire.room = G_MAXSIZE;
  g_assert_cmpint (write_now (f, (const guint8 *) "before", 6, &error), ==, 6);
  g_assert_cmpint (write_now (f, (const guint8 *) "after", 5, &error), ==, 5);
  g_assert_no_error (error);

  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  assert_next_record (f, &sent, &sent_size, 23, "before", 6);
  assert_next_record (f, &sent, &sent_size, 22, "\30\0\0\1\0", 5);
  record_peer_update (&f->raw_peer, &f->raw_peer.read);
  assert_next_record (f, &sent, &sent_size, 23, "after", 5);
  g_assert_cmpuint (sent_size, ==, 0);
}

/* Breaks if closing loses what is under way, or cannot go on after a full socket. */
static void
test_close_in_pieces (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  const guint8 *sent;
  gsize sent_size;

  f->wire.room = 3;
  g_assert_cmpint (write_now (f, (const guint8 *) "data", 4, &error), ==, -1);
  g_clear_error (&error);
  g_assert_false (handoff_record_stream_close (f->stream, FALSE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  f->wire.room = G_MAXSIZE;
  g_assert_true (handoff_record_stream_close (f->stream, FALSE, NULL, &error));
  g_assert_no_error (error);

  sent = f->wire.outgoing->data;
  sent_size = f->wire.outgoing->len;
  assert_next_record (f, &sent, &sent_size, 23, "data", 4);
  assert_next_record (f, &sent, &sent_size, 21, "\1\0", 2);
  g_assert_cmpuint (sent_size, ==, 0);
  g_assert_cmpint (write_now (f, (const guint8 *) "data", 4, &error), ==, 4);
  g_assert_cmpint (write_now (f, (const guint8 *) "more", 4, &error), ==, -1);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CLOSED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/record-stream/" path, Fixture, data, set_up, func, tear_down)
  ADD ("write/in-pieces", NULL, test_write_in_pieces);
  ADD ("write/other-data", NULL, test_write_other_data);
  ADD ("read/in-pieces", NULL, test_read_in_pieces);
  ADD ("read/given", NULL, test_read_given);
  ADD ("read/bounded", NULL, test_read_bounded);
  ADD ("read/before-forgery", NULL, test_read_before_forgery);
  ADD ("read/closed", GINT_TO_POINTER (TRUE), test_read_ends);
  ADD ("read/truncated", GINT_TO_POINTER (FALSE), test_read_ends);
  ADD ("answer/at-once", NULL, test_answer_at_once);
  ADD ("answer/later", GINT_TO_POINTER (BLOCKS), test_answer_later);
  ADD ("answer/in-order", NULL, test_answer_in_order);
  ADD ("close/in-pieces", NULL, test_close_in_pieces);
  return g_test_run ();
}
