/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

/* What a private key is written as, DER. */
typedef enum
{
  HANDOFF_KEY_FORM_PKCS8, /* PrivateKeyInfo, RFC 5958 */
  HANDOFF_KEY_FORM_RSA,   /* RSAPrivateKey, RFC 8017 appendix A.1.2 */
  HANDOFF_KEY_FORM_EC,    /* ECPrivateKey, RFC 5915 */
} HandoffKeyForm;

/* A private key that a handshake can use, from plain DER. labelled: what it is said to be, for what
 * does not show it. certificates: (element-type
 * gnutls_x509_crt_t): for EC keys that lack their public key, or have it in a form that GnuTLS does
 * not read: it is in the certificate too. INVALID_ARGUMENT says what the key is, and what to do.
 * Bounded: what is larger than a usable key is looked at, and not computed with. */
gnutls_x509_privkey_t
handoff_key_import (GBytes *der, HandoffKeyForm labelled, GPtrArray *certificates, GError **error);

/* Whether it is one that TLS uses, and its numbers fit each other. */
gboolean handoff_key_check (gnutls_x509_privkey_t key, GError **error);
