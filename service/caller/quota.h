/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Counts how many of something each user holds, and all users together. Any thread, but where it
 * says otherwise. */
typedef struct _HandoffQuota HandoffQuota;

/* what: for messages, "handshakes at once" */
HandoffQuota *handoff_quota_new (const char *what);
/* On the main thread, if it has a function for freed places. */
void handoff_quota_free (HandoffQuota *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffQuota, handoff_quota_free)

/* A place in a quota, held until it is freed. The quota must outlive it. */
typedef struct _HandoffPlace HandoffPlace;

/* Takes a place for uid. Otherwise TLS_HANDOFF_ERROR_LIMIT_REACHED says which limit is reached. */
HandoffPlace *
handoff_quota_take (HandoffQuota *self, guint uid, guint per_user, guint total, GError **error);
/* A place that somebody else counts. freed: called on the thread that frees it. data: (unowned) */
HandoffPlace *handoff_place_new (GDestroyNotify freed, gpointer data);
void handoff_place_free (HandoffPlace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPlace, handoff_place_free)

/* func: (nullable): is called on the main thread when a place is free that somebody wanted in vain:
 * at once, if the main thread freed it, else soon. It may take places, as many as there are. Main
 * thread. */
typedef void (*HandoffQuotaFreedFunc) (gpointer user_data);
void
handoff_quota_set_freed_func (HandoffQuota *self, HandoffQuotaFreedFunc func, gpointer user_data);

/* The total is somebody else's to count, who gives places for all users, and takes them back: then
 * the total that handoff_quota_take() is given does not matter. The quota asks for a block, and
 * keeps what nobody holds of one, so as not to ask each time; unless it got less than it asked for:
 * then others need what nobody holds here, and it goes back at once. */
typedef struct
{
  /* Asks for n more: how many it gives, 0 to n; the fewer, the scarcer they are. It may wait,
   * briefly. Any thread; not called again before it returns. */
  guint (*lend) (guint n, gpointer user_data);
  /* Takes n back. Any thread. */
  void (*take_back) (guint n, gpointer user_data);
} HandoffReserveFuncs;
#define HANDOFF_RESERVE_BLOCK 32
/* funcs, user_data: (unowned). Before the quota is used. */
void handoff_quota_set_reserve (HandoffQuota *self,
                                const HandoffReserveFuncs *funcs,
                                gpointer user_data);
/* The reserve may have places again, where it had none before: who wanted one in vain hears of it.
 * Main thread. */
void handoff_quota_note_reserve (HandoffQuota *self);

guint handoff_quota_get_total (HandoffQuota *self);
/* How many that user holds. */
guint handoff_quota_get_count (HandoffQuota *self, guint uid);
