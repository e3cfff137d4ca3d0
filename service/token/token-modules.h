/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The PKCS#11 module of this process. GnuTLS has one list of modules for the whole process, and
 * this is the only one in it. */

/* Call this, once, before GnuTLS could want a module by itself. */
void handoff_token_modules_init (void);
/* Has GnuTLS use the module, in a thread of its own, unless it does. If that fails, there is a
 * warning, and the next call tries again. Main thread. */
void handoff_token_modules_load (const char *module);
/* Waits until that is done. FALSE if there is no module that can be used. Needed before every
 * search for a token or an object. Threads of tokens only. */
gboolean handoff_token_modules_wait (void);
