/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The PKCS#11 modules. GnuTLS has one list of them for the whole process, and so have we. */

/* Before anything else of GnuTLS may want a module: nothing is loaded unless it is configured. Any
 * number of times. */
void handoff_token_modules_init (void);
/* modules: as HandoffConfiguration has them. Loads those that are not loaded, in a thread of its
 * own; one that cannot be loaded is a warning, and is tried again the next time. */
void handoff_token_modules_load (const char *const *modules);

/* Waits until the modules that were asked for are loaded, and keeps the list as it is until
 * handoff_token_modules_leave(). Around everything that looks for a token or an object; not around
 * a signature, which may take long. FALSE if there is no module: then not to be left. Threads of
 * tokens only. */
gboolean handoff_token_modules_enter (void);
void handoff_token_modules_leave (void);
