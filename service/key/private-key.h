/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* A private key of a credential: in a file of the service, or in a PKCS#11 token. All users of the
 * key go through handoff_private_key_use(), and nothing else, so that private keys can move into a
 * process of their own one day. Reference-counted, immutable; any thread. */
typedef struct _HandoffPrivateKey HandoffPrivateKey;

/* The operations of a kind of key. */
typedef struct
{
  /* See handoff_private_key_use(). */
  void (*use) (gpointer data,
               int (*use) (gnutls_privkey_t key, gpointer user_data),
               void (*used) (const GError *error, gpointer user_data),
               gpointer user_data);
  void (*free) (gpointer data);
} HandoffPrivateKeyKind;

/* public_key: (transfer full). data: (transfer full): freed with kind->free. */
HandoffPrivateKey *handoff_private_key_new (const HandoffPrivateKeyKind *kind,
                                            gnutls_pubkey_t public_key,
                                            gpointer data);
/* A key in memory. key: (transfer full), also if it fails. */
HandoffPrivateKey *handoff_private_key_new_x509 (gnutls_x509_privkey_t key, GError **error);
HandoffPrivateKey *handoff_private_key_ref (HandoffPrivateKey *self);
void handoff_private_key_unref (HandoffPrivateKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPrivateKey, handoff_private_key_unref)

/* (transfer none): do not change it */
gnutls_pubkey_t handoff_private_key_get_public_key (HandoffPrivateKey *self);
/* "ecdsa-p256", as the property KeyAlgorithm has it. (transfer none) */
const char *handoff_private_key_get_algorithm (HandoffPrivateKey *self);

/* Uses the key, and returns a GnuTLS code. May be called a second time if the first call failed
 * because the token was away. */
typedef int (*HandoffKeyUse) (gnutls_privkey_t key, gpointer user_data);
/* Called once, at the end, in the thread of use. error: (nullable):
 * TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED or _CREDENTIAL_NOT_FOUND name the token; otherwise _FAILED.
 */
typedef void (*HandoffKeyUsed) (const GError *error, gpointer user_data);

/* For a key in memory, use and used are called before this returns. For a key in a token, they are
 * called later, in a thread of the token, and may take as long as the token likes. */
void handoff_private_key_use (HandoffPrivateKey *self,
                              HandoffKeyUse use,
                              HandoffKeyUsed used,
                              gpointer user_data);
