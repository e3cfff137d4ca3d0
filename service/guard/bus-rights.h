/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Descriptors that wait in a Unix socket to be received (SCM_RIGHTS): seen without taking them, and
 * dropped without getting them. What the kernel drops was never open here, and no file system is
 * asked to flush it; a descriptor that was received can only be closed, which may take for ever. */

/* Looks at what comes next, up to size bytes, which stays there. rights: (out): whether descriptors
 * go with it. The number of bytes; 0 if there is nothing now, -1 at the end. */
gssize handoff_bus_rights_peek (int fd, guint8 *data, gsize size, gboolean *rights);
/* Receives up to size bytes without the descriptors that go with them. A socket among these that
 * lingers, and that nobody else has, is waited for: for a fraction of a millisecond. As recv(). */
gssize handoff_bus_rights_drop (int fd, guint8 *data, gsize size);
