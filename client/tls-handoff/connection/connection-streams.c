/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/connection.h"

#include "connection/gio-mapping.h"
#include "keyblob/tls-handoff-error.h"

/* Both streams are pollable if the base stream is, and that is all that GIO needs to do their
 * asynchronous reads and writes without a thread. As with GIO's own, they do not keep their
 * connection alive. */

#define HANDOFF_TYPE_INPUT_STREAM (handoff_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (HandoffInputStream, handoff_input_stream, HANDOFF, INPUT_STREAM, GInputStream)

struct _HandoffInputStream
{
  GInputStream parent_instance;

  GWeakRef connection;
};

static void handoff_input_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffInputStream,
                               handoff_input_stream,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      handoff_input_stream_pollable_init))

#define HANDOFF_TYPE_OUTPUT_STREAM (handoff_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    HandoffOutputStream, handoff_output_stream, HANDOFF, OUTPUT_STREAM, GOutputStream)

struct _HandoffOutputStream
{
  GOutputStream parent_instance;

  GWeakRef connection;
};

static void handoff_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffOutputStream,
                               handoff_output_stream,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      handoff_output_stream_pollable_init))

/* Whether the connection is there, open in that direction, and past its handshake. */
static gboolean
prepare_operation (TlsHandoffConnection *connection,
                   HandoffCloseDirections direction,
                   gboolean blocking,
                   GCancellable *cancellable,
                   GError **error)
{
  gboolean closed = TRUE;

  if (connection != NULL)
    {
      g_mutex_lock (&connection->lock);
      closed = direction == HANDOFF_CLOSE_READ ? connection->read_closed : connection->write_closed;
      g_mutex_unlock (&connection->lock);
    }
  if (closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The TLS connection is closed");
      return FALSE;
    }
  if (!blocking && !handoff_connection_can_poll (
                       connection, direction == HANDOFF_CLOSE_READ ? G_IO_IN : G_IO_OUT))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "The base stream of this TLS connection cannot be polled");
      return FALSE;
    }

  return handoff_connection_ensure_handshake (connection, blocking, cancellable, error);
}

static gssize
read_from (HandoffInputStream *self,
           void *buffer,
           gsize size,
           gboolean blocking,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (&self->connection);
  GError *local_error = NULL;
  gssize n;

  if (!prepare_operation (connection, HANDOFF_CLOSE_READ, blocking, cancellable, error))
    return -1;

  n = handoff_record_stream_read (connection->stream, buffer, size, blocking, cancellable,
                                  &local_error);
  if (n >= 0)
    return n;

  if (g_error_matches (local_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED) &&
      !connection->require_close_notify)
    {
      g_error_free (local_error);
      return 0;
    }

  g_propagate_error (error, handoff_error_for_connection (local_error, FALSE));
  return -1;
}

static gssize
write_to (HandoffOutputStream *self,
          const void *buffer,
          gsize size,
          gboolean blocking,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (&self->connection);
  GError *local_error = NULL;
  gssize n;

  if (!prepare_operation (connection, HANDOFF_CLOSE_WRITE, blocking, cancellable, error))
    return -1;

  n = handoff_record_stream_write (connection->stream, buffer, size, blocking, cancellable,
                                   &local_error);
  if (n < 0)
    g_propagate_error (error, handoff_error_for_connection (local_error, FALSE));
  return n;
}

static gboolean
close_stream (GWeakRef *weak_ref,
              HandoffCloseDirections direction,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (weak_ref);

  return connection == NULL || handoff_connection_close (connection, direction, cancellable, error);
}

static void
close_stream_async (gpointer stream,
                    GWeakRef *weak_ref,
                    HandoffCloseDirections direction,
                    int io_priority,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (weak_ref);
  g_autoptr (GTask) task = NULL;

  if (connection != NULL)
    {
      handoff_connection_close_async (connection, stream, direction, io_priority, cancellable,
                                      callback, user_data);
      return;
    }

  task = g_task_new (stream, cancellable, callback, user_data);
  g_task_return_boolean (task, TRUE);
}

