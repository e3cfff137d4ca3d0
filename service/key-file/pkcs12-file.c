/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/pkcs12-file.h"

#include <gnutls/pkcs12.h>
#include <string.h>

#include "key-file/key-encryption.h"
#include "key/key-limits.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

/* Number of safes: GnuTLS reads the whole file again for each. Programs write two or three. */
#define MAX_SAFES 32
/* Number of bags in a safe: GnuTLS drops more. */
#define MAX_BAGS 31
#define MAX_DEPTH 4
#define DER_IMPLICIT_CONTENT 0x80 /* [0] IMPLICIT OCTET STRING */
#define OID_PBMAC1 "1.2.840.113549.1.5.14"
#define OID_KEY_BAG "1.2.840.113549.1.12.10.1.1"
#define OID_SHROUDED_KEY_BAG "1.2.840.113549.1.12.10.1.2"
#define OID_CERTIFICATE_BAG "1.2.840.113549.1.12.10.1.3"
#define OID_SAFE_CONTENTS_BAG "1.2.840.113549.1.12.10.1.6"
#define OID_X509_CERTIFICATE "1.2.840.113549.1.9.22.1"

#define REWRITE "; “" HANDOFF_PKCS12_REWRITE "” writes it anew"

typedef struct
{
  gnutls_pkcs12_t p12;
  HandoffDer file;
  HandoffPassphrase *passphrase;
  HandoffKeyParts *parts;
  guint n_bags;
  gboolean is_decrypted; /* whether passphrase opens at least one of the safes */
} Reading;

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

static gboolean
count_bag (Reading *self, GError **error)
{
  return ++self->n_bags <= HANDOFF_MAX_FILE_PARTS ||
         refuse (error, "has more than the " G_STRINGIFY (HANDOFF_MAX_FILE_PARTS) " parts that are "
                                                                                  "possible");
}

static gboolean
add_key (Reading *self, gconstpointer der, gsize size, gboolean is_encrypted, GError **error)
{
  guint8 *secret = handoff_secret_new (MAX (size, 1), HANDOFF_SECRET_DEFAULT);
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (secret, size, handoff_secret_free, secret);

  if (size > 0)
    memcpy (secret, der, size);
  self->parts->rewrite = HANDOFF_PKCS12_REWRITE;
  return handoff_key_parts_set_key (self->parts, bytes, HANDOFF_KEY_FORM_PKCS8, is_encrypted,
                                    error);
}

/* bags: SafeContents that GnuTLS does not read: in a bag of another (RFC 7292 section 4.2.6), or
 * decrypted by us. */
static gboolean
read_nested (Reading *self, HandoffDer bags, guint depth, GError **error)
{
  HandoffDer bag, value, certificate;
  char oid[HANDOFF_OID_SIZE];

  if (depth > MAX_DEPTH)
    return refuse (error, "has bags within bags, deeper than is possible");
  while (handoff_der_take_algorithm (&bags, oid, &bag))
    {
      gboolean success = TRUE;

      if (!count_bag (self, error))
        return FALSE;
      if (!handoff_der_take (&bag, HANDOFF_DER_CONTEXT (0), &value))
        continue;
      if (g_str_equal (oid, OID_KEY_BAG) || g_str_equal (oid, OID_SHROUDED_KEY_BAG))
        success =
            add_key (self, value.data, value.size, g_str_equal (oid, OID_SHROUDED_KEY_BAG), error);
      else if (g_str_equal (oid, OID_SAFE_CONTENTS_BAG))
        success = !handoff_der_take (&value, HANDOFF_DER_SEQUENCE, &bag) ||
                  read_nested (self, bag, depth + 1, error);
      else if (g_str_equal (oid, OID_CERTIFICATE_BAG) &&
               handoff_der_take_algorithm (&value, oid, &bag) &&
               g_str_equal (oid, OID_X509_CERTIFICATE) &&
               handoff_der_take (&bag, HANDOFF_DER_CONTEXT (0), &value) &&
               handoff_der_take (&value, HANDOFF_DER_OCTET_STRING, &certificate))
        success = handoff_key_parts_add_certificate (self->parts, certificate.data,
                                                     certificate.size, error);
      if (!success)
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_bag (Reading *self, gnutls_pkcs12_bag_type_t type, const gnutls_datum_t *data, GError **error)
{
  HandoffDer value = { data->data, data->size };
  HandoffDer bags;

  switch (type)
    {
    case GNUTLS_BAG_PKCS8_KEY:
    case GNUTLS_BAG_PKCS8_ENCRYPTED_KEY:
      return add_key (self, data->data, data->size, type == GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, error);
    case GNUTLS_BAG_CERTIFICATE:
      return handoff_key_parts_add_certificate (self->parts, data->data, data->size, error);
    case GNUTLS_BAG_UNKNOWN:
      return !handoff_der_take (&value, HANDOFF_DER_SEQUENCE, &bags) ||
             read_nested (self, bags, 1, error);
    default:
      return TRUE;
    }
}

static gboolean
read_bags (Reading *self, gnutls_pkcs12_bag_t safe, GError **error)
{
  gnutls_datum_t data;
  int i, type;

  if (gnutls_pkcs12_bag_get_count (safe) > MAX_BAGS)
    return refuse (error,
                   "has more than 31 certificates in one part, which cannot be read" REWRITE);
  for (i = 0; i < gnutls_pkcs12_bag_get_count (safe); i++)
    {
      type = gnutls_pkcs12_bag_get_type (safe, (guint) i);
      if (!count_bag (self, error))
        return FALSE;
      if (gnutls_pkcs12_bag_get_data (safe, (guint) i, &data) >= 0 &&
          !read_bag (self, (gnutls_pkcs12_bag_type_t) type, &data, error))
        return FALSE;
    }
  return TRUE;
}

/* data: EncryptedData (RFC 5652 section 8). FALSE: it cannot be read, for instance because it is
 * BER. */
static gboolean
parse_encrypted (const gnutls_datum_t *data, HandoffDer *algorithm, HandoffDer *ciphertext)
{
  HandoffDer der = { data->data, data->size };
  HandoffDer fields, info;
  char oid[HANDOFF_OID_SIZE];
  guint version;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      !handoff_der_take_uint (&fields, &version) ||
      !handoff_der_take_algorithm (&fields, oid, &info))
    return FALSE;
  *algorithm = info;
  return handoff_der_take (&info, HANDOFF_DER_SEQUENCE, NULL) &&
         handoff_der_take (&info, DER_IMPLICIT_CONTENT, ciphertext);
}

static gboolean
read_pbes2 (Reading *self,
            const HandoffDer *algorithm,
            const HandoffDer *ciphertext,
            GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) plaintext = handoff_encryption_open (
      algorithm, ciphertext, HANDOFF_DER_SEQUENCE, self->passphrase, &local_error);
  HandoffDer der, bags;

  if (plaintext == NULL)
    {
      handoff_encryption_add_command (&local_error, REWRITE);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  self->is_decrypted = TRUE;
  der.data = g_bytes_get_data (plaintext, &der.size);
  return handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &bags) && read_nested (self, bags, 0, error);
}

