/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The two streams. Both are pollable if the base stream is, and that is all that GIO needs to do
 * their asynchronous reads and writes without a thread. As with GIO's own, they do not keep their
 * connection alive.
 *
 * GIO has a class and an interface for each direction. Their functions differ only in the type of
 * the stream. So each function is here once, for streams of both types, and asks the stream's end
 * for the direction. */

#include "connection/connection-streams.h"

#include "connection/base-stream.h"
#include "connection/connection-certificate.h"
#include "connection/connection-close.h"
#include "connection/connection-handshake.h"
#include "connection/connection-source.h"
#include "connection/gio-mapping.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* What a stream of either type has. */
typedef struct
{
  GWeakRef connection;
  GIOCondition direction;
} StreamEnd;

#define HANDOFF_TYPE_INPUT_STREAM (handoff_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (HandoffInputStream, handoff_input_stream, HANDOFF, INPUT_STREAM, GInputStream)

struct _HandoffInputStream
{
  GInputStream parent_instance;

  StreamEnd end;
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

  StreamEnd end;
};

static void handoff_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffOutputStream,
                               handoff_output_stream,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      handoff_output_stream_pollable_init))

static StreamEnd *
get_end (gpointer stream)
{
  return HANDOFF_IS_INPUT_STREAM (stream) ? &HANDOFF_INPUT_STREAM (stream)->end
                                          : &HANDOFF_OUTPUT_STREAM (stream)->end;
}

/* (transfer full) (nullable) */
static HandoffConnection *
dup_connection (gpointer stream)
{
  return g_weak_ref_get (&get_end (stream)->connection);
}

static void
set_closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The TLS connection is closed"));
}

/* Whether the connection is there, open in that direction, and past its handshake. */
static gboolean
prepare_transfer (HandoffConnection *connection,
                  GIOCondition direction,
                  gboolean blocking,
                  GCancellable *cancellable,
                  GError **error)
{
  const gboolean usable =
      connection != NULL && handoff_connection_is_usable (connection, direction);

  if (!usable && (connection == NULL || handoff_connection_is_closed (connection, direction)))
    {
      set_closed_error (error);
      return FALSE;
    }
  if (!blocking && !handoff_base_stream_can_poll (connection->base_io_stream, direction))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("The base stream of this TLS connection cannot be polled"));
      return FALSE;
    }

  return usable || handoff_connection_ensure_handshake (connection, blocking, cancellable, error);
}

/* Reads into buffer, or writes from it. */
static gssize
transfer (gpointer stream,
          gpointer buffer,
          gsize size,
          gboolean blocking,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (HandoffConnection) connection = dup_connection (stream);
  const GIOCondition direction = get_end (stream)->direction;
  GError *local_error = NULL;
  gssize n;

  if (!prepare_transfer (connection, direction, blocking, cancellable, error))
    return -1;

  n = direction == G_IO_IN ? handoff_record_stream_read (connection->stream, buffer, size, blocking,
                                                         cancellable, &local_error)
                           : handoff_record_stream_write (connection->stream, buffer, size,
                                                          blocking, cancellable, &local_error);
  if (n > 0 && direction == G_IO_IN)
    handoff_connection_note_data (connection);
  if (n >= 0)
    return n;

  if (direction == G_IO_IN && !connection->require_close_notify &&
      g_error_matches (local_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_PEER_CLOSED))
    {
      g_error_free (local_error);
      return 0;
    }

  /* Another thread closed the connection under this one, which the socket may call by any name. */
  if (handoff_connection_is_closed (connection, direction))
    {
      g_error_free (local_error);
      set_closed_error (error);
      return -1;
    }

  local_error = handoff_error_for_connection (local_error, FALSE);
  g_mutex_lock (&connection->lock);
  local_error = handoff_connection_explain_end (connection, local_error);
  g_mutex_unlock (&connection->lock);
  g_propagate_error (error, local_error);
  return -1;
}

static gssize
transfer_blocking (
    gpointer stream, gpointer buffer, gsize size, GCancellable *cancellable, GError **error)
{
  return transfer (stream, buffer, size, TRUE, cancellable, error);
}

static gssize
transfer_nonblocking (gpointer stream, gpointer buffer, gsize size, GError **error)
{
  return transfer (stream, buffer, size, FALSE, NULL, error);
}