static GSource *
create_source (gpointer stream,
               GWeakRef *weak_ref,
               GIOCondition condition,
               GCancellable *cancellable)
{
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (weak_ref);
  g_autoptr (GSource) now = NULL;

  if (connection != NULL)
    return handoff_connection_create_source (connection, stream, condition, cancellable);

  now = g_timeout_source_new (0);
  return g_pollable_source_new_full (stream, now, cancellable);
}

/* If not, GIO does the asynchronous reads and writes in threads. */
static gboolean
can_poll (GWeakRef *weak_ref, GIOCondition condition)
{
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (weak_ref);

  return connection == NULL || handoff_connection_can_poll (connection, condition);
}

/* GInputStream */

static gssize
handoff_input_stream_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  return read_from (HANDOFF_INPUT_STREAM (stream), buffer, size, TRUE, cancellable, error);
}

static gssize
handoff_input_stream_read_nonblocking (GPollableInputStream *pollable,
                                       void *buffer,
                                       gsize size,
                                       GError **error)
{
  return read_from (HANDOFF_INPUT_STREAM (pollable), buffer, size, FALSE, NULL, error);
}

static gboolean
handoff_input_stream_can_poll (GPollableInputStream *pollable)
{
  return can_poll (&HANDOFF_INPUT_STREAM (pollable)->connection, G_IO_IN);
}

static gboolean
handoff_input_stream_is_readable (GPollableInputStream *pollable)
{
  HandoffInputStream *self = HANDOFF_INPUT_STREAM (pollable);
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (&self->connection);

  if (connection == NULL || !handoff_connection_can_poll (connection, G_IO_IN))
    return TRUE;

  switch (handoff_connection_get_state (connection))
    {
    case HANDSHAKE_RUNNING:
      return FALSE;
    case HANDSHAKE_DONE:
      return handoff_record_stream_can_read (connection->stream) ||
             g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (
                 g_io_stream_get_input_stream (connection->base_io_stream)));
    default:
      return TRUE;
    }
}

static GSource *
handoff_input_stream_create_source (GPollableInputStream *pollable, GCancellable *cancellable)
{
  return create_source (pollable, &HANDOFF_INPUT_STREAM (pollable)->connection, G_IO_IN,
                        cancellable);
}

static gboolean
handoff_input_stream_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  return close_stream (&HANDOFF_INPUT_STREAM (stream)->connection, HANDOFF_CLOSE_READ, cancellable,
                       error);
}

static void
handoff_input_stream_close_async (GInputStream *stream,
                                  int io_priority,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  close_stream_async (stream, &HANDOFF_INPUT_STREAM (stream)->connection, HANDOFF_CLOSE_READ,
                      io_priority, cancellable, callback, user_data);
}

static gboolean
handoff_input_stream_close_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
handoff_input_stream_finalize (GObject *object)
{
  g_weak_ref_clear (&HANDOFF_INPUT_STREAM (object)->connection);

  G_OBJECT_CLASS (handoff_input_stream_parent_class)->finalize (object);
}

static void
handoff_input_stream_class_init (HandoffInputStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = handoff_input_stream_finalize;
  stream_class->read_fn = handoff_input_stream_read;
  stream_class->close_fn = handoff_input_stream_close;
  stream_class->close_async = handoff_input_stream_close_async;
  stream_class->close_finish = handoff_input_stream_close_finish;
}

static void
handoff_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = handoff_input_stream_can_poll;
  iface->is_readable = handoff_input_stream_is_readable;
  iface->create_source = handoff_input_stream_create_source;
  iface->read_nonblocking = handoff_input_stream_read_nonblocking;
}

static void
handoff_input_stream_init (HandoffInputStream *self)
{
}

