/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* A private key of a credential: in a file of the service's, or in a PKCS#11 token. Whoever needs
 * it goes through handoff_private_key_use(), and nothing else, so that private keys can one day
 * move into a process of their own. Reference-counted, immutable; any thread. */
typedef struct _HandoffPrivateKey HandoffPrivateKey;

/* What a kind of key does; the first field of its own data. */
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

/* (transfer none): not to be changed */
gnutls_pubkey_t handoff_private_key_get_public_key (HandoffPrivateKey *self);
/* "ecdsa-p256", as the property KeyAlgorithm has it. (transfer none) */
const char *handoff_private_key_get_algorithm (HandoffPrivateKey *self);

/* What is to be done with the key: returns a GnuTLS code. May be called a second time if the first
 * call failed because the token was away meanwhile. */
typedef int (*HandoffKeyUse) (gnutls_privkey_t key, gpointer user_data);
/* Called once, last, in the thread of use. error: (nullable): TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED
 * or _CREDENTIAL_NOT_FOUND name the token; _FAILED otherwise. */
typedef void (*HandoffKeyUsed) (const GError *error, gpointer user_data);

/* Of a key in memory, use and used are called before this returns. Of one in a token, later, in a
 * thread that belongs to the token: they may take as long as the token likes. */
void handoff_private_key_use (HandoffPrivateKey *self,
                              HandoffKeyUse use,
                              HandoffKeyUsed used,
                              gpointer user_data);
