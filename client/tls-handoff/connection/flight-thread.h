/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* The thread on which handshakes go on that no blocking call runs: they must not need a main loop
 * of the application's. One a process, made when the first such handshake starts; it stays. After
 * fork(), the child makes one of its own if it comes to that. Nothing blocks on it.
 *
 * Threads: any. */

/* Its main context, which is the thread-default one there. (transfer none) */
GMainContext *handoff_flight_thread_get_context (void);

/* Whether the caller is on it. */
gboolean handoff_flight_thread_is_current (void);
