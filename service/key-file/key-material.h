/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

/* A private key and its certificate chain, as they come from outside. */
typedef struct
{
  gnutls_x509_privkey_t key; /* (owned) */
  GPtrArray *certificates;   /* (owned) (element-type GBytes): DER, the key's own first, then its
                                issuers as far as they are there */
} HandoffKeyMaterial;

void handoff_key_material_free (HandoffKeyMaterial *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyMaterial, handoff_key_material_free)

/* data: PEM (blocks in any order) or PKCS#12. passphrase: (nullable); empty and none are the same.
 * Exactly one private key, to which one of the certificates belongs; others that are not of its
 * chain are left out. TLS_HANDOFF_ERROR_INVALID_ARGUMENT says what is wrong with it ("is …"), a
 * missing or wrong passphrase in its own words. May take seconds (key derivation, bounded by
 * key-limits.h): not on the main thread. */
HandoffKeyMaterial *handoff_key_material_parse (GBytes *data, GBytes *passphrase, GError **error);
/* The same for PEM alone whose key is not encrypted: no key is derived. */
HandoffKeyMaterial *handoff_key_material_parse_plain (GBytes *pem, GError **error);
