/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/barrier.h"
#include "broker/handshaker-object.h"
#include "broker/policy-package.h"

/* A handshaker's life: it is started, gets a policy, is a spare, gets a user, and ends: because it
 * was asked to go and had nothing to do, because it was told to, because it died, or because it
 * broke a rule or did not answer, and was ended. What it was asked for is answered in any case.
 * Main thread. */

/* Starts one. funcs: static; user_data: (unowned). (transfer full) (nullable): NULL with the error
 */
HandoffHandshaker *handoff_handshaker_start (const HandoffBrokerSupport *support,
                                             const HandoffHandshakerFuncs *funcs,
                                             gpointer user_data,
                                             GError **error);

/* The verdict on a policy. suites: the cipher suites that it allows; NULL with the error. */
typedef void (*HandoffPolicyVerdictFunc) (const char *const *suites,
                                          const GError *error,
                                          gpointer user_data);
/* Gives it that policy. verdict: called later, and once in any case. */
void handoff_handshaker_set_policy (HandoffHandshaker *self,
                                    HandoffPolicyPackage *policy,
                                    HandoffPolicyVerdictFunc verdict,
                                    gpointer user_data);
/* A spare gets its user; when it has heard of all that he has, and said so, it is ready, or it has
 * ended: nothing is asked of a process that died unnoticed. FALSE with the error: it is of no use.
 */
gboolean
handoff_handshaker_set_user (HandoffHandshaker *self, guint uid, guint slot, GError **error);

/* What polkit said may be wrong now. */
void handoff_handshaker_forget_answers (HandoffHandshaker *self);
/* A caller has left the bus. */
void handoff_handshaker_caller_left (HandoffHandshaker *self, HandoffCaller *caller);
/* Brings its report up to date. barrier: held until then; if it does not answer in time, the last
 * one has to do. */
void handoff_handshaker_ask_report (HandoffHandshaker *self, HandoffBarrier *barrier);

/* Whether it can go. left: called later: it is gone, or it stays. */
typedef void (*HandoffLeftFunc) (HandoffHandshaker *self, gboolean has_left, gpointer user_data);
void handoff_handshaker_ask_to_leave (HandoffHandshaker *self, HandoffLeftFunc left, gpointer data);
/* It ends what is under way, and then itself. */
void handoff_handshaker_drain (HandoffHandshaker *self);
/* At once. error: for who waits; NULL: it was let go. */
void handoff_handshaker_end (HandoffHandshaker *self, const GError *error);
/* Before somebody is sent to it, who may have seen that it has ended: see
 * handoff_link_notice_end(). (nullable) */
void handoff_handshaker_notice_end (HandoffHandshaker *self);

/* A user's. handshaker: (transfer none) (nullable): NULL with the error:
 * TLS_HANDOFF_ERROR_LIMIT_REACHED if too many users have one, and none of them can go; FAILED if
 * none can be started. */
typedef void (*HandoffHandshakerFunc) (HandoffHandshaker *handshaker,
                                       const GError *error,
                                       gpointer user_data);

guint handoff_handshaker_get_pid (HandoffHandshaker *self);
guint handoff_handshaker_count_callers (HandoffHandshaker *self);
