/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/private-key.h"

#include "keyblob/tls-handoff-error.h"
#include "key/public-key.h"

struct _HandoffPrivateKey
{
  gatomicrefcount ref_count;
  const HandoffPrivateKeyKind *kind;
  gnutls_pubkey_t public_key; /* (owned) */
  char *algorithm;            /* (owned) */
  gpointer data;              /* (owned) */
};

HandoffPrivateKey *
handoff_private_key_new (const HandoffPrivateKeyKind *kind,
                         gnutls_pubkey_t public_key,
                         gpointer data)
{
  HandoffPrivateKey *self = g_new0 (HandoffPrivateKey, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->public_key = public_key;
  self->algorithm = handoff_public_key_dup_algorithm (public_key);
  self->data = data;
  return self;
}

/* Handshakes bring a grant. */
static void
sign_elsewhere (gpointer data,
                gnutls_sign_algorithm_t algorithm,
                GBytes *input,
                HandoffKeySigned signed_func,
                gpointer user_data)
{
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "There is no permission to sign with the credential's key");

  signed_func (NULL, error, user_data);
}

static void
free_elsewhere (gpointer data)
{
}

static const HandoffPrivateKeyKind elsewhere_kind = { sign_elsewhere, free_elsewhere };

HandoffPrivateKey *
handoff_private_key_new_elsewhere (gnutls_pubkey_t public_key)
{
  return handoff_private_key_new (&elsewhere_kind, public_key, NULL);
}

HandoffPrivateKey *
handoff_private_key_ref (HandoffPrivateKey *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_private_key_unref (HandoffPrivateKey *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  self->kind->free (self->data);
  gnutls_pubkey_deinit (self->public_key);
  g_free (self->algorithm);
  g_free (self);
}

gnutls_pubkey_t
handoff_private_key_get_public_key (HandoffPrivateKey *self)
{
  return self->public_key;
}

const char *
handoff_private_key_get_algorithm (HandoffPrivateKey *self)
{
  return self->algorithm;
}

void
handoff_private_key_sign (HandoffPrivateKey *self,
                          gnutls_sign_algorithm_t algorithm,
                          GBytes *input,
                          HandoffKeySigned signed_func,
                          gpointer user_data)
{
  self->kind->sign (self->data, algorithm, input, signed_func, user_data);
}
