/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-key.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "grant/signature-scheme.h"
#include "handshake/handshake-wait.h"
#include "keyblob/tls-handoff-error.h"

/* Threads: all of it is the worker's. What is to be signed (Signing) travels to the key's thread in
 * a struct of its own, which has one owner at a time (handshake-wait.h). */
struct _HandoffHandshakeKey
{
  HandoffHandshakePause *pause; /* (unowned) */
  HandoffSignatureInput *input; /* (unowned) */
  HandoffPrivateKey *key;       /* (owned) */
  HandoffSigningGrant *grant;   /* (owned) (nullable) */
  gnutls_privkey_t handle;      /* (owned) (nullable) */
  GError *error;                /* (owned) (nullable) */
};

/* A signature that is being made. */
typedef struct
{
  gnutls_sign_algorithm_t algorithm;
  GBytes *input;            /* (owned): what is to be signed; no secret */
  gnutls_datum_t signature; /* (owned) */
  GError *error;            /* (owned) (nullable) */
} Signing;

static void
signing_free (gpointer data)
{
  Signing *signing = data;

  g_bytes_unref (signing->input);
  gnutls_free (signing->signature.data);
  g_clear_error (&signing->error);
  g_free (signing);
}

static void
set_result (Signing *signing, GBytes *signature, const GError *error)
{
  gsize size;
  gconstpointer data;

  if (error != NULL)
    {
      signing->error = g_error_copy (error);
      return;
    }
  data = g_bytes_get_data (signature, &size);
  signing->signature.data = gnutls_malloc (size);
  if (signing->signature.data == NULL)
    return;
  memcpy (signing->signature.data, data, size);
  signing->signature.size = (unsigned int) size;
}

/* The answer of who has the key. The worker's thread is here. */
static void
signed_elsewhere (GBytes *signature, const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshakeWait) wait = user_data;

  set_result (handoff_handshake_wait_get_result (wait), signature, error);
  handoff_handshake_wait_go_on (wait);
}

/* The same, in any thread. */
static void
signed_here (GBytes *signature, const GError *error, gpointer user_data)
{
  g_autoptr (HandoffHandshakeWait) wait = user_data;

  set_result (handoff_handshake_wait_get_result (wait), signature, error);
  handoff_handshake_wait_done (wait);
}

static void
ask_for_signature (HandoffHandshakeKey *self, HandoffHandshakeWait *wait)
{
  Signing *signing = handoff_handshake_wait_get_result (wait);
  const guint scheme = handoff_signature_scheme_get_number (signing->algorithm);

  if (handoff_signing_grant_sign (self->grant, scheme, signing->input, signed_elsewhere,
                                  handoff_handshake_wait_ref (wait), &signing->error))
    return;
  handoff_handshake_wait_unref (wait);
  handoff_handshake_wait_done (wait);
}

/* input: (transfer full) */
static int
sign (HandoffHandshakeKey *self,
      gnutls_sign_algorithm_t algorithm,
      GBytes *input,
      gnutls_datum_t *signature)
{
  g_autoptr (HandoffHandshakeWait) wait = NULL;
  Signing *signing = g_new0 (Signing, 1);

  signing->algorithm = algorithm;
  signing->input = input;

  wait = handoff_handshake_wait_new (self->pause, signing, signing_free);
  if (self->grant != NULL)
    ask_for_signature (self, wait);
  else
    handoff_private_key_sign (self->key, algorithm, input, signed_here,
                              handoff_handshake_wait_ref (wait));
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

/* GnuTLS has the whole input: EdDSA. */
static int
sign_data (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *data,
           gnutls_datum_t *signature)
{
  return sign (user_data, algorithm, g_bytes_new (data->data, data->size), signature);
}

/* RSA's hash comes with its algorithm around it (PKCS #1's DigestInfo), and without the name of the
 * signature. */
static gboolean
open_digest_info (const gnutls_datum_t *info,
                  gnutls_sign_algorithm_t *algorithm,
                  gnutls_datum_t *hash)
{
  gnutls_digest_algorithm_t digest = GNUTLS_DIG_UNKNOWN;

  if (gnutls_decode_ber_digest_info (info, &digest, hash->data, &hash->size) < 0)
    return FALSE;
  *algorithm = gnutls_pk_to_sign (GNUTLS_PK_RSA, digest);
  return TRUE;
}

static int
sign_hash (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *data,
           gnutls_datum_t *signature)
{
  HandoffHandshakeKey *self = user_data;
  guint8 buffer[512 / 8];
  gnutls_datum_t opened = { buffer, sizeof buffer };
  const gnutls_datum_t *hash = data;
  GBytes *input = NULL;

  if (algorithm == GNUTLS_SIGN_RSA_RAW)
    hash = open_digest_info (data, &algorithm, &opened) ? &opened : NULL;
  if (hash != NULL)
    input = handoff_signature_input_find (self->input, gnutls_sign_get_hash_algorithm (algorithm),
                                          hash);
  if (input != NULL)
    return sign (self, algorithm, input, signature);
  self->error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "Cannot tell what GnuTLS %s signs: it is not supported by this service",
                   gnutls_check_version (NULL));
  return GNUTLS_E_PK_SIGN_FAILED;
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
handoff_handshake_key_new (HandoffHandshakePause *pause,
                           HandoffSignatureInput *input,
                           HandoffPrivateKey *key,
                           HandoffSigningGrant *grant)
{
  g_autoptr (HandoffHandshakeKey) self = g_new0 (HandoffHandshakeKey, 1);

  self->pause = pause;
  self->input = input;
  self->key = handoff_private_key_ref (key);
  self->grant = grant != NULL ? handoff_signing_grant_ref (grant) : NULL;
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
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
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
