/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <signal.h>

/* A signal that only interrupts the call in which a thread of this process sleeps: close() of a
 * socket that lingers. It has no other use here. */
#define HANDOFF_WAKE_SIGNAL SIGUSR2

/* Allows the signal to be sent from now on. Any thread, any number of times. */
void handoff_wake_signal_prepare (void);
