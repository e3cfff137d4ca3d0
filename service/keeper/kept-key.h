/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "grant/signature-form.h"
#include "grant/signature-scheme.h"

/* A private key that the keeper has. Immutable, reference-counted; any thread. */
typedef struct _HandoffKeptKey HandoffKeptKey;

/* key: (transfer full), also if it fails. */
HandoffKeptKey *handoff_kept_key_new (gnutls_x509_privkey_t key, GError **error);
HandoffKeptKey *handoff_kept_key_ref (HandoffKeptKey *self);
void handoff_kept_key_unref (HandoffKeptKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeptKey, handoff_kept_key_unref)

/* SubjectPublicKeyInfo, DER. (transfer none) */
GBytes *handoff_kept_key_get_public_key (HandoffKeptKey *self);
/* "ecdsa-p256", as the property KeyAlgorithm has it. (transfer full) */
char *handoff_kept_key_dup_algorithm (HandoffKeptKey *self);

/* Whether to sign takes less than twice as long as to have another thread do it: P-256, Ed25519. */
gboolean handoff_kept_key_is_quick (HandoffKeptKey *self);
/* data: of that form (grant/signature-form.h). FAILED if it is no key for that scheme. (transfer
 * full) */
GBytes *handoff_kept_key_sign (HandoffKeptKey *self,
                               const HandoffSignatureScheme *scheme,
                               HandoffSignatureForm form,
                               GBytes *data,
                               GError **error);
/* A PKCS #10 request, DER. request: HANDOFF_CERTIFICATE_REQUEST_TYPE. (transfer full) */
GBytes *
handoff_kept_key_request_certificate (HandoffKeptKey *self, GVariant *request, GError **error);
/* PKCS #8, PEM, as it is in a file; in secret memory. (transfer full) */
GBytes *handoff_kept_key_write (HandoffKeptKey *self, GError **error);
/* pem: as handoff_kept_key_write() writes it, or an administrator. FAILED if it cannot be read. */
HandoffKeptKey *handoff_kept_key_read (GBytes *pem, GError **error);
