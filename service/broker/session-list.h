/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/handshakers.h"

/* What ListSessions() tells: collected from the handshakers, which know. One that does not answer
 * in time is left out. */

/* sessions: an aa{sv}, the oldest first. (transfer floating) */
typedef void (*HandoffSessionListFunc) (GVariant *sessions, gpointer user_data);
/* uid: (nullable): whose; NULL: everybody's. caller: whose own sessions have their objects named,
 * "object". At most maximum, with a number above after. */
void handoff_session_list_ask (HandoffHandshakers *handshakers,
                               const guint *uid,
                               HandoffCaller *caller,
                               guint64 after,
                               guint maximum,
                               HandoffSessionListFunc listed,
                               gpointer user_data);
/* The caller's own, which he may use: those of his channels are not among them. He has not left.
 * What others of his user have costs nothing. */
void handoff_session_list_ask_own (HandoffHandshakers *handshakers,
                                   HandoffCaller *caller,
                                   guint maximum,
                                   HandoffSessionListFunc listed,
                                   gpointer user_data);
