/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-key.h"

#include <string.h>

#include "handshake/handshake-wait.h"

/* Threads: all of it is the worker's. What is to be signed (Signing) travels to the key's thread in
 * a struct of its own, which has one owner at a time (handshake-wait.h). */
struct _HandoffHandshakeKey
{
  HandoffHandshakePause *pause; /* (unowned) */
  HandoffPrivateKey *key;       /* (owned) */
  gnutls_privkey_t handle;      /* (owned) (nullable) */
  GError *error;                /* (owned) (nullable) */
};

/* A signature that is being made. */
typedef struct
{
  gnutls_sign_algorithm_t algorithm;
  guint flags;
  gboolean prehashed;
  gnutls_datum_t data;      /* (owned): what is to be signed; no secret */
  gnutls_datum_t signature; /* (owned) */
  GError *error;            /* (owned) (nullable) */
} Signing;

static void
signing_free (gpointer data)
{
  Signing *signing = data;

  gnutls_free (signing->data.data);
  gnutls_free (signing->signature.data);
  g_clear_error (&signing->error);
  g_free (signing);
}

static int
use_key (gnutls_privkey_t key, gpointer user_data)
{
  Signing *signing = handoff_handshake_wait_get_result (user_data);

  if (!signing->prehashed)
    return gnutls_privkey_sign_data2 (key, signing->algorithm, signing->flags, &signing->data,
                                      &signing->signature);
  /* The hash with its algorithm around it (PKCS #1's DigestInfo), as TLS 1.2 has it. */
  if (signing->algorithm == GNUTLS_SIGN_RSA_RAW)
    return gnutls_privkey_sign_hash (key, GNUTLS_DIG_UNKNOWN, GNUTLS_PRIVKEY_SIGN_FLAG_TLS1_RSA,
                                     &signing->data, &signing->signature);
  return gnutls_privkey_sign_hash2 (key, signing->algorithm, signing->flags, &signing->data,
                                    &signing->signature);
}

static void
key_used (const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshakeWait) wait = user_data;
  Signing *signing = handoff_handshake_wait_get_result (wait);

  if (error != NULL)
    signing->error = g_error_copy (error);
  handoff_handshake_wait_done (wait);
}

static int
sign (HandoffHandshakeKey *self,
      gnutls_sign_algorithm_t algorithm,
      guint flags,
      gboolean prehashed,
      const gnutls_datum_t *data,
      gnutls_datum_t *signature)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;
  Signing *signing = g_new0 (Signing, 1);

  signing->algorithm = algorithm;
  signing->flags = flags;
  signing->prehashed = prehashed;
  signing->data.data = gnutls_malloc (data->size);
  signing->data.size = data->size;
  if (signing->data.data != NULL && data->size > 0)
    memcpy (signing->data.data, data->data, data->size);

  wait = handoff_handshake_wait_new (self->pause, signing, signing_free);
  handoff_private_key_use (self->key, use_key, key_used, handoff_handshake_wait_ref (wait));
  if (!handoff_handshake_wait_for (wait))
    return GNUTLS_E_INTERRUPTED;
  if (signing->error != NULL)
    {
      self->error = g_steal_pointer (&signing->error);
      return GNUTLS_E_PK_SIGN_FAILED;
    }
  *signature = signing->signature;
  signing->signature.data = NULL;
  return GNUTLS_E_SUCCESS;
}

static int
sign_data (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *data,
           gnutls_datum_t *signature)
{
  return sign (user_data, algorithm, flags, FALSE, data, signature);
}

static int
sign_hash (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *hash,
           gnutls_datum_t *signature)
{
  return sign (user_data, algorithm, flags, TRUE, hash, signature);
}

/* What GnuTLS asks about a key that it does not have. */
static int
describe_key (gnutls_privkey_t key, unsigned int flags, void *user_data)
{
  HandoffHandshakeKey *self = user_data;
  gnutls_pubkey_t public_key = handoff_private_key_get_public_key (self->key);
  unsigned int bits = 0;
  int algorithm = gnutls_pubkey_get_pk_algorithm (public_key, &bits);

  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
    return algorithm;
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
    return (int) bits;
  if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
    return (int) gnutls_sign_supports_pk_algorithm (GNUTLS_FLAGS_TO_SIGN_ALGO (flags), algorithm);
  return -1;
}

HandoffHandshakeKey *
handoff_handshake_key_new (HandoffHandshakePause *pause, HandoffPrivateKey *key)
{
  g_autoptr (HandoffHandshakeKey) self = g_new0 (HandoffHandshakeKey, 1);

  self->pause = pause;
  self->key = handoff_private_key_ref (key);
  if (gnutls_privkey_init (&self->handle) < 0 ||
      gnutls_privkey_import_ext4 (self->handle, self, sign_data, sign_hash, NULL, NULL,
                                  describe_key, 0) < 0)
    return NULL;
  return g_steal_pointer (&self);
}

void
handoff_handshake_key_free (HandoffHandshakeKey *self)
{
  g_clear_pointer (&self->handle, gnutls_privkey_deinit);
  handoff_private_key_unref (self->key);
  g_clear_error (&self->error);
  g_free (self);
}

gnutls_privkey_t
handoff_handshake_key_get (HandoffHandshakeKey *self)
{
  return self->handle;
}

const GError *
handoff_handshake_key_get_error (HandoffHandshakeKey *self)
{
  return self->error;
}
