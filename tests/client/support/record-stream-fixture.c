/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/record-stream-fixture.h"

#include <string.h>

#define TEST_TYPE_INPUT (test_input_get_type ())
G_DECLARE_FINAL_TYPE (TestInput, test_input, TEST, INPUT, GInputStream)
struct _TestInput
{
  GInputStream parent_instance;
  StreamWire *wire;
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
  StreamWire *wire;
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
  StreamWire *wire = TEST_INPUT (pollable)->wire;

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
  StreamWire *wire = TEST_OUTPUT (pollable)->wire;

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
  StreamWire *wire = TEST_OUTPUT (pollable)->wire;

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

void
stream_fixture_set_up (StreamFixture *f, gconstpointer data)
{
  const HandoffCipherSuite *suite = record_test_suite (0x0304, HANDOFF_NONCE_XOR);
  g_autoptr (HandoffKeyState) state = record_test_state_new (suite, HANDOFF_ROLE_CLIENT);
  g_autoptr (HandoffKeyState) mirrored = record_test_state_new (suite, HANDOFF_ROLE_SERVER);
  g_autoptr (TlsHandoffRecordLayer) layer = NULL;
  g_autoptr (GInputStream) input = g_object_new (TEST_TYPE_INPUT, NULL);
  g_autoptr (GOutputStream) output = g_object_new (TEST_TYPE_OUTPUT, NULL);

  if (GPOINTER_TO_INT (data) == STREAM_FIXTURE_LIMITED)
    state->write.max_plaintext_size = STREAM_FIXTURE_MAX_PLAINTEXT;
  layer = f->layer = record_test_import (state);
  mirrored->read = state->write;
  mirrored->write = state->read;
  f->peer = record_test_import (mirrored);
  record_peer_init (&f->raw_peer, state);

  f->wire.incoming = g_byte_array_new ();
  f->wire.outgoing = g_byte_array_new ();
  f->wire.room = G_MAXSIZE;
  f->wire.largest_read = G_MAXSIZE;
  f->wire.blocks = GPOINTER_TO_INT (data) == STREAM_FIXTURE_BLOCKS;
  TEST_INPUT (input)->wire = &f->wire;
  TEST_OUTPUT (output)->wire = &f->wire;
  f->base = g_simple_io_stream_new (input, output);
  f->stream = handoff_record_stream_new (f->base, layer);
}

void
stream_fixture_tear_down (StreamFixture *f, gconstpointer data)
{
  handoff_record_stream_free (f->stream);
  g_object_unref (f->base);
  g_object_unref (f->peer);
  g_byte_array_unref (f->wire.incoming);
  g_byte_array_unref (f->wire.outgoing);
}

gssize
stream_fixture_read (StreamFixture *f, guint8 *buffer, gsize size, GError **error)
{
  return handoff_record_stream_read (f->stream, buffer, size, FALSE, NULL, error);
}

gssize
stream_fixture_write (StreamFixture *f, const guint8 *data, gsize size, GError **error)
{
  return handoff_record_stream_write (f->stream, data, size, FALSE, NULL, error);
}

void
stream_fixture_assert_peer_reads (StreamFixture *f, GBytes *expected)
{
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;

  received = record_test_unprotect (f->peer, f->wire.outgoing, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (received, expected));
}

void
stream_fixture_assert_next_record (StreamFixture *f,
                                   const guint8 **sent,
                                   gsize *sent_size,
                                   guint8 type,
                                   const void *content,
                                   gsize size)
{
  g_autoptr (GBytes) opened = NULL;
  guint8 opened_type;

  opened = record_peer_open (&f->raw_peer, sent, sent_size, &opened_type);
  g_assert_cmpuint (opened_type, ==, type);
  g_assert_cmpmem (g_bytes_get_data (opened, NULL), g_bytes_get_size (opened), content, size);
}
