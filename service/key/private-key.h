/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* A private key of a credential, in another process: here are its public key, and nothing that
 * could sign. Reference-counted, immutable; any thread. */
typedef struct _HandoffPrivateKey HandoffPrivateKey;

/* Called once, in any thread. signature: (nullable): NULL, and error says why */
typedef void (*HandoffKeySigned) (GBytes *signature, const GError *error, gpointer user_data);

/* The operations of a kind of key. */
typedef struct
{
  /* See handoff_private_key_sign(). */
  void (*sign) (gpointer data,
                gnutls_sign_algorithm_t algorithm,
                GBytes *input,
                HandoffKeySigned signed_func,
                gpointer user_data);
  void (*free) (gpointer data);
} HandoffPrivateKeyKind;

/* public_key: (transfer full). data: (transfer full): freed with kind->free. */
HandoffPrivateKey *handoff_private_key_new (const HandoffPrivateKeyKind *kind,
                                            gnutls_pubkey_t public_key,
                                            gpointer data);
/* A key in another process, which signs handshakes for who has a grant (signature/signing-grant.h):
 * here it cannot be used. public_key: (transfer full) */
HandoffPrivateKey *handoff_private_key_new_elsewhere (gnutls_pubkey_t public_key);
HandoffPrivateKey *handoff_private_key_ref (HandoffPrivateKey *self);
void handoff_private_key_unref (HandoffPrivateKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPrivateKey, handoff_private_key_unref)

/* (transfer none): do not change it */
gnutls_pubkey_t handoff_private_key_get_public_key (HandoffPrivateKey *self);
/* "ecdsa-p256", as the property KeyAlgorithm has it. (transfer none) */
const char *handoff_private_key_get_algorithm (HandoffPrivateKey *self);

/* Has a handshake without a grant signed. A key of the service refuses: TLS_HANDOFF_ERROR_FAILED.
 * input: (transfer none): all that is to be signed. signed_func: may be called before this returns.
 */
void handoff_private_key_sign (HandoffPrivateKey *self,
                               gnutls_sign_algorithm_t algorithm,
                               GBytes *input,
                               HandoffKeySigned signed_func,
                               gpointer user_data);
