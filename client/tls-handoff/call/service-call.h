/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "call/service-bus.h"

/* Calls to the service as D-Bus messages. Plain messages rather than a proxy: a proxy drops the
 * second argument of an error reply, which carries the details of a failed handshake. */

/* A call of a method of the object at path. body: a tuple, consumed if floating; NULL for none.
 * interactive: whether the service may ask the user for a password. (transfer full) */
GDBusMessage *handoff_service_call_new (HandoffServiceBus *bus,
                                        const char *path,
                                        const char *interface,
                                        const char *method,
                                        GVariant *body,
                                        gboolean interactive);

/* Whether reply is no error and its body is of reply_type; what went wrong otherwise, in words for
 * the person who has to do something about it. */
gboolean
handoff_service_call_check_reply (GDBusMessage *reply, const char *reply_type, GError **error);

/* The error that the details of the state “failed” tell of (a{sv}): the same as that of an error
 * reply, details included. (transfer full) */
GError *handoff_service_call_error_from_details (GVariant *details);

/* Whether D-Bus can carry it; what it has to be, the service checks. */
gboolean handoff_service_call_check_identity (const char *server_identity, GError **error);
