/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/pump.h"

/* Like g_output_stream_splice_async(), but tells which side failed, and closes nothing. */

#define BUFFER_SIZE (32 * 1024)

typedef struct
{
  GInputStream *source;      /* (owned) */
  GOutputStream *sink;       /* (owned) (nullable): NULL: what is read is dropped */
  GCancellable *cancellable; /* (owned) */
  CliPumpDone done;
  gpointer user_data;
  guint8 buffer[BUFFER_SIZE];
} Pump;

static void
end (Pump *self, CliPumpEnd how, const GError *error)
{
  self->done (how, error, self->user_data);
  g_object_unref (self->source);
  g_clear_object (&self->sink);
  g_object_unref (self->cancellable);
  g_free (self);
}

static void read_some (Pump *self);

static void
written (GObject *sink, GAsyncResult *result, gpointer user_data)
{
  Pump *self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (sink), result, NULL, &error))
    read_some (self);
  else
    end (self, CLI_PUMP_SINK_FAILED, error);
}

static void
have_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Pump *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize size = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (size < 0)
    end (self, CLI_PUMP_SOURCE_FAILED, error);
  else if (size == 0)
    end (self, CLI_PUMP_SOURCE_ENDED, NULL);
  else if (self->sink == NULL)
    read_some (self);
  else
    g_output_stream_write_all_async (self->sink, self->buffer, (gsize) size, G_PRIORITY_DEFAULT,
                                     self->cancellable, written, self);
}

static void
read_some (Pump *self)
{
  g_input_stream_read_async (self->source, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                             self->cancellable, have_read, self);
}

/**
 * cli_pump:
 * @done: called once, when nothing more will be read or written
 *
 * Carries data from @source to @sink, no more at once than @sink has room for.
 */
void
cli_pump (GInputStream *source,
          GOutputStream *sink,
          GCancellable *cancellable,
          CliPumpDone done,
          gpointer user_data)
{
  Pump *self = g_new0 (Pump, 1);

  self->source = g_object_ref (source);
  self->sink = sink != NULL ? g_object_ref (sink) : NULL;
  self->cancellable = g_object_ref (cancellable);
  self->done = done;
  self->user_data = user_data;
  read_some (self);
}

/**
 * cli_pump_discard:
 *
 * Reads @source to its end, and drops what it reads.
 */
void
cli_pump_discard (GInputStream *source,
                  GCancellable *cancellable,
                  CliPumpDone done,
                  gpointer user_data)
{
  cli_pump (source, NULL, cancellable, done, user_data);
}
