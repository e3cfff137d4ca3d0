/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"

/* Calls to the service as D-Bus messages, without a proxy: a proxy drops the second argument of an
 * error reply, which carries the details of a failed handshake. */

/* A call of a method of the object at path. body: a tuple, consumed if floating; NULL for none.
 * interactive: whether the service may ask the user for a password. (transfer full) */
GDBusMessage *handoff_service_call_new (HandoffServiceBus *bus,
                                        const char *path,
                                        const char *interface,
                                        const char *method,
                                        GVariant *body,
                                        gboolean interactive);

/* Whether reply is no error and its body is of reply_type. If not, the error says what went wrong,
 * to a person who can do something about it. */
gboolean
handoff_service_call_check_reply (GDBusMessage *reply, const char *reply_type, GError **error);

/* Whether body, a reply's, is of that type. (nullable): NULL counts as () */
gboolean handoff_service_call_check_type (GVariant *body, const char *type, GError **error);

/* The error in the details (a{sv}) of the state “failed”. It is the same as for an error reply,
 * with the details. (transfer full) */
GError *handoff_service_call_error_from_details (GVariant *details);

/* Whether D-Bus can carry server_identity. The service checks everything else. */
gboolean handoff_service_call_check_identity (const char *server_identity, GError **error);
