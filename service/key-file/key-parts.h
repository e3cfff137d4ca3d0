/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

#include "key-file/key-import.h"
#include "key-file/passphrase.h"

/* The content of a key file, whatever its format: certificates, and one private key. The key is
 * opened last, when the certificates are known. All errors are INVALID_ARGUMENT. */
typedef struct
{
  GPtrArray *certificates; /* (owned) (element-type gnutls_x509_crt_t) */
  GBytes *key;             /* (owned) (nullable): DER */
  HandoffKeyForm form;     /* form of key, when it is not encrypted */
  gboolean is_encrypted;   /* key is a PKCS #8 EncryptedPrivateKeyInfo, or what dek_info says */
  char *dek_info;          /* (owned) (nullable): of traditional PEM */
  const char *rewrite;     /* (unowned): the command that writes an encrypted key anew */
} HandoffKeyParts;

#define HANDOFF_PKCS8_REWRITE                                                                      \
  "openssl pkcs8 -topk8 -v2 aes-256-cbc -provider default -provider legacy -in OLD -out NEW"
#define HANDOFF_PKCS12_REWRITE "openssl pkcs12 -legacy -in OLD -out NEW.pem"

HandoffKeyParts *handoff_key_parts_new (void);
void handoff_key_parts_free (HandoffKeyParts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyParts, handoff_key_parts_free)

/* der: one certificate. FALSE: it cannot be read, or there are too many. */
gboolean handoff_key_parts_add_certificate (HandoffKeyParts *self,
                                            gconstpointer der,
                                            gsize size,
                                            GError **error);
/* FALSE: there is a key already. form: of an encrypted key, once it is opened */
gboolean handoff_key_parts_set_key (
    HandoffKeyParts *self, GBytes *der, HandoffKeyForm form, gboolean is_encrypted, GError **error);

/* Decrypts the key, and imports it. passphrase: (nullable): NULL if nothing is to be decrypted.
 * (transfer full) */
gnutls_x509_privkey_t
handoff_key_parts_open_key (HandoffKeyParts *self, HandoffPassphrase *passphrase, GError **error);
