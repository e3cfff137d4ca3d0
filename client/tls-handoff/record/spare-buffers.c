/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/spare-buffers.h"

guint8 *
handoff_spare_buffers_take (HandoffSpareBuffers *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->kept); i++)
    {
      guint8 *buffer = g_atomic_pointer_get (&self->kept[i]);

      if (buffer != NULL && g_atomic_pointer_compare_and_exchange (&self->kept[i], buffer, NULL))
        return buffer;
    }
  return g_malloc (self->size);
}

void
handoff_spare_buffers_give (HandoffSpareBuffers *self, guint8 *buffer)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->kept); i++)
    if (g_atomic_pointer_get (&self->kept[i]) == NULL &&
        g_atomic_pointer_compare_and_exchange (&self->kept[i], NULL, buffer))
      return;
  g_free (buffer);
}
