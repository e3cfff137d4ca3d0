/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* When to repeat a question whose answer may be lost, and when to stop. A bus drops its own replies
 * to a connection whose queue is full for the moment (dbus-daemon: more than 64 descriptors), and
 * tells nobody. The first repeat comes soon and each later one after twice the time, so that a slow
 * bus gets few. */
#define HANDOFF_RETRY_FIRST (250 * G_TIME_SPAN_MILLISECOND)
#define HANDOFF_RETRY_REPEATS 6
/* Without an answer for this long the question is given up: after the last repeat, twice the time
 * again. */
#define HANDOFF_RETRY_TOTAL (((2 << HANDOFF_RETRY_REPEATS) - 1) * HANDOFF_RETRY_FIRST)

typedef struct _HandoffRetry HandoffRetry;

typedef struct
{
  void (*ask) (gpointer user_data);
  /* Nothing follows. It may free the retry. */
  void (*give_up) (gpointer user_data);
} HandoffRetryFuncs;

/* The question was asked now. Runs in the thread-default main context of the caller. */
HandoffRetry *handoff_retry_new (const HandoffRetryFuncs *funcs, gpointer user_data);
/* The answer is there, or nobody needs it any more. */
void handoff_retry_free (HandoffRetry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffRetry, handoff_retry_free)
