/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "lock-up/lock-up-needs.h"

/* What a program of the service gives up for ever, before it reads its first message: whoever takes
 * it over later has a process that cannot get at anything that it does not already hold. It holds
 * without systemd, too.
 *
 * What no program has, whatever it needs: other processes (exec, fork, ptrace, process_vm_readv,
 * signals to others), new privileges, executable memory, namespaces, keys of the kernel's,
 * io_uring, and everything else that lock-up-table.c does not list. Who tries it is killed
 * (SIGSYS). */

/* Takes from this process, and all that it may ever start: core dumps, tracing by others of the
 * same user, new privileges by other programs, signals' harm from a terminal, and all descriptors
 * from first_fd on. For every program of the service, as the first thing that it does; the broker
 * needs no more. FALSE, with an error, if the system does not let it. */
gboolean handoff_lock_up_process (int first_fd, GError **error);

/* Takes all but needs, from all threads. It cannot be taken back. FALSE, with an error, if the
 * kernel cannot do that: the program must not go on. A build with a sanitizer does nothing here:
 * its reports need what is forbidden. */
gboolean handoff_lock_up (HandoffLockUpNeeds needs, GError **error);

/* Whether handoff_lock_up() does something. */
gboolean handoff_lock_up_is_used (void);
