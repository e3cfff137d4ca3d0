/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Limits the calling thread, and threads that it starts later, to some paths: Landlock, see
 * landlock(7). It limits opening, not what is open already. Each list: (nullable), of absolute
 * paths of files and folders, with all below these. What does not exist causes a warning, and is
 * not allowed later. FALSE: this kernel cannot, or the service's sandbox does not let us; error:
 * why. Needs PR_SET_NO_NEW_PRIVS. */
gboolean handoff_path_limits_apply (const char *const *to_read,
                                    const char *const *to_write,
                                    const char *const *devices,
                                    GError **error);
