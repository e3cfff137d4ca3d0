/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a PKCS #10 request (RFC 2986) asks for: the a{sv} of CreateCertificateRequest(), checked. */
typedef struct _HandoffCertificateRequest HandoffCertificateRequest;

/* options: an a{sv}. TLS_HANDOFF_ERROR_INVALID_ARGUMENT names the option and says what it must be.
 */
HandoffCertificateRequest *handoff_certificate_request_parse (GVariant *options, GError **error);
void handoff_certificate_request_free (HandoffCertificateRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCertificateRequest, handoff_certificate_request_free)

/* HANDOFF_CERTIFICATE_REQUEST_TYPE, for who has the key. id: of the credential. uid: of who wants
 * it. (transfer floating) */
GVariant *handoff_certificate_request_to_variant (const HandoffCertificateRequest *self,
                                                  const char *id,
                                                  guint uid);
