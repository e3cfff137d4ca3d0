/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#define TEST_SECOND G_TIME_SPAN_SECOND
#define TEST_DAY G_TIME_SPAN_DAY
#define TEST_YEAR (365 * TEST_DAY)

/* A clock that moves only when a test moves it, for the service and for GnuTLS. It begins with the
 * system's wall time, two years after the boot, one of them asleep. One exception: GnuTLS 3.7 asks
 * the system for the ages of TLS 1.3 tickets. Call it before the test makes threads. A timer that
 * is due at the new time is ready at once, and runs in its own main context. */
void test_clock_install (void);
/* The system's clock again, for the next test. But GnuTLS 3.8 counts whole seconds from then on,
 * and takes a TLS 1.3 ticket whose data were made by others in this second for one of the future.
 */
void test_clock_uninstall (void);

/* Time passes: by all three clocks. Not negative. Microseconds. */
void test_clock_pass (gint64 span);
/* The machine sleeps: wall time and boot time go on, monotonic time stands still. */
void test_clock_suspend (gint64 span);
/* Somebody sets the wall clock: forward, or, with a negative span, back. */
void test_clock_set_wall (gint64 span);

/* Runs what is ready in the default main context, until there is nothing more. */
void test_clock_settle (void);
