/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/record-output.h"

#include <string.h>

#include "record/spare-buffers.h"

/* What is in them was sent, or encrypted to be. */
static HandoffSpareBuffers large_buffers = { HANDOFF_BATCH_BUFFER_SIZE };

void
handoff_record_output_clear (HandoffRecordOutput *self)
{
  if (self->is_large)
    handoff_spare_buffers_give (&large_buffers, self->bytes);
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

  self->bytes = handoff_spare_buffers_take (&large_buffers);
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
