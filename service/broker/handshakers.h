/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshaker.h"

/* All handshakers: one for each user with something to do, and a spare, which is ready for the next
 * one: it is started ahead, so that nobody waits for a process to start. Main thread. */
typedef struct _HandoffHandshakers HandoffHandshakers;

/* support: (unowned): outlives it */
HandoffHandshakers *handoff_handshakers_new (const HandoffBrokerSupport *support);
/* Ends all of them. */
void handoff_handshakers_free (HandoffHandshakers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakers, handoff_handshakers_free)

/* How many users may have one at the same time; for how long (seconds) one that has sessions to
 * resume is kept when it has nothing to do. */
void handoff_handshakers_configure (HandoffHandshakers *self, guint users, guint maximum_age);

/* Has the spare judge a policy; if it is right, that is the one in force, and all others get it
 * before verdict is called. If not, the earlier one stays. Nobody is served before the first one is
 * in force. */
void handoff_handshakers_set_policy (HandoffHandshakers *self,
                                     HandoffPolicyPackage *policy,
                                     HandoffPolicyVerdictFunc verdict,
                                     gpointer user_data);

/* Calls func in the order in which it was asked, perhaps before this returns. */
void handoff_handshakers_get (HandoffHandshakers *self,
                              guint uid,
                              HandoffHandshakerFunc func,
                              gpointer user_data);
/* (transfer none) (nullable): the one that user has. */
HandoffHandshaker *handoff_handshakers_find (HandoffHandshakers *self, guint uid);
/* (transfer container) (element-type HandoffHandshaker): those with a user. */
GPtrArray *handoff_handshakers_list (HandoffHandshakers *self);
/* (transfer none) (nullable) */
HandoffHandshaker *handoff_handshakers_get_spare (HandoffHandshakers *self);

/* The service wants to end: whether all can go. Those that can are gone then, whatever the others
 * say. */
typedef void (*HandoffAllLeftFunc) (gboolean have_all_left, gpointer user_data);
void handoff_handshakers_ask_to_leave (HandoffHandshakers *self,
                                       HandoffAllLeftFunc left,
                                       gpointer user_data);
/* The service ends: no new ones, and those that are there end what is under way. */
void handoff_handshakers_drain (HandoffHandshakers *self);
/* Whether any is there but the spare. */
gboolean handoff_handshakers_are_there (HandoffHandshakers *self);
