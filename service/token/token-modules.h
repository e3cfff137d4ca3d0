/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The PKCS#11 module of this process. GnuTLS has one list of modules for the whole process, and
 * this is the only one in it. */

/* Call this, once, before GnuTLS could want a module by itself. module: its path, (unowned) */
void handoff_token_modules_init (const char *module);
/* Has GnuTLS use the module, unless it does; waits if another thread is at it. FALSE, after a
 * warning, if that fails: what fails now, since a daemon or a device is not there yet, may work the
 * next time. Needed before every search for a token or an object. Threads of tokens only. */
gboolean handoff_token_modules_load (void);