/* GnuTLS opens it, with whichever form of the passphrase fits. */
static gboolean
decrypt (Reading *self, gnutls_pkcs12_bag_t safe, GError **error)
{
  unsigned int iterations = 0;
  const char *text;
  guint i;
  int code = gnutls_pkcs12_bag_enc_info (safe, NULL, NULL, NULL, NULL, &iterations, NULL);

  for (i = 0; code >= 0 && handoff_passphrase_get_text (self->passphrase, i, &text); i++)
    {
      /* Key, twice, and IV. */
      if (!handoff_passphrase_spend (self->passphrase, (guint64) iterations * 3, error))
        return FALSE;
      code = gnutls_pkcs12_bag_decrypt (safe, text);
      if (code >= 0)
        {
          self->is_decrypted = TRUE;
          return TRUE;
        }
      if (code == GNUTLS_E_DECRYPTION_FAILED)
        code = 0;
    }
  if (code >= 0)
    return handoff_passphrase_refuse (self->passphrase, "is encrypted", error);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "has a part that cannot be read: %s" REWRITE, gnutls_strerror (code));
  return FALSE;
}

/* The part with the certificates, as a rule. */
static gboolean
read_encrypted (Reading *self, gnutls_pkcs12_bag_t safe, GError **error)
{
  HandoffDer algorithm, ciphertext;
  gnutls_datum_t data;
  const gboolean is_readable = gnutls_pkcs12_bag_get_data (safe, 0, &data) >= 0 &&
                               parse_encrypted (&data, &algorithm, &ciphertext);
  g_autoptr (GError) local_error = NULL;

  if (is_readable && handoff_encryption_is_pbes2 (&algorithm))
    return read_pbes2 (self, &algorithm, &ciphertext, error);
  if (!is_readable || gnutls_pkcs12_bag_enc_info (safe, NULL, NULL, NULL, NULL, NULL, NULL) >= 0)
    return decrypt (self, safe, error) && read_bags (self, safe, error);
  handoff_encryption_refuse (&algorithm, &local_error);
  handoff_encryption_add_command (&local_error, REWRITE);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
read_safes (Reading *self, GError **error)
{
  gnutls_pkcs12_bag_t safe;
  gboolean success = TRUE;
  int i, code = 0;

  for (i = 0; success && code >= 0; i++)
    {
      if (i > MAX_SAFES)
        return refuse (error, "has more than 32 parts, which is more than is possible" REWRITE);
      gnutls_pkcs12_bag_init (&safe);
      code = gnutls_pkcs12_get_bag (self->p12, i, safe);
      if (code >= 0)
        success = gnutls_pkcs12_bag_get_type (safe, 0) == GNUTLS_BAG_ENCRYPTED
                      ? read_encrypted (self, safe, error)
                      : read_bags (self, safe, error);
      gnutls_pkcs12_bag_deinit (safe);
    }
  if (!success || code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
    return success;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "has a part that cannot be read: %s" REWRITE, gnutls_strerror (code));
  return FALSE;
}

/* RFC 9579, which GnuTLS before 3.8.8 does not have. PFX ::= version, authSafe, macData */
static gboolean
check_pbmac1 (Reading *self, gboolean *is_right, GError **error)
{
  HandoffDer der = self->file;
  HandoffDer pfx, safe, wrapped, content, mac_data, mac_info, algorithm, parameters, mac;
  char oid[HANDOFF_OID_SIZE];
  guint version;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &pfx) ||
      !handoff_der_take_uint (&pfx, &version) || !handoff_der_take_algorithm (&pfx, oid, &safe) ||
      !handoff_der_take (&safe, HANDOFF_DER_CONTEXT (0), &wrapped) ||
      !handoff_der_take (&wrapped, HANDOFF_DER_OCTET_STRING, &content) ||
      !handoff_der_take (&pfx, HANDOFF_DER_SEQUENCE, &mac_data) ||
      !handoff_der_take (&mac_data, HANDOFF_DER_SEQUENCE, &mac_info) ||
      !handoff_der_take_algorithm (&mac_info, oid, &algorithm) ||
      !handoff_der_take (&algorithm, HANDOFF_DER_SEQUENCE, &parameters) ||
      !handoff_der_take (&mac_info, HANDOFF_DER_OCTET_STRING, &mac))
    return refuse (error, "has a MAC (PBMAC1) that cannot be read" REWRITE);
  return handoff_encryption_check_pbmac1 (&parameters, &content, &mac, self->passphrase, is_right,
                                          error) ||
         handoff_encryption_add_command (error, REWRITE);
}

