/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tls-handoff-error.h"

/* What the service and the library need of the error domain that applications do not. */

/* Attaches details (an a{sv}; consumed if floating) to an error of the domain TLS_HANDOFF_ERROR. */
void handoff_error_set_details (GError *error, GVariant *details);

/* Turns an error reply into an error of our domain: the D-Bus prefix is stripped from the message,
 * and a second body argument of type a{sv}, if there is one, becomes the details.
 * An error of another domain (org.freedesktop.DBus.Error.ServiceUnknown, …) is returned as GIO maps
 * it. (transfer full) */
GError *handoff_error_from_reply (GDBusMessage *reply);

/* The reply for error: name from the table (errors of other domains become Failed), body (s) or
 * (sa{sv}). (transfer full) */
GDBusMessage *handoff_error_to_reply (const GError *error, GDBusMessage *call);
