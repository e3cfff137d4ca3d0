/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "description/description.h"

/* What the importer does with what it was given: parses keys and certificates, and describes them.
 * May take seconds: on a thread. Errors are INVALID_ARGUMENT, with words for the caller. */

typedef struct
{
  HandoffDescription *description; /* (owned) */
  GBytes *key;    /* (owned) (nullable): of an import: PKCS #8, DER, as GnuTLS writes it; secret
                     memory */
  GBytes *digest; /* (owned) (nullable): of a credential for one call: SHA-256 of all that was
                     given: whoever gives the same again has the same key */
} HandoffImported;

void handoff_imported_free (HandoffImported *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffImported, handoff_imported_free)

/* data: PEM or PKCS#12. passphrase: (nullable) */
HandoffImported *handoff_import_parse (GBytes *data, GBytes *passphrase, GError **error);
/* A credential for one call: PEM alone, and no key is derived. */
HandoffImported *handoff_import_parse_plain (GBytes *pem, GError **error);
/* Other certificates (element-type GBytes: DER) for a key: its own first, the others in the order
 * in which they are sent: see handoff_certificate_chain_arrange(). public_key: SubjectPublicKeyInfo
 */
HandoffImported *
handoff_import_certify (GBytes *public_key, GPtrArray *certificates, GError **error);
/* The certificates (element-type GBytes: DER) of a key with an OCSP response to staple, DER:
 * refused unless it says now that the first one is good. */
HandoffImported *handoff_import_staple (GBytes *public_key,
                                        GPtrArray *certificates,
                                        GBytes *ocsp_response,
                                        GError **error);
/* What lies beside a key on the disk: certificates: (nullable): PEM, in the order in which they are
 * sent. ocsp_response: (nullable): DER */
HandoffImported *handoff_import_describe (GBytes *public_key,
                                          GBytes *certificates,
                                          GBytes *ocsp_response,
                                          GError **error);
