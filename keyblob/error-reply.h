/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Errors as D-Bus messages, and as names. */

/* The error of that D-Bus name. details: (nullable): a{sv}, for an error of our domain. An error of
 * another domain is as GIO maps it, with the D-Bus prefix in its message. (transfer full) */
GError *handoff_error_from_name (const char *name, const char *message, GVariant *details);

/* The error's name on the bus: that of the code in our domain, or in D-Bus's own; for errors of
 * other domains, Failed. (transfer full) */
char *handoff_error_dup_name (const GError *error);

/* reply: of type G_DBUS_MESSAGE_TYPE_ERROR.
 * Turns an error reply into an error of our domain: the D-Bus prefix is stripped from the message,
 * and a second body argument of type a{sv}, if there is one, becomes the details.
 * An error of another domain (org.freedesktop.DBus.Error.ServiceUnknown, …) is returned as GIO maps
 * it. (transfer full) */
GError *handoff_error_from_reply (GDBusMessage *reply);

/* The reply to call that tells its caller of error. Its name is that of the code (Failed for errors
 * of other domains), its body (s) or (sa{sv}). (transfer full) */
GDBusMessage *handoff_error_to_reply (const GError *error, GDBusMessage *call);

/* An error in a message that is none of the bus's: (ssa{sv}), its name as on the bus, message,
 * details. */
#define HANDOFF_ERROR_VARIANT_TYPE "(ssa{sv})"
/* Bytes. The rest of the message is cut off: the message may quote a call, which may be as large as
 * a packet, and would wait in the service until its other side reads it. */
#define HANDOFF_ERROR_VARIANT_MAX_TEXT 1024
/* with_details: whether the other side wants them. (transfer floating) */
GVariant *handoff_error_to_variant (const GError *error, gboolean with_details);
/* As handoff_error_from_name() makes it. (transfer full) */
GError *handoff_error_from_variant (GVariant *variant);
