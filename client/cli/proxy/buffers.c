/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/buffers.h"

/* How many may lie about. */
#define MAX_SPARE 16

/* Free it with g_ptr_array_unref(). */
CliBuffers *
cli_buffers_new (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

/* (transfer full): an empty one */
CliBuffer *
cli_buffers_take (CliBuffers *self)
{
  CliBuffer *buffer =
      self->len > 0 ? g_ptr_array_steal_index (self, self->len - 1) : g_new (CliBuffer, 1);

  buffer->start = buffer->end = 0;
  return buffer;
}

/* buffer: (transfer full) */
void
cli_buffers_give (CliBuffers *self, CliBuffer *buffer)
{
  if (self->len < MAX_SPARE)
    g_ptr_array_add (self, buffer);
  else
    g_free (buffer);
}
