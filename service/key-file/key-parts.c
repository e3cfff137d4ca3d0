/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-parts.h"

#include <gnutls/pkcs12.h>

#include "certificate/certificate-limits.h"
#include "key-file/key-encryption.h"
#include "key/key-limits.h"
#include "keyblob/tls-handoff-error.h"

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

static void
free_certificate (gpointer certificate)
{
  gnutls_x509_crt_deinit (certificate);
}

HandoffKeyParts *
handoff_key_parts_new (void)
{
  HandoffKeyParts *self = g_new0 (HandoffKeyParts, 1);

  self->certificates = g_ptr_array_new_with_free_func (free_certificate);
  self->rewrite = HANDOFF_PKCS8_REWRITE;
  return self;
}

void
handoff_key_parts_free (HandoffKeyParts *self)
{
  g_ptr_array_unref (self->certificates);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_free (self->dek_info);
  g_free (self);
}

gboolean
handoff_key_parts_add_certificate (HandoffKeyParts *self,
                                   gconstpointer der,
                                   gsize size,
                                   GError **error)
{
  const gnutls_datum_t datum = { (guint8 *) der, (guint) size };
  HandoffCertificateSum sum = { 0 };
  gnutls_x509_crt_t certificate;
  int code;

  if (self->certificates->len == HANDOFF_MAX_FILE_CERTIFICATES)
    return refuse (error, "has more than the " G_STRINGIFY (
                              HANDOFF_MAX_FILE_CERTIFICATES) " certificates that are possible");
  /* Limits each certificate. Not all of them are verified; that is limited where it is done. */
  if (!handoff_certificate_sum_add (&sum, der, size, error))
    {
      g_prefix_error (error, "certificate number %u ", self->certificates->len + 1);
      return FALSE;
    }
  gnutls_x509_crt_init (&certificate);
  code = gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER);
  g_ptr_array_add (self->certificates, certificate);
  if (code >= 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "certificate number %u cannot be read: %s", self->certificates->len,
               gnutls_strerror (code));
  return FALSE;
}

/* Whether the key is an EncryptedPrivateKeyInfo, whatever the label says. */
static gboolean
find_encryption (GBytes *bytes, gboolean labelled)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  HandoffDer der = { data, size };
  HandoffDer fields;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields))
    return labelled;
  return handoff_der_peek (fields) == HANDOFF_DER_SEQUENCE ||
         (labelled && handoff_der_peek (fields) != HANDOFF_DER_INTEGER);
}

gboolean
handoff_key_parts_set_key (
    HandoffKeyParts *self, GBytes *der, HandoffKeyForm form, gboolean is_encrypted, GError **error)
{
  if (self->key != NULL && !g_bytes_equal (self->key, der))
    return refuse (error,
                   "has more than one private key; only the one that is meant must be in it");
  g_clear_pointer (&self->key, g_bytes_unref);
  self->key = g_bytes_ref (der);
  self->form = form;
  self->is_encrypted = find_encryption (der, is_encrypted);
  return TRUE;
}

/* Encryption other than PBES2: the schemes of PKCS #5 v1.5 and of PKCS#12, and whatever else
 * GnuTLS knows. GnuTLS imports the key at once. */
static gnutls_x509_privkey_t
open_with_gnutls (HandoffKeyParts *self,
                  const gnutls_datum_t *der,
                  const HandoffDer *algorithm,
                  HandoffPassphrase *passphrase,
                  GError **error)
{
  gnutls_x509_privkey_t key;
  unsigned int iterations = 0;
  const char *text;
  int code =
      gnutls_pkcs8_info (der, GNUTLS_X509_FMT_DER, NULL, NULL, NULL, NULL, &iterations, NULL);
  guint i;

  if (code < 0)
    {
      handoff_encryption_refuse (algorithm, error);
      return NULL;
    }
  gnutls_x509_privkey_init (&key);
  for (i = 0, code = -1; code < 0 && handoff_passphrase_get_text (passphrase, i, &text); i++)
    {
      /* Key, twice, and IV. */
      if (!handoff_passphrase_spend (passphrase, (guint64) iterations * 3, error))
        {
          gnutls_x509_privkey_deinit (key);
          return NULL;
        }
      code = gnutls_x509_privkey_import_pkcs8 (key, der, GNUTLS_X509_FMT_DER, text,
                                               text == NULL ? GNUTLS_PKCS_NULL_PASSWORD : 0);
    }
  if (code >= 0 && handoff_key_check (key, error))
    return key;
  gnutls_x509_privkey_deinit (key);
  if (code == GNUTLS_E_DECRYPTION_FAILED)
    handoff_passphrase_refuse (passphrase, "is encrypted", error);
  else if (code < 0)
    /* The padding was right by accident, or GnuTLS does not know the kind of key. */
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "cannot be read with this passphrase: %s; if it is right, “%s” writes it anew",
                 gnutls_strerror (code), self->rewrite);
  return NULL;
}

/* key: EncryptedPrivateKeyInfo (RFC 5958 section 3) */
static gnutls_x509_privkey_t
open_pkcs8 (HandoffKeyParts *self, HandoffPassphrase *passphrase, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->key, &size);
  const gnutls_datum_t datum = { (guint8 *) data, (guint) size };
  HandoffDer der = { data, size };
  HandoffDer fields, algorithm = { NULL, 0 }, ciphertext;
  g_autoptr (GBytes) plaintext = NULL;

  if (size > HANDOFF_MAX_PRIVATE_KEY_SIZE)
    {
      refuse (error, "has a larger private key than any that is possible");
      return NULL;
    }
  if (handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields))
    {
      algorithm = fields;
      if (!handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, NULL) ||
          !handoff_der_take (&fields, HANDOFF_DER_OCTET_STRING, &ciphertext))
        algorithm.size = 0;
    }
  if (!handoff_encryption_is_pbes2 (&algorithm))
    return open_with_gnutls (self, &datum, &algorithm, passphrase, error);
  plaintext =
      handoff_encryption_open (&algorithm, &ciphertext, HANDOFF_DER_INTEGER, passphrase, error);
  return plaintext != NULL
             ? handoff_key_import (plaintext, HANDOFF_KEY_FORM_PKCS8, self->certificates, error)
             : NULL;
}

static gnutls_x509_privkey_t
open_traditional (HandoffKeyParts *self, HandoffPassphrase *passphrase, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->key, &size);
  const HandoffDer ciphertext = { data, size };
  g_autoptr (GBytes) plaintext =
      handoff_encryption_open_traditional (self->dek_info, &ciphertext, passphrase, error);

  return plaintext != NULL ? handoff_key_import (plaintext, self->form, self->certificates, error)
                           : NULL;
}

gnutls_x509_privkey_t
handoff_key_parts_open_key (HandoffKeyParts *self, HandoffPassphrase *passphrase, GError **error)
{
  gnutls_x509_privkey_t key = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *command = g_strdup_printf ("; “%s” writes it anew", self->rewrite);

  if (self->dek_info == NULL && !self->is_encrypted)
    return handoff_key_import (self->key, self->form, self->certificates, error);
  if (passphrase == NULL)
    refuse (&local_error,
            "has an encrypted private key, which is not possible here: decrypt it, or "
            "import it as a credential");
  else if (self->dek_info != NULL)
    key = open_traditional (self, passphrase, &local_error);
  else
    key = open_pkcs8 (self, passphrase, &local_error);
  if (key == NULL)
    {
      handoff_encryption_add_command (&local_error, command);
      g_propagate_error (error, g_steal_pointer (&local_error));
    }
  return key;
}
