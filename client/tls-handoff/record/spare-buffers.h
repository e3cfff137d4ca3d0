/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Large buffers of one size that nobody uses now, for all threads: as many as are kept. To make one
 * each time would mean new pages from the kernel, and that the allocator tidies up all that it has.
 *
 * To be initialised with the size alone. */
typedef struct
{
  gsize size;       /* bytes, of each */
  gpointer kept[4]; /* (nullable): atomic */
} HandoffSpareBuffers;

/* (transfer full): what is in it is left of its last use, or undefined */
guint8 *handoff_spare_buffers_take (HandoffSpareBuffers *self);
/* buffer: (transfer full): has no secrets any more */
void handoff_spare_buffers_give (HandoffSpareBuffers *self, guint8 *buffer);