/* RFC 7292 section 4: whether one of the forms of the passphrase gives the MAC. That form is
 * chosen. */
static gboolean
check_classic_mac (Reading *self, guint iterations, gboolean *is_right, GError **error)
{
  const char *text;
  guint i;

  *is_right = FALSE;
  for (i = 0; !*is_right && handoff_passphrase_get_text (self->passphrase, i, &text); i++)
    {
      if (!handoff_passphrase_spend (self->passphrase, iterations, error))
        return FALSE;
      *is_right = gnutls_pkcs12_verify_mac (self->p12, text) >= 0;
    }
  if (*is_right)
    handoff_passphrase_choose (self->passphrase, i - 1);
  return TRUE;
}

/* is_right: (out): also TRUE without a MAC: a file need not have one. */
static gboolean
check_mac (Reading *self, gboolean *is_right, GError **error)
{
  unsigned int iterations = 0;
  gnutls_mac_algorithm_t mac;
  char *oid = NULL;
  gboolean success;
  int code = gnutls_pkcs12_mac_info (self->p12, &mac, NULL, NULL, &iterations, &oid);

  *is_right = TRUE;
  /* First: GnuTLS from 3.8.8 on knows this one, too, and ends the process if there is no
   * passphrase. */
  if (oid != NULL && g_str_equal (oid, OID_PBMAC1))
    success = check_pbmac1 (self, is_right, error);
  else if (code >= 0)
    success = check_classic_mac (self, iterations, is_right, error);
  else if (oid != NULL)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "has a MAC of a kind that cannot be verified (%.64s)" REWRITE, oid);
      success = FALSE;
    }
  else
    success = TRUE;
  gnutls_free (oid);
  return success;
}

/* A file that cannot be read, though it begins like PKCS#12. */
static gboolean
refuse_unreadable (HandoffDer file, GError **error)
{
  const guint8 indefinite_length = 0x80;
  HandoffDer content;
  guint8 tag;

  if (handoff_der_next (&file, &tag, &content) && file.size > 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "is PKCS#12 with something behind its end that does not belong there (size: "
                   "%" G_GSIZE_FORMAT ")",
                   file.size);
      return FALSE;
    }
  if (file.size > 1 && file.data[1] != indefinite_length)
    return refuse (error, "is cut off: it begins like PKCS#12, and ends too early");
  return refuse (error, "is damaged: it begins like PKCS#12, but cannot be read");
}

gboolean
handoff_pkcs12_read (gconstpointer data,
                     gsize size,
                     HandoffPassphrase *passphrase,
                     HandoffKeyParts *parts,
                     GError **error)
{
  const gnutls_datum_t datum = { (guint8 *) data, (guint) size };
  Reading self = { .file = { data, size }, .passphrase = passphrase, .parts = parts };
  gboolean is_right, success;
  int code;

  gnutls_pkcs12_init (&self.p12);
  code = gnutls_pkcs12_import (self.p12, &datum, GNUTLS_X509_FMT_DER, 0);
  if (code < 0)
    {
      gnutls_pkcs12_deinit (self.p12);
      return refuse_unreadable (self.file, error);
    }
  success = check_mac (&self, &is_right, error);
  if (success && is_right)
    success = read_safes (&self, error);
  else if (success)
    {
      /* The MAC alone cannot tell a wrong passphrase from a damaged file. */
      success =
          read_safes (&self, NULL) && self.is_decrypted
              ? refuse (error, "is damaged: the passphrase opens it, but its MAC does not fit")
              : handoff_passphrase_refuse (passphrase, "is protected with a passphrase", error);
    }
  gnutls_pkcs12_deinit (self.p12);
  return success;
}
