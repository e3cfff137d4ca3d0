/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The PKCS#11 modules. GnuTLS has one list of modules for the whole process, and so has this file.
 */

/* Call this before GnuTLS could want a module by itself: only configured modules are loaded. May be
 * called any number of times. */
void handoff_token_modules_init (void);
/* modules: as HandoffConfiguration has them. Loads the modules that are not loaded yet, in a thread
 * of its own. If that fails for a module, there is a warning, and the next call tries again. */
void handoff_token_modules_load (const char *const *modules);

/* Waits until the modules that were asked for are loaded, and keeps the list as it is until
 * handoff_token_modules_leave(). Needed around every search for a token or an object, but not
 * around a signature, which may take long. FALSE if there is no module: then do not call leave.
 * Threads of tokens only. */
gboolean handoff_token_modules_enter (void);
void handoff_token_modules_leave (void);
