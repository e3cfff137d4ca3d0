/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "process/starter.h"

/* A process of this one's own: how it is started and ended, and how it has ended. It is known by
 * its pidfd, never by a number that another may have by now.
 *
 * Threads: the main thread. */
typedef struct _HandoffChild HandoffChild;

/* Runs once, in the main loop, when the process has ended. how: for the log: "ended with status 1",
 * "was killed by signal 11 (Segmentation fault)". status: its own; or a signal's number, negative.
 */
typedef void (*HandoffChildEndedFunc) (const char *how, int status, gpointer user_data);

/* path: of the program. arguments: with its name as the first. environment: all that it has. fd:
 * (unowned): what it finds at HANDOFF_CHILD_FD. Of the caller's other descriptors it has standard
 * error alone. It ignores no signal and blocks none. */
HandoffChild *handoff_child_new (const char *path,
                                 const char *const *arguments,
                                 const char *const *environment,
                                 int fd,
                                 HandoffChildEndedFunc ended,
                                 gpointer user_data,
                                 GError **error);
/* ended is not called any more. What still runs runs on, and is waited for. */
void handoff_child_free (HandoffChild *self);

pid_t handoff_child_get_pid (HandoffChild *self);
/* SIGKILL, if it still runs. */
void handoff_child_kill (HandoffChild *self);
