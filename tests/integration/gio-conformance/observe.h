/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a case sees, a line each on the standard output. Nothing in a line may differ from run to
 * run: no addresses, no times, no texts of errors. Any thread may say something, but only where
 * the order of the lines is certain. */

void observe (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* TRUE, or the error, which is cleared: "handshake: TRUE", "handshake: FALSE, GTlsError eof". */
void observe_result (const char *what, gboolean ok, GError **error);
/* Likewise with a number of bytes. */
void observe_size (const char *what, gssize size, GError **error);
void observe_flags (const char *what, GTlsCertificateFlags flags);
/* The subjects of the chain, from the end entity up. */
void observe_certificate (const char *what, GTlsCertificate *certificate);

/* From now on the object has a name in what is observed; objects without one are "an object". */
void observe_call (gpointer object, const char *name);
/* The name. (transfer full) */
char *observe_name (gpointer object);

void observe_property (gpointer object, const char *property);
/* All that GIO's documentation has of a connection, in a fixed order. */
void observe_properties (GTlsConnection *connection);
/* From now on each notification is a line, with the value then, and the thread if it is another
 * than that which called this. */
void observe_notifications (gpointer object);
