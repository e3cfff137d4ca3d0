/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/buffers.h"

#include <string.h>

/* How many may lie about. */
#define MAX_SPARE 16

static void
wipe (CliBuffer *buffer)
{
  explicit_bzero (buffer->bytes, buffer->n_secret);
  buffer->n_secret = 0;
}

static void
buffer_free (gpointer data)
{
  wipe (data);
  g_free (data);
}

/* Free it with g_ptr_array_unref(). */
CliBuffers *
cli_buffers_new (void)
{
  return g_ptr_array_new_with_free_func (buffer_free);
}

/* (transfer full): an empty one */
CliBuffer *
cli_buffers_take (CliBuffers *self)
{
  CliBuffer *buffer;

  if (self->len > 0)
    buffer = g_ptr_array_steal_index (self, self->len - 1);
  else
    {
      buffer = g_new (CliBuffer, 1);
      buffer->n_secret = 0;
    }
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
    buffer_free (buffer);
}

/* Those that lie about, of what a connection left in them: once for a connection, since for each
 * use it would cost as much as the data. */
void
cli_buffers_wipe (CliBuffers *self)
{
  for (guint i = 0; i < self->len; i++)
    wipe (self->pdata[i]);
}
