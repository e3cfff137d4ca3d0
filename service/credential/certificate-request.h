/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"

/* What a PKCS #10 request (RFC 2986) asks for, or a certificate says that the key signs for itself:
 * the a{sv} of CreateCertificateRequest() or SelfSign(), checked. */
typedef struct _HandoffCertificateRequest HandoffCertificateRequest;

/* options: an a{sv}. is_certificate: of SelfSign(). TLS_HANDOFF_ERROR_INVALID_ARGUMENT names the
 * option and says what it must be. */
HandoffCertificateRequest *
handoff_certificate_request_parse (GVariant *options, gboolean is_certificate, GError **error);
void handoff_certificate_request_free (HandoffCertificateRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCertificateRequest, handoff_certificate_request_free)

/* HANDOFF_CERTIFICATE_REQUEST_TYPE, for who has the key. id, roles: of the credential. uid: of who
 * wants it. (transfer floating) */
GVariant *handoff_certificate_request_to_variant (const HandoffCertificateRequest *self,
                                                  const char *id,
                                                  HandoffCredentialRoles roles,
                                                  guint uid);
