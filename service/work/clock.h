/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* What time it is, for everything in the service. Nothing else asks the system for the time: the
 * lint suite checks that.
 *
 * There are three times, in microseconds:
 * - Wall time, since 1970: for what somebody wrote down as a date. Certificates, OCSP responses. It
 *   jumps when the administrator or NTP sets the clock; then a certificate is valid or not by the
 *   new time, at the next question.
 * - Boot time never goes back, and goes on while the machine sleeps: for the ages of secrets, and
 *   of the trust in a peer. Sessions that can be resumed, ticket keys, ticket windows. Nobody makes
 *   them live longer by setting the wall clock, or by a night's suspend.
 * - Monotonic time never goes back, and stands still while the machine sleeps: for patience.
 *   Deadlines of handshakes, prompts, idle exit. Whoever had ten seconds left before the suspend
 *   has ten seconds after it. All timers go by it: what must not outlive its age is therefore also
 *   asked for its age, by boot time, when it is used.
 *
 * One clock serves the whole process, and is not passed from hand to hand: GnuTLS has one idea of
 * the time in a process, for the same certificates, and two ideas would contradict each other. */
typedef struct _HandoffClock HandoffClock;

/* Any thread may call these. */
struct _HandoffClock
{
  gint64 (*get_wall_time) (HandoffClock *self);
  gint64 (*get_boot_time) (HandoffClock *self);
  gint64 (*get_monotonic_time) (HandoffClock *self);
  /* Makes a source ready at a monotonic time; -1: never. */
  void (*arm) (HandoffClock *self, GSource *source, gint64 deadline);
  /* How long a thread may sleep, by the system's monotonic time, until a monotonic time has come:
   * microseconds; -1: until the clock wakes it. */
  gint64 (*get_sleep) (HandoffClock *self, gint64 deadline);
};

/* Replaces the clock, for tests, before there are other threads. clock: (nullable) (unowned): NULL
 * for the system's. */
void handoff_clock_install (HandoffClock *clock);

/* Microseconds. Any thread. */
gint64 handoff_clock_get_wall_time (void);
gint64 handoff_clock_get_boot_time (void);
gint64 handoff_clock_get_monotonic_time (void);
/* Seconds since 1970, as certificates have them. */
gint64 handoff_clock_get_wall_seconds (void);

/* Dispatches the source when the monotonic time has come, and again until it is armed anew.
 * deadline: microseconds; -1: never. Any thread. */
void handoff_clock_arm (GSource *source, gint64 deadline);

/* Like g_timeout_source_new() and g_timeout_add(), in microseconds. */
GSource *handoff_clock_timeout_source_new (gint64 interval);
/* Runs in the default main context. Returns: the ID of the source. */
guint handoff_clock_add_timeout (gint64 interval, GSourceFunc function, gpointer user_data);

/* For threads that sleep elsewhere than in a main context: how long, at most, until that monotonic
 * time. Microseconds; -1: for ever. Any thread. */
gint64 handoff_clock_get_sleep (gint64 deadline);
/* Whom a clock wakes that does not go by itself: wake is called on any thread, each time it has
 * moved. Any thread. wake, user_data: (unowned) */
void handoff_clock_add_sleeper (GFunc wake, gpointer sleeper);
void handoff_clock_remove_sleeper (gpointer sleeper);
/* For such a clock. */
void handoff_clock_wake_sleepers (void);

/* Like g_cond_wait_until(), for a time from now. Always by the system's monotonic time, since no
 * other clock can wake a condition: only for waits whose length does not matter. FALSE when the
 * time is over. */
gboolean handoff_clock_wait (GCond *cond, GMutex *mutex, gint64 interval);
