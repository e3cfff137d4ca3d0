/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include <sys/types.h>

/* Starts processes from a thread that has a table of descriptors of its own, without any that
 * callers have sent. A new process begins with a copy of the table of who starts it, and closes
 * what is in it; and closing a file of a stranger's file system lasts as long as the stranger
 * likes. Who starts the process waits for that.
 *
 * Threads: the main thread. */

/* Where a process finds the descriptor that it was given. */
#define HANDOFF_CHILD_FD 3

/* The thread begins by itself with the first process; a program that gets descriptors of strangers
 * begins it before. It stays as long as the program: processes that want to die with the one that
 * started them (PR_SET_PDEATHSIG) die with the thread that did. */
gboolean handoff_starter_begin (GError **error);

/* What is started: the program, its arguments with its name as the first, all of its environment,
 * and what it finds at HANDOFF_CHILD_FD (unowned). */
typedef struct
{
  const char *path;
  const char *const *arguments;
  const char *const *environment;
  int fd;
} HandoffStart;

/* pidfd: (out) (transfer full) */
gboolean handoff_starter_start (const HandoffStart *start, pid_t *pid, int *pidfd, GError **error);