GInputStream *
handoff_input_stream_new (TlsHandoffConnection *connection)
{
  HandoffInputStream *self = g_object_new (HANDOFF_TYPE_INPUT_STREAM, NULL);

  g_weak_ref_init (&self->connection, connection);
  return G_INPUT_STREAM (self);
}

/* GOutputStream */

static gssize
handoff_output_stream_write (GOutputStream *stream,
                             const void *buffer,
                             gsize size,
                             GCancellable *cancellable,
                             GError **error)
{
  return write_to (HANDOFF_OUTPUT_STREAM (stream), buffer, size, TRUE, cancellable, error);
}

static gssize
handoff_output_stream_write_nonblocking (GPollableOutputStream *pollable,
                                         const void *buffer,
                                         gsize size,
                                         GError **error)
{
  return write_to (HANDOFF_OUTPUT_STREAM (pollable), buffer, size, FALSE, NULL, error);
}

static gboolean
handoff_output_stream_can_poll (GPollableOutputStream *pollable)
{
  return can_poll (&HANDOFF_OUTPUT_STREAM (pollable)->connection, G_IO_OUT);
}

static gboolean
handoff_output_stream_is_writable (GPollableOutputStream *pollable)
{
  HandoffOutputStream *self = HANDOFF_OUTPUT_STREAM (pollable);
  g_autoptr (TlsHandoffConnection) connection = g_weak_ref_get (&self->connection);

  if (connection == NULL || !handoff_connection_can_poll (connection, G_IO_OUT))
    return TRUE;

  switch (handoff_connection_get_state (connection))
    {
    case HANDSHAKE_RUNNING:
      return FALSE;
    case HANDSHAKE_DONE:
      return g_pollable_output_stream_is_writable (
          G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (connection->base_io_stream)));
    default:
      return TRUE;
    }
}

static GSource *
handoff_output_stream_create_source (GPollableOutputStream *pollable, GCancellable *cancellable)
{
  return create_source (pollable, &HANDOFF_OUTPUT_STREAM (pollable)->connection, G_IO_OUT,
                        cancellable);
}

static gboolean
handoff_output_stream_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return close_stream (&HANDOFF_OUTPUT_STREAM (stream)->connection, HANDOFF_CLOSE_WRITE,
                       cancellable, error);
}

static void
handoff_output_stream_close_async (GOutputStream *stream,
                                   int io_priority,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  close_stream_async (stream, &HANDOFF_OUTPUT_STREAM (stream)->connection, HANDOFF_CLOSE_WRITE,
                      io_priority, cancellable, callback, user_data);
}

static gboolean
handoff_output_stream_close_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
handoff_output_stream_finalize (GObject *object)
{
  g_weak_ref_clear (&HANDOFF_OUTPUT_STREAM (object)->connection);

  G_OBJECT_CLASS (handoff_output_stream_parent_class)->finalize (object);
}

static void
handoff_output_stream_class_init (HandoffOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = handoff_output_stream_finalize;
  stream_class->write_fn = handoff_output_stream_write;
  stream_class->close_fn = handoff_output_stream_close;
  stream_class->close_async = handoff_output_stream_close_async;
  stream_class->close_finish = handoff_output_stream_close_finish;
}

static void
handoff_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->can_poll = handoff_output_stream_can_poll;
  iface->is_writable = handoff_output_stream_is_writable;
  iface->create_source = handoff_output_stream_create_source;
  iface->write_nonblocking = handoff_output_stream_write_nonblocking;
}

static void
handoff_output_stream_init (HandoffOutputStream *self)
{
}

GOutputStream *
handoff_output_stream_new (TlsHandoffConnection *connection)
{
  HandoffOutputStream *self = g_object_new (HANDOFF_TYPE_OUTPUT_STREAM, NULL);

  g_weak_ref_init (&self->connection, connection);
  return G_OUTPUT_STREAM (self);
}
