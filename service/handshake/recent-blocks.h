/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The last blocks of memory that GnuTLS allocated on this thread and has not freed. It allocates
 * through variables that it exports (gnutls_malloc and the like), and there we watch, from before
 * main() on. Any thread, each for itself. */

/* Whether it is that block: then the number of its bytes that matter, which may be more than it
 * has; otherwise 0. */
typedef gsize (*HandoffBlockMatch) (const guint8 *block, gsize size, gpointer user_data);

/* The block that was allocated last of those that match, and are no smaller than what match says.
 * *size: (out): what match says. (nullable): valid until GnuTLS goes on. */
const guint8 *handoff_recent_blocks_find (HandoffBlockMatch match, gpointer user_data, gsize *size);
