/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* Limits for one bus connection, for one user, and in all: of waiting calls, and of their bytes. */
#define HANDOFF_BUS_CALLS_PER_SENDER 128
#define HANDOFF_BUS_CALLS_PER_USER 256
#define HANDOFF_BUS_CALLS 8192
#define HANDOFF_BUS_CALL_BYTES_PER_USER (4 * 1024 * 1024)
#define HANDOFF_BUS_CALL_BYTES (64 * 1024 * 1024)
/* Limits of their descriptors. */
#define HANDOFF_BUS_CALL_FDS_PER_USER 256
#define HANDOFF_BUS_CALL_FDS 8192

/* Calls that wait to be dispatched: a line for each user. The lines are served in turn. */
typedef struct _HandoffBusCalls HandoffBusCalls;

HandoffBusCalls *handoff_bus_calls_new (void);
void handoff_bus_calls_free (HandoffBusCalls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusCalls, handoff_bus_calls_free)

/* message: (transfer full) if there is room for it. Returns: NULL if there is room; else which
 * limit is reached, for messages. */
const char *handoff_bus_calls_push (HandoffBusCalls *self, guint uid, HandoffBusMessage *message);

/* Whether calls of that user may go on now. */
typedef gboolean (*HandoffBusCallsFunc) (guint uid, gpointer user_data);
/* (transfer full) (nullable): a call of the next user who has calls and may go on. */
HandoffBusMessage *
handoff_bus_calls_pop (HandoffBusCalls *self, HandoffBusCallsFunc may_go_on, gpointer user_data);
/* (transfer full) (nullable): a call of the user whose turn it is, whether he may go on or not */
HandoffBusMessage *handoff_bus_calls_pop_any (HandoffBusCalls *self);

/* Forgets the calls of a sender who has left. */
void handoff_bus_calls_drop (HandoffBusCalls *self, guint uid, const char *sender);
guint handoff_bus_calls_get_size (HandoffBusCalls *self);
