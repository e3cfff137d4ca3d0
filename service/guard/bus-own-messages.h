/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "guard/bus-message.h"

/* What the guard says by itself, beside the messages that it passes on, and what the bus answers.
 * All: (transfer full) */

/* Asks the bus who has that connection. */
HandoffBusMessage *handoff_bus_own_message_new_who (const char *bus_name, guint32 serial);
/* Asks whether the connection has read what was sent before. The bus starts nobody for it. */
HandoffBusMessage *handoff_bus_own_message_new_ping (const char *bus_name, guint32 serial);
/* Asks the bus to tell who leaves it. Gets no reply. */
HandoffBusMessage *handoff_bus_own_message_new_match (guint32 serial);
/* The bus's signal that the connection has left, for GDBus: when the bus's own was lost. */
HandoffBusMessage *handoff_bus_own_message_new_left (const char *bus_name, guint32 serial);
/* (nullable): NULL if the call wants no reply */
HandoffBusMessage *handoff_bus_own_message_new_refusal (const HandoffBusMessage *call,
                                                        const char *error_name,
                                                        const char *reason,
                                                        guint32 serial);

/* The answer to “who”. FALSE if the bus does not know; error_name: then (transfer full): the D-Bus
 * error, or other words that say what is missing */
gboolean
handoff_bus_own_message_read_who (const HandoffBusMessage *answer, guint *uid, char **error_name);
/* The name of who has left, by a signal NameOwnerChanged; NULL if nobody has. (nullable) */
char *handoff_bus_own_message_read_left (const HandoffBusMessage *signal);
/* Whether the answer is the error of that name in org.freedesktop.DBus.Error. */
gboolean handoff_bus_own_message_is_error (const HandoffBusMessage *answer, const char *name);
