/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* What the guard says by itself, beside the messages that it passes on. All: (transfer full) */

/* Asks the bus who has that connection. */
HandoffBusMessage *handoff_bus_own_message_new_who (const char *bus_name, guint32 serial);
/* Asks whether the connection has read what was sent before. The bus starts nobody for it. */
HandoffBusMessage *handoff_bus_own_message_new_ping (const char *bus_name, guint32 serial);
/* Asks the bus to tell who leaves it. Gets no reply. */
HandoffBusMessage *handoff_bus_own_message_new_match (guint32 serial);
/* (nullable): NULL if the call wants no reply */
HandoffBusMessage *handoff_bus_own_message_new_refusal (const HandoffBusMessage *call,
                                                        const char *error_name,
                                                        const char *reason,
                                                        guint32 serial);
