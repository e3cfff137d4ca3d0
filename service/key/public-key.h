/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* A public key as it goes from process to process: SubjectPublicKeyInfo, DER. The same key gives
 * the same bytes, whoever writes it. */

/* (transfer full): FAILED if GnuTLS cannot write it. */
GBytes *handoff_public_key_export (gnutls_pubkey_t key, GError **error);
/* (transfer full) (nullable): NULL with FAILED if it cannot be read. */
gnutls_pubkey_t handoff_public_key_import (GBytes *der, GError **error);

/* "ecdsa-p256", as the property KeyAlgorithm has it. (transfer full) */
char *handoff_public_key_dup_algorithm (gnutls_pubkey_t key);
