/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <sys/socket.h>

/* Descriptors whose close() sleeps. */

/* ends: (out): the two ends of a TCP connection, which closes at once. */
void unclosable_make_closable (int ends[2]);
/* ends: (out): the two ends of a TCP connection. close() of the first one waits for an hour,
 * unless somebody reads from the second. */
void unclosable_make_lingering (int ends[2]);
/* fd: (transfer full). Returns: a Unix socket, to which fd was sent and not received: closing the
 * socket closes fd. */
int unclosable_wrap (int fd);
/* Gives the reaper that many descriptors of uid, which wait behind sockets that linger, until the
 * main context is iterated. peers: (out): the peers of these sockets,
 * HANDOFF_REAPER_CLOSING_PER_USER. */
void unclosable_fill_line (guint uid, int *peers, guint n_waiting);
void unclosable_close_all (const int *fds, guint n_fds);
