/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "token-text/token-module.h"

/* Limits the calling thread, and threads that it starts later, to the paths that the module may
 * use: Landlock, see landlock(7). It limits opening, not what is open already. A path that does not
 * exist causes a warning. FALSE: this kernel cannot, or the sandbox of the service does not let us;
 * error: why. Needs PR_SET_NO_NEW_PRIVS. */
gboolean handoff_path_limits_apply (const HandoffTokenModule *module, GError **error);
