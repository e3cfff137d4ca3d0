/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "broker/broker-context.h"
#include "gate/dispatcher.h"

/* The methods that the caller's user's handshaker does. The broker does not look into their
 * arguments; the handshaker asks it whether the caller may, when it knows what there is to ask.
 * Tables end with a zeroed row. */

/* Of the manager: HandshakeAsClient(), HandshakeAsServer(), CreateSession(). */
extern const HandoffMethod handoff_relayed_manager_methods[];
/* Of a session, and its properties. */
extern const HandoffMethod handoff_relayed_session_methods[];
extern const HandoffMethod handoff_relayed_session_property_methods[];

/* The type of the tuple that the method returns. (transfer none) (nullable): NULL if it is not one
 * of these */
const char *handoff_relay_get_reply_type (const char *interface_name, const char *method_name);

/* (transfer full): the ids of the sessions on the bus of the caller with that unique name; at most
 * maximum. */
char **
handoff_relay_list_sessions (HandoffHandshakers *handshakers, const char *name, guint maximum);
