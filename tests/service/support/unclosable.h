/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <sys/socket.h>

/* Descriptors whose close() sleeps. */

/* ends: (out): two of a TCP connection. close() of the first waits for an hour, as long as nobody
 * reads from the second. */
void unclosable_make_lingering (int ends[2]);
/* fd: (transfer full). A Unix socket, with fd sent along and not received: closing it closes that.
 */
int unclosable_wrap (int fd);
/* Gives the reaper so many of uid's that wait behind sockets that linger, until the main context is
 * iterated. peers: (out): of these sockets, HANDOFF_REAPER_CLOSING_PER_USER. */
void unclosable_fill_line (guint uid, int *peers, guint n_waiting);
void unclosable_close_all (const int *fds, guint n_fds);
