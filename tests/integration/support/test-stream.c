/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-stream.h"

#define TEST_TYPE_INPUT_STREAM (test_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (TestInputStream, test_input_stream, TEST, INPUT_STREAM, GFilterInputStream)
struct _TestInputStream
{
  GFilterInputStream parent_instance;
  gsize chunk;
  gboolean pollable;
};
static void test_input_stream_pollable_init (GPollableInputStreamInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestInputStream,
                               test_input_stream,
                               G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      test_input_stream_pollable_init))

#define TEST_TYPE_OUTPUT_STREAM (test_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    TestOutputStream, test_output_stream, TEST, OUTPUT_STREAM, GFilterOutputStream)
struct _TestOutputStream
{
  GFilterOutputStream parent_instance;
  gsize chunk;
  gboolean pollable;
};
static void test_output_stream_pollable_init (GPollableOutputStreamInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestOutputStream,
                               test_output_stream,
                               G_TYPE_FILTER_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      test_output_stream_pollable_init))

static GPollableInputStream *
get_input (gpointer self)
{
  return G_POLLABLE_INPUT_STREAM (G_FILTER_INPUT_STREAM (self)->base_stream);
}

static gssize
test_input_stream_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  TestInputStream *self = TEST_INPUT_STREAM (stream);

  return g_input_stream_read (G_INPUT_STREAM (get_input (self)), buffer, MIN (size, self->chunk),
                              cancellable, error);
}

static gboolean
test_input_stream_can_poll (GPollableInputStream *stream)
{
  return TEST_INPUT_STREAM (stream)->pollable;
}

static gboolean
test_input_stream_is_readable (GPollableInputStream *stream)
{
  g_assert_true (TEST_INPUT_STREAM (stream)->pollable);
  return g_pollable_input_stream_is_readable (get_input (stream));
}

static GSource *
test_input_stream_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base =
      g_pollable_input_stream_create_source (get_input (stream), cancellable);

  g_assert_true (TEST_INPUT_STREAM (stream)->pollable);
  return g_pollable_source_new_full (stream, base, NULL);
}

static gssize
test_input_stream_read_nonblocking (GPollableInputStream *stream,
                                    void *buffer,
                                    gsize size,
                                    GError **error)
{
  TestInputStream *self = TEST_INPUT_STREAM (stream);

  g_assert_true (self->pollable);
  return g_pollable_input_stream_read_nonblocking (get_input (stream), buffer,
                                                   MIN (size, self->chunk), NULL, error);
}

static void
test_input_stream_class_init (TestInputStreamClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = test_input_stream_read;
}

static void
test_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = test_input_stream_can_poll;
  iface->is_readable = test_input_stream_is_readable;
  iface->create_source = test_input_stream_create_source;
  iface->read_nonblocking = test_input_stream_read_nonblocking;
}

static void
test_input_stream_init (TestInputStream *self)
{
}

GInputStream *
test_input_stream_new (GInputStream *base, gsize chunk, gboolean pollable)
{
  TestInputStream *self = g_object_new (TEST_TYPE_INPUT_STREAM, "base-stream", base, NULL);

  self->chunk = chunk;
  self->pollable = pollable;
  return G_INPUT_STREAM (self);
}

static GPollableOutputStream *
get_output (gpointer self)
{
  return G_POLLABLE_OUTPUT_STREAM (G_FILTER_OUTPUT_STREAM (self)->base_stream);
}

static gssize
test_output_stream_write (GOutputStream *stream,
                          const void *buffer,
                          gsize size,
                          GCancellable *cancellable,
                          GError **error)
{
  TestOutputStream *self = TEST_OUTPUT_STREAM (stream);

  return g_output_stream_write (G_OUTPUT_STREAM (get_output (self)), buffer,
                                MIN (size, self->chunk), cancellable, error);
}

static gboolean
test_output_stream_can_poll (GPollableOutputStream *stream)
{
  return TEST_OUTPUT_STREAM (stream)->pollable;
}

static gboolean
test_output_stream_is_writable (GPollableOutputStream *stream)
{
  g_assert_true (TEST_OUTPUT_STREAM (stream)->pollable);
  return g_pollable_output_stream_is_writable (get_output (stream));
}

static GSource *
test_output_stream_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base =
      g_pollable_output_stream_create_source (get_output (stream), cancellable);

  g_assert_true (TEST_OUTPUT_STREAM (stream)->pollable);
  return g_pollable_source_new_full (stream, base, NULL);
}

static gssize
test_output_stream_write_nonblocking (GPollableOutputStream *stream,
                                      const void *buffer,
                                      gsize size,
                                      GError **error)
{
  TestOutputStream *self = TEST_OUTPUT_STREAM (stream);

  g_assert_true (self->pollable);
  return g_pollable_output_stream_write_nonblocking (get_output (stream), buffer,
                                                     MIN (size, self->chunk), NULL, error);
}

static void
test_output_stream_class_init (TestOutputStreamClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = test_output_stream_write;
}

static void
test_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->can_poll = test_output_stream_can_poll;
  iface->is_writable = test_output_stream_is_writable;
  iface->create_source = test_output_stream_create_source;
  iface->write_nonblocking = test_output_stream_write_nonblocking;
}

static void
test_output_stream_init (TestOutputStream *self)
{
}

GOutputStream *
test_output_stream_new (GOutputStream *base, gsize chunk, gboolean pollable)
{
  TestOutputStream *self = g_object_new (TEST_TYPE_OUTPUT_STREAM, "base-stream", base, NULL);

  self->chunk = chunk;
  self->pollable = pollable;
  return G_OUTPUT_STREAM (self);
}
