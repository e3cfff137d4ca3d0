/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Looks at descriptors that wait in a Unix socket to be received (SCM_RIGHTS), without taking
 * them, and drops them without receiving them. A descriptor that the kernel drops was never open
 * in this process, so no file system is asked to flush it. A received descriptor can only be
 * closed, which may take for ever. */

/* Looks at the next bytes, up to size, and leaves them there. rights: (out): whether descriptors
 * come with them. Returns: the number of bytes; 0 if there is nothing now, -1 at the end. */
gssize handoff_bus_rights_peek (int fd, guint8 *data, gsize size, gboolean *rights);
/* Receives up to size bytes without the descriptors that come with them. If one of these is the
 * last descriptor of a socket that lingers, this waits for it, for a fraction of a millisecond.
 * Otherwise as recv(). */
gssize handoff_bus_rights_drop (int fd, guint8 *data, gsize size);
