/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The program's free() and realloc(), which wipe what they give back, for all the libraries in it:
 * GnuTLS wipes some of what it frees, but converts passphrases with libunistring, numbers with GMP
 * and ASN.1 with libtasn1, and copies with GLib, which wipe nothing. To be linked into a program,
 * whole; not into a library. */

/* FALSE in a build with a sanitizer, which has an allocator of its own. */
gboolean handoff_wiping_allocator_is_used (void);
