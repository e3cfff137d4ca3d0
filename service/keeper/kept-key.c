/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/kept-key.h"

#include <string.h>

#include "key/gnutls-support.h"
#include "key/public-key.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "signatory/request-signing.h"

struct _HandoffKeptKey
{
  gatomicrefcount ref_count;
  gnutls_privkey_t key;       /* (owned) */
  gnutls_pubkey_t public_key; /* (owned) */
  GBytes *public_der;         /* (owned) */
  gnutls_pk_algorithm_t algorithm;
  gnutls_ecc_curve_t curve; /* INVALID: none */
};

void
handoff_kept_key_unref (HandoffKeptKey *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  gnutls_privkey_deinit (self->key);
  gnutls_pubkey_deinit (self->public_key);
  g_clear_pointer (&self->public_der, g_bytes_unref);
  g_free (self);
}

HandoffKeptKey *
handoff_kept_key_ref (HandoffKeptKey *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

HandoffKeptKey *
handoff_kept_key_new (gnutls_x509_privkey_t key, GError **error)
{
  g_autoptr (HandoffKeptKey) self = g_new0 (HandoffKeptKey, 1);
  int code;

  g_atomic_ref_count_init (&self->ref_count);
  gnutls_privkey_init (&self->key);
  gnutls_pubkey_init (&self->public_key);
  code = gnutls_privkey_import_x509 (self->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
  if (code < 0)
    gnutls_x509_privkey_deinit (key);
  else
    code = gnutls_pubkey_import_privkey (self->public_key, self->key, 0, 0);
  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot use the private key");
      return NULL;
    }
  self->public_der = handoff_public_key_export (self->public_key, error);
  if (self->public_der == NULL)
    return NULL;
  self->algorithm = (gnutls_pk_algorithm_t) gnutls_pubkey_get_pk_algorithm (self->public_key, NULL);
  if (self->algorithm != GNUTLS_PK_ECDSA ||
      gnutls_pubkey_export_ecc_raw2 (self->public_key, &self->curve, NULL, NULL, 0) < 0)
    self->curve = GNUTLS_ECC_CURVE_INVALID;
  return g_steal_pointer (&self);
}

GBytes *
handoff_kept_key_get_public_key (HandoffKeptKey *self)
{
  return self->public_der;
}

char *
handoff_kept_key_dup_algorithm (HandoffKeptKey *self)
{
  return handoff_public_key_dup_algorithm (self->public_key);
}

gboolean
handoff_kept_key_is_quick (HandoffKeptKey *self)
{
  return self->curve == GNUTLS_ECC_CURVE_SECP256R1 || self->algorithm == GNUTLS_PK_EDDSA_ED25519;
}

static GBytes *
take_datum (gnutls_datum_t *datum)
{
  GBytes *bytes = g_bytes_new (datum->data, datum->size);

  gnutls_free (datum->data);
  return bytes;
}

GBytes *
handoff_kept_key_sign (HandoffKeptKey *self,
                       const HandoffSignatureScheme *scheme,
                       HandoffSignatureForm form,
                       GBytes *data,
                       GError **error)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);
  const gnutls_datum_t datum = { (unsigned char *) bytes, (unsigned int) size };
  gnutls_datum_t signature;
  int code;

  if (scheme->key != self->algorithm ||
      (form == HANDOFF_SIGNATURE_FORM_TLS13 && scheme->curve != GNUTLS_ECC_CURVE_INVALID &&
       scheme->curve != self->curve))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "The credential's key is not for this way to sign");
      return NULL;
    }
  code = gnutls_privkey_sign_data2 (self->key, scheme->algorithm, 0, &datum, &signature);
  if (code >= 0)
    return take_datum (&signature);
  handoff_gnutls_set_error (error, code, "Cannot sign with the credential's key");
  return NULL;
}

GBytes *
handoff_kept_key_request_certificate (HandoffKeptKey *self, GVariant *request, GError **error)
{
  gnutls_datum_t der = { NULL, 0 };
  int code = handoff_request_signing_sign (request, self->key, self->public_key, &der);

  if (code >= 0)
    return take_datum (&der);
  gnutls_free (der.data);
  handoff_gnutls_set_error (error, code, "Cannot sign with the credential's key");
  return NULL;
}

GBytes *
handoff_kept_key_write (HandoffKeptKey *self, GError **error)
{
  gnutls_x509_privkey_t key;
  gnutls_datum_t pem = { NULL, 0 };
  guint8 *secret;
  gsize size;
  int code = gnutls_privkey_export_x509 (self->key, &key);

  if (code >= 0)
    {
      code = gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                                &pem);
      gnutls_x509_privkey_deinit (key);
    }
  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot write the private key");
      return NULL;
    }
  size = pem.size;
  secret = handoff_secret_new (size, HANDOFF_SECRET_DEFAULT);
  memcpy (secret, pem.data, size);
  handoff_wipe (pem.data, pem.size);
  gnutls_free (pem.data);
  return g_bytes_new_with_free_func (secret, size, handoff_secret_free, secret);
}

HandoffKeptKey *
handoff_kept_key_read (GBytes *pem, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (pem, &size);
  const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
  gnutls_x509_privkey_t key;

  gnutls_x509_privkey_init (&key);
  if (gnutls_x509_privkey_import2 (key, &datum, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN) >= 0)
    return handoff_kept_key_new (key, error);
  gnutls_x509_privkey_deinit (key);
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                       "is no private key in PEM");
  return NULL;
}
