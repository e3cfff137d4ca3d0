/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "link/link.h"

/* The watchdog of a keeper: as long as somebody waits for it, or may, it has to answer a question
 * that takes no time, now and then. One that hangs is ended: no user would get a signature any
 * more. Main thread. */
typedef struct _HandoffKeeperWatch HandoffKeeperWatch;

/* Seconds after which it is asked, and then again. */
#define HANDOFF_KEEPER_WATCH_SECONDS 10

typedef struct
{
  /* Whether somebody waits for it, or may do so without a word to the broker. One that nobody waits
   * for is not asked: it need not wake up. */
  gboolean (*is_needed) (gpointer user_data);
  /* It hangs: the watch has to be freed, and the keeper ended. error: for those who wait */
  void (*hangs) (const GError *error, gpointer user_data);
} HandoffKeeperWatchFunctions;

/* functions: static. link: (unowned) */
HandoffKeeperWatch *handoff_keeper_watch_new (HandoffLink *link,
                                              const HandoffKeeperWatchFunctions *functions,
                                              gpointer user_data);
void handoff_keeper_watch_free (HandoffKeeperWatch *self);
