/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* Of one bus connection, of all of a user's, and in all: calls that wait, and their bytes. */
#define HANDOFF_BUS_CALLS_PER_SENDER 128
#define HANDOFF_BUS_CALLS_PER_USER 256
#define HANDOFF_BUS_CALLS 8192
#define HANDOFF_BUS_CALL_BYTES_PER_USER (4 * 1024 * 1024)
#define HANDOFF_BUS_CALL_BYTES (64 * 1024 * 1024)
/* And their descriptors. */
#define HANDOFF_BUS_CALL_FDS_PER_USER 256
#define HANDOFF_BUS_CALL_FDS 8192

/* Calls that nobody has looked at yet: a line for each user, served in turn. */
typedef struct _HandoffBusCalls HandoffBusCalls;

HandoffBusCalls *handoff_bus_calls_new (void);
void handoff_bus_calls_free (HandoffBusCalls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBusCalls, handoff_bus_calls_free)

/* message: (transfer full) if there is room for it. If not: which limit is reached, for messages.
 */
const char *handoff_bus_calls_push (HandoffBusCalls *self, guint uid, HandoffBusMessage *message);

/* Whether calls of that user go on now. */
typedef gboolean (*HandoffBusCallsFunc) (guint uid, gpointer user_data);
/* (transfer full) (nullable): of the next user who has any and may go on. */
HandoffBusMessage *
handoff_bus_calls_pop (HandoffBusCalls *self, HandoffBusCallsFunc may_go_on, gpointer user_data);
/* (transfer full) (nullable): of whoever's turn it is */
HandoffBusMessage *handoff_bus_calls_pop_any (HandoffBusCalls *self);

/* Forgets the calls of a sender who has left. */
void handoff_bus_calls_drop (HandoffBusCalls *self, guint uid, const char *sender);
guint handoff_bus_calls_get_size (HandoffBusCalls *self);