/* If not, GIO does the asynchronous reads and writes in threads. */
static gboolean
can_poll (gpointer stream)
{
  g_autoptr (HandoffConnection) connection = dup_connection (stream);

  return connection == NULL ||
         handoff_base_stream_can_poll (connection->base_io_stream, get_end (stream)->direction);
}

static gboolean
is_ready (gpointer stream)
{
  g_autoptr (HandoffConnection) connection = dup_connection (stream);
  const GIOCondition direction = get_end (stream)->direction;

  return connection == NULL || handoff_connection_is_ready (connection, direction) ||
         (handoff_connection_get_state (connection) == HANDSHAKE_DONE &&
          handoff_base_stream_is_ready (connection->base_io_stream, direction));
}

static GSource *
create_source (gpointer stream, GCancellable *cancellable)
{
  g_autoptr (HandoffConnection) connection = dup_connection (stream);
  g_autoptr (GSource) now = NULL;

  if (connection != NULL)
    return handoff_connection_create_source (connection, stream, get_end (stream)->direction,
                                             cancellable);

  now = g_timeout_source_new (0);
  return g_pollable_source_new_full (stream, now, cancellable);
}

static gboolean
close_end (gpointer stream, GCancellable *cancellable, GError **error)
{
  g_autoptr (HandoffConnection) connection = dup_connection (stream);

  return connection == NULL ||
         handoff_connection_close (connection, get_end (stream)->direction, cancellable, error);
}

static void
close_end_async (gpointer stream,
                 int io_priority,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  g_autoptr (HandoffConnection) connection = dup_connection (stream);
  g_autoptr (GTask) task = NULL;

  if (connection != NULL)
    {
      handoff_connection_close_async (connection, stream, get_end (stream)->direction, io_priority,
                                      cancellable, callback, user_data);
      return;
    }

  task = g_task_new (stream, cancellable, callback, user_data);
  g_task_return_boolean (task, TRUE);
}

static gboolean
close_end_finish (gpointer stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
finalize (GObject *object)
{
  GObjectClass *parent_class = g_type_class_peek_parent (G_OBJECT_GET_CLASS (object));

  g_weak_ref_clear (&get_end (object)->connection);

  parent_class->finalize (object);
}

/* One of the functions above in the place of a class's function: gpointer for the stream's type. */
#define SET_FUNCTION(place, function) ((place) = (__typeof__ (place)) (function))

static void
handoff_input_stream_class_init (HandoffInputStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  SET_FUNCTION (stream_class->read_fn, transfer_blocking);
  SET_FUNCTION (stream_class->close_fn, close_end);
  SET_FUNCTION (stream_class->close_async, close_end_async);
  SET_FUNCTION (stream_class->close_finish, close_end_finish);
}

static void
handoff_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  SET_FUNCTION (iface->can_poll, can_poll);
  SET_FUNCTION (iface->is_readable, is_ready);
  SET_FUNCTION (iface->create_source, create_source);
  SET_FUNCTION (iface->read_nonblocking, transfer_nonblocking);
}

static void
handoff_input_stream_init (HandoffInputStream *self)
{
  self->end.direction = G_IO_IN;
}

GInputStream *
handoff_input_stream_new (HandoffConnection *connection)
{
  HandoffInputStream *self = g_object_new (HANDOFF_TYPE_INPUT_STREAM, NULL);

  g_weak_ref_init (&self->end.connection, connection);
  return G_INPUT_STREAM (self);
}

static void
handoff_output_stream_class_init (HandoffOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  SET_FUNCTION (stream_class->write_fn, transfer_blocking);
  SET_FUNCTION (stream_class->close_fn, close_end);
  SET_FUNCTION (stream_class->close_async, close_end_async);
  SET_FUNCTION (stream_class->close_finish, close_end_finish);
}

static void
handoff_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  SET_FUNCTION (iface->can_poll, can_poll);
  SET_FUNCTION (iface->is_writable, is_ready);
  SET_FUNCTION (iface->create_source, create_source);
  SET_FUNCTION (iface->write_nonblocking, transfer_nonblocking);
}

static void
handoff_output_stream_init (HandoffOutputStream *self)
{
  self->end.direction = G_IO_OUT;
}

GOutputStream *
handoff_output_stream_new (HandoffConnection *connection)
{
  HandoffOutputStream *self = g_object_new (HANDOFF_TYPE_OUTPUT_STREAM, NULL);

  g_weak_ref_init (&self->end.connection, connection);
  return G_OUTPUT_STREAM (self);
}
