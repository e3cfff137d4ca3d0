/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Searches this process's own memory, heap, stack and all, for a secret that it must not have any
 * more. The secret is known masked, so that what is searched for is not found where it is kept. */

/* A mask to hide bytes, and to have them again. */
void memory_mask (guint8 *bytes, gsize size);

/* How often the secret is there. masked: at least 8 bytes. */
guint memory_search (const guint8 *masked, gsize size);
