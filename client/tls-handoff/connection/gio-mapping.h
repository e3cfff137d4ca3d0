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

/* A certificate of the default TLS backend's type, with its issuers, from DER, its own first; NULL
 * if the backend has no certificates or does not understand these. (transfer full) (nullable) */
GTlsCertificate *handoff_certificate_from_chain (GPtrArray *chain);

/* A certificate with its issuers and its private key, in PEM, in secret memory; NULL if the key
 * cannot be had. (transfer full) (nullable) */
GBytes *handoff_certificate_to_pem (GTlsCertificate *certificate);

/* The error that users of a GTlsConnection expect, with the message of error, which is consumed.
 * handshaking: whether it happened before the handshake was complete */
GError *handoff_error_for_connection (GError *error, gboolean handshaking);
