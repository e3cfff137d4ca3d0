/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/connection-source.h"

#include "connection/base-stream.h"
#include "connection/connection-close.h"
#include "connection/connection-handshake.h"

/* When a read or write is worth trying changes while the source lives: before the handshake, at any
 * time (the attempt starts the handshake); during the handshake, at its end; after it, when the
 * base stream is ready, or, for reading, when data is here already. */
typedef struct
{
  GSource source;

  GObject *pollable_stream;      /* (owned) */
  HandoffConnection *connection; /* (owned) */
  GIOCondition direction;
  GSource *handshake_ended; /* (owned) (nullable): child, until the handshake is over */
  GSource *base;            /* (owned) (nullable): child, from then on */
} ConnectionSource;

static void
add_child (ConnectionSource *self, GSource *child)
{
  g_source_set_dummy_callback (child);
  g_source_add_child_source (&self->source, child);
}

static void
update_children (ConnectionSource *self)
{
  switch (handoff_connection_get_state (self->connection))
    {
    case HANDSHAKE_NOT_STARTED:
    case HANDSHAKE_RUNNING:
      if (self->handshake_ended == NULL)
        {
          self->handshake_ended = g_cancellable_source_new (self->connection->handshake_ended);
          add_child (self, self->handshake_ended);
        }
      return;
    case HANDSHAKE_DONE:
      if (self->base == NULL &&
          handoff_base_stream_can_poll (self->connection->base_io_stream, self->direction))
        {
          self->base = handoff_base_stream_create_source (self->connection->base_io_stream,
                                                          self->direction, NULL);
          add_child (self, self->base);
        }
      break;
    case HANDSHAKE_FAILED:
    default:
      break;
    }

  /* That source would be ready for ever. */
  if (self->handshake_ended != NULL)
    g_source_remove_child_source (&self->source, self->handshake_ended);
  g_clear_pointer (&self->handshake_ended, g_source_unref);
}

gboolean
handoff_connection_is_ready (HandoffConnection *self, GIOCondition direction)
{
  /* Where nothing can be polled for, the attempt says so. */
  if (!handoff_base_stream_can_poll (self->base_io_stream, direction))
    return TRUE;

  switch (handoff_connection_get_state (self))
    {
    case HANDSHAKE_RUNNING:
      return FALSE;
    case HANDSHAKE_DONE:
      return direction == G_IO_IN && handoff_record_stream_can_read (self->stream);
    default:
      return TRUE;
    }
}

/* By itself; its children may make it so. */
static gboolean
is_ready (ConnectionSource *self)
{
  return handoff_connection_is_closed (self->connection, self->direction) ||
         handoff_connection_is_ready (self->connection, self->direction);
}

static gboolean
connection_source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return is_ready ((ConnectionSource *) source);
}

static gboolean
connection_source_check (GSource *source)
{
  return is_ready ((ConnectionSource *) source);
}

static gboolean
connection_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  ConnectionSource *self = (ConnectionSource *) source;
  GPollableSourceFunc func = (GPollableSourceFunc) (void (*) (void)) callback;

  if (func != NULL && func (self->pollable_stream, user_data) == G_SOURCE_REMOVE)
    return G_SOURCE_REMOVE;

  update_children (self);
  return G_SOURCE_CONTINUE;
}

static void
connection_source_finalize (GSource *source)
{
  ConnectionSource *self = (ConnectionSource *) source;

  g_clear_object (&self->pollable_stream);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->handshake_ended, g_source_unref);
  g_clear_pointer (&self->base, g_source_unref);
}

/* For g_source_set_closure(): calls the closure as a GPollableSourceFunc is called. */
static gboolean
connection_source_closure_callback (GObject *pollable_stream, gpointer user_data)
{
  GClosure *closure = user_data;
  g_auto (GValue) result = G_VALUE_INIT;
  g_auto (GValue) argument = G_VALUE_INIT;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&argument, G_TYPE_OBJECT);
  g_value_set_object (&argument, pollable_stream);
  g_closure_invoke (closure, &result, 1, &argument, NULL);

  return g_value_get_boolean (&result);
}

static GSourceFuncs connection_source_funcs = {
  .prepare = connection_source_prepare,
  .check = connection_source_check,
  .dispatch = connection_source_dispatch,
  .finalize = connection_source_finalize,
  .closure_callback = G_SOURCE_FUNC (connection_source_closure_callback),
};

GSource *
handoff_connection_create_source (HandoffConnection *connection,
                                  GObject *pollable_stream,
                                  GIOCondition direction,
                                  GCancellable *cancellable)
{
  GSource *source = g_source_new (&connection_source_funcs, sizeof (ConnectionSource));
  ConnectionSource *self = (ConnectionSource *) source;

  g_source_set_static_name (source, "TLS Handoff connection");
  self->pollable_stream = g_object_ref (pollable_stream);
  self->connection = g_object_ref (connection);
  self->direction = direction;
  update_children (self);

  if (cancellable != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      add_child (self, cancelled);
    }

  return source;
}
