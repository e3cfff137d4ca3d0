/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/record-output.h"

#include <string.h>

/* Buffers that nobody uses now, for all threads: as many as are kept. To make one for each batch
 * would mean new pages from the kernel each time. What is in them was sent, or encrypted to be. */
static gpointer spare_buffers[4]; /* (nullable): atomic */

static guint8 *
take_large_buffer (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (spare_buffers); i++)
    {
      guint8 *buffer = g_atomic_pointer_get (&spare_buffers[i]);

      if (buffer != NULL && g_atomic_pointer_compare_and_exchange (&spare_buffers[i], buffer, NULL))
        return buffer;
    }
  return g_malloc (HANDOFF_BATCH_BUFFER_SIZE);
}

/* buffer: (transfer full) */
static void
give_back_large_buffer (guint8 *buffer)
{
  for (guint i = 0; i < G_N_ELEMENTS (spare_buffers); i++)
    if (g_atomic_pointer_get (&spare_buffers[i]) == NULL &&
        g_atomic_pointer_compare_and_exchange (&spare_buffers[i], NULL, buffer))
      return;
  g_free (buffer);
}

void
handoff_record_output_clear (HandoffRecordOutput *self)
{
  if (self->is_large)
    give_back_large_buffer (self->bytes);
  else
    g_free (self->bytes);
  *self = (HandoffRecordOutput){ NULL };
}

gboolean
handoff_record_output_is_empty (const HandoffRecordOutput *self)
{
  return self->start == self->end;
}

guint8 *
handoff_record_output_begin (HandoffRecordOutput *self)
{
  g_return_val_if_fail (self->bytes == NULL, NULL);

  self->bytes = take_large_buffer ();
  self->is_large = TRUE;
  return self->bytes;
}

void
handoff_record_output_end (HandoffRecordOutput *self, gsize size)
{
  self->end = size;
  if (size == 0)
    handoff_record_output_clear (self);
}

static void
move_rest (HandoffRecordOutput *self)
{
  const gsize size = self->end - self->start;
  guint8 *rest;

  if (!self->is_large)
    return;
  rest = g_memdup2 (self->bytes + self->start, size);
  handoff_record_output_clear (self);
  self->bytes = rest;
  self->end = size;
}

gboolean
handoff_record_output_send (HandoffRecordOutput *self,
                            GOutputStream *stream,
                            gboolean blocking,
                            GCancellable *cancellable,
                            GError **error)
{
  while (self->start < self->end)
    {
      gssize n = g_pollable_stream_write (stream, self->bytes + self->start,
                                          self->end - self->start, blocking, cancellable, error);

      if (n < 0)
        {
          move_rest (self);
          return FALSE;
        }
      self->start += (gsize) n;
    }
  handoff_record_output_clear (self);
  return TRUE;
}
