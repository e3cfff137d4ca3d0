/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Closes what strangers made: the sockets, files and pipes that come in callers' messages, and what
 * peers send along on Unix sockets. close() of such a thing may sleep as long as its maker likes: a
 * file of the maker's own file system (FUSE) is flushed, a socket lingers (SO_LINGER), and a Unix
 * socket closes whatever was sent on it and never received. So nobody else closes them: not the
 * main loop, not GDBus's thread, and a worker only what cannot keep it.
 *
 * The reaper has threads that belong to nobody. Each user has a line, of which a few descriptors
 * are being closed at a time, so that who keeps a thread for ever (nothing can take it back: the
 * kernel waits for the file system even when the process is killed) keeps few of them, and waits
 * alone. Sockets, at which a signal ends the waiting, and files in memory have threads that other
 * files cannot keep, however many users make these.
 *
 * What waits has a place in the process's table of descriptors. So whose descriptors cannot be
 * closed may bring no more: a user may have half of what the others leave free, and of all users
 * there are fewer than fit. The guard (bus-stream.h) then has the kernel drop those that come,
 * which never get into the table.
 *
 * All functions: any thread. */

/* The user of a sender who left before the bus could say who it was. */
#define HANDOFF_UID_UNKNOWN G_MAXUINT

/* Limits of what is being closed at the same time, for one user and in all: of sockets, and of
 * files. */
#define HANDOFF_REAPER_CLOSING_PER_USER 4
#define HANDOFF_REAPER_CLOSING 128
/* A user with this many waiting may send no more if nothing of his was closed for a second. */
#define HANDOFF_REAPER_WAITING_PER_USER 256
/* How many may be open in all; or a quarter of what the process may have open (RLIMIT_NOFILE), if
 * that is less. Half of that is shared out among the users. The other half is a reserve: each user
 * to whom too little is left gets this many. */
#define HANDOFF_REAPER_OPEN 16384
#define HANDOFF_REAPER_OPEN_RESERVED_PER_USER 16

/* fd: (transfer full): -1 does nothing. uid: who made it. */
void handoff_descriptor_reap (int fd, guint uid);

/* The same for a worker of that user's. A TCP socket that does not linger is closed before this
 * returns, which spares every handshake another thread. It takes no time: either somebody else has
 * the socket, too, and nothing is closed but a descriptor; or nobody has, who could hold its lock.
 * Whoever makes it linger in this very moment keeps his own worker. Everything else goes to the
 * reaper. */
void handoff_descriptor_close (int fd, guint uid);

/* Whether so many are open that some users may not be allowed to send more. Cheap. */
gboolean handoff_descriptor_reaper_is_strained (void);
/* Whether that user may send descriptors. Otherwise TLS_HANDOFF_ERROR_LIMIT_REACHED. */
gboolean handoff_descriptor_reaper_accepts (guint uid, GError **error);
/* How many descriptors of a user wait to be closed, or are being closed. */
guint handoff_descriptor_reaper_count (guint uid);
/* Whether there are any descriptors of any user. */
gboolean handoff_descriptor_reaper_is_busy (void);
