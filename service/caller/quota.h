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
void handoff_place_free (HandoffPlace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPlace, handoff_place_free)

/* func: (nullable): is called on the main thread when a place is free that somebody wanted in vain:
 * at once, if the main thread freed it, else soon. It may take places, as many as there are. Main
 * thread. */
typedef void (*HandoffQuotaFreedFunc) (gpointer user_data);
void
handoff_quota_set_freed_func (HandoffQuota *self, HandoffQuotaFreedFunc func, gpointer user_data);

guint handoff_quota_get_total (HandoffQuota *self);
/* How many that user holds. */
guint handoff_quota_get_count (HandoffQuota *self, guint uid);
