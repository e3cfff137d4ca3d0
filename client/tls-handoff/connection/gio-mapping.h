/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What GIO and the service call by different names. */

/* Whom the server must prove to be: a network address's or service's host, an internet address's
 * text; empty for anything else, and where no server can be called so. (transfer full) */
char *handoff_server_identity_from_connectable (GSocketConnectable *connectable);

/* From the detail verification-errors (as; nullable). */
GTlsCertificateFlags handoff_certificate_flags_from_variant (GVariant *verification_errors);
/* What is wrong with a certificate, for people: each fault, parted by “; ”. (transfer full) */
char *handoff_certificate_flags_describe (GTlsCertificateFlags flags);

/* The error that users of a GTlsConnection expect, with the message of error, which is consumed.
 * handshaking: whether it happened before the handshake was complete */
GError *handoff_error_for_connection (GError *error, gboolean handshaking);
