/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <signal.h>

/* A signal that does nothing but interrupt what a thread of this process sleeps in: a socket that
 * lingers when it is closed. Has no other use here. */
#define HANDOFF_WAKE_SIGNAL SIGUSR2

/* From now on it may be sent. From any thread, as often as one likes. */
void handoff_wake_signal_prepare (void);
