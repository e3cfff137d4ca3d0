/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-encryption.h"

#include <string.h>

#include "key-file/algorithm-names.h"
#include "key/key-limits.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_DERIVED_SIZE 64
#define MAX_SALT_SIZE 1024
#define MAX_IV_SIZE 16
#define OID_PBES2 "1.2.840.113549.1.5.13"
#define OID_PBKDF2 "1.2.840.113549.1.5.12"

/* How a key is derived. */
typedef struct
{
  HandoffDer salt;
  guint iterations;
  guint key_size; /* 0: the file does not say */
  gnutls_mac_algorithm_t prf;
} Pbkdf2;

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

static gboolean
refuse_damaged (GError **error)
{
  return refuse (error, "is damaged: what says how it is encrypted cannot be read");
}

static gboolean
refuse_algorithm (GError **error, const char *oid_or_name)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "is encrypted with %.64s, which cannot be read here",
               handoff_algorithm_get_name (oid_or_name));
  return FALSE;
}

/* der: an AlgorithmIdentifier, which is taken off it */
static gboolean
take_pbkdf2 (HandoffDer *der, Pbkdf2 *pbkdf2, GError **error)
{
  HandoffDer rest, parameters, ignored;
  char oid[HANDOFF_OID_SIZE];

  if (!handoff_der_take_algorithm (der, oid, &rest))
    return refuse_damaged (error);
  if (!g_str_equal (oid, OID_PBKDF2))
    return refuse_algorithm (error, oid);
  pbkdf2->key_size = 0;
  pbkdf2->prf = GNUTLS_MAC_SHA1;
  if (!handoff_der_take (&rest, HANDOFF_DER_SEQUENCE, &parameters) ||
      !handoff_der_take (&parameters, HANDOFF_DER_OCTET_STRING, &pbkdf2->salt) ||
      pbkdf2->salt.size > MAX_SALT_SIZE ||
      !handoff_der_take_uint (&parameters, &pbkdf2->iterations) || pbkdf2->iterations == 0 ||
      (handoff_der_peek (parameters) == HANDOFF_DER_INTEGER &&
       !handoff_der_take_uint (&parameters, &pbkdf2->key_size)))
    return refuse_damaged (error);
  if (parameters.size == 0)
    return TRUE;
  if (!handoff_der_take_algorithm (&parameters, oid, &ignored))
    return refuse_damaged (error);
  return handoff_algorithm_find_mac (oid, &pbkdf2->prf) || refuse_algorithm (error, oid);
}

static gboolean
derive (const Pbkdf2 *pbkdf2,
        HandoffPassphrase *passphrase,
        guint8 *key,
        gsize key_size,
        GError **error)
{
  const gsize block_size = MAX (gnutls_hmac_get_len (pbkdf2->prf), 1);
  const guint blocks = (guint) ((key_size + block_size - 1) / block_size);
  gsize size;
  gconstpointer bytes = handoff_passphrase_get_bytes (passphrase, &size);
  const gnutls_datum_t secret = { (guint8 *) bytes, (guint) size };
  const gnutls_datum_t salt = { (guint8 *) pbkdf2->salt.data, (guint) pbkdf2->salt.size };
  int code;

  if (!handoff_passphrase_spend (passphrase, (guint64) pbkdf2->iterations * blocks, error))
    return FALSE;
  code = gnutls_pbkdf2 (pbkdf2->prf, &secret, &salt, pbkdf2->iterations, key, key_size);
  if (code >= 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "its key cannot be derived from the passphrase: %s", gnutls_strerror (code));
  return FALSE;
}

/* Removes the padding of CBC (RFC 8018 section 6.1.1). FALSE if the rest cannot be what was
 * encrypted: one SEQUENCE that begins with first_tag. */
static gboolean
find_end (const guint8 *plaintext, gsize *size, gsize block_size, guint8 first_tag)
{
  const guint8 padding = plaintext[*size - 1];
  HandoffDer der, contents;
  gsize i;

  if (padding == 0 || padding > block_size || padding > *size)
    return FALSE;
  for (i = *size - padding; i < *size; i++)
    {
      if (plaintext[i] != padding)
        return FALSE;
    }
  *size -= padding;
  der.data = plaintext;
  der.size = *size;
  return handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &contents) && der.size == 0 &&
         (contents.size == 0 || handoff_der_take (&contents, first_tag, NULL));
}

/* Whether the bytes begin as a private key does: SEQUENCE, INTEGER 0 or 1. */
static gboolean
begins_like_key (const guint8 *plaintext, gsize size)
{
  const gsize length_size = plaintext[1] >= 0x80 ? 1 + (plaintext[1] & 0x7f) : 1;
  const guint8 *version = plaintext + 1 + length_size;

  return plaintext[0] == HANDOFF_DER_SEQUENCE && length_size <= 4 && size > 8 &&
         version[0] == HANDOFF_DER_INTEGER && version[1] == 1 && version[2] <= 1;
}

/* key, iv: of the sizes that the cipher has. (transfer full) */
static GBytes *
decrypt (gnutls_cipher_algorithm_t cipher,
         guint8 *key,
         const guint8 *iv,
         const HandoffDer *ciphertext,
         guint8 first_tag,
         HandoffPassphrase *passphrase,
         GError **error)
{
  const gsize block_size = gnutls_cipher_get_block_size (cipher);
  const gnutls_datum_t key_datum = { key, (guint) gnutls_cipher_get_key_size (cipher) };
  const gnutls_datum_t iv_datum = { (guint8 *) iv, (guint) block_size };
  gnutls_cipher_hd_t handle;
  gsize size = ciphertext->size;
  guint8 *plaintext;
  gboolean success;

  if (size == 0 || size % block_size != 0)
    {
      refuse (error, "is damaged: its encrypted part is not whole");
      return NULL;
    }
  if (gnutls_cipher_init (&handle, cipher, &key_datum, &iv_datum) < 0)
    {
      refuse_algorithm (error, gnutls_cipher_get_name (cipher));
      return NULL;
    }
  plaintext = handoff_secret_new (size, HANDOFF_SECRET_DEFAULT);
  success = gnutls_cipher_decrypt2 (handle, ciphertext->data, size, plaintext, size) >= 0 &&
            find_end (plaintext, &size, block_size, first_tag);
  gnutls_cipher_deinit (handle);
  if (success)
    return g_bytes_new_with_free_func (plaintext, size, handoff_secret_free, plaintext);
  if (begins_like_key (plaintext, ciphertext->size))
    refuse (error, "is damaged: it is decrypted, but its end is not as it should be");
  else
    handoff_passphrase_refuse (passphrase, "is encrypted", error);
  handoff_secret_free (plaintext);
  return NULL;
}

gboolean
handoff_encryption_is_pbes2 (const HandoffDer *algorithm)
{
  HandoffDer der = *algorithm, rest;
  char oid[HANDOFF_OID_SIZE];

  return handoff_der_take_algorithm (&der, oid, &rest) && g_str_equal (oid, OID_PBES2);
}

/* PBEParameter ::= SEQUENCE { salt, iterations } (RFC 8018 A.3, RFC 7292 C). GnuTLS does not read
 * one with too many iterations either. 0 if it is something else. */
static guint
get_old_iterations (HandoffDer parameters)
{
  HandoffDer fields;
  guint iterations;

  return handoff_der_take (&parameters, HANDOFF_DER_SEQUENCE, &fields) &&
                 handoff_der_take (&fields, HANDOFF_DER_OCTET_STRING, NULL) &&
                 handoff_der_take_uint (&fields, &iterations)
             ? iterations
             : 0;
}

gboolean
handoff_encryption_refuse (const HandoffDer *algorithm, GError **error)
{
  HandoffDer der = *algorithm, rest, parameters, ignored;
  char oid[HANDOFF_OID_SIZE];
  Pbkdf2 pbkdf2;

  if (!handoff_der_take_algorithm (&der, oid, &rest))
    return refuse_damaged (error);
  if (!g_str_equal (oid, OID_PBES2))
    return get_old_iterations (rest) > HANDOFF_MAX_KDF_ITERATIONS
               ? handoff_passphrase_refuse_iterations (get_old_iterations (rest), error)
               : refuse_algorithm (error, oid);
  if (!handoff_der_take (&rest, HANDOFF_DER_SEQUENCE, &parameters))
    return refuse_damaged (error);
  if (!take_pbkdf2 (&parameters, &pbkdf2, error))
    return FALSE;
  if (!handoff_der_take_algorithm (&parameters, oid, &ignored))
    return refuse_damaged (error);
  return refuse_algorithm (error, oid);
}

gboolean
handoff_encryption_add_command (GError **error, const char *command)
{
  g_autofree char *message = NULL;

  if (error == NULL || !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return FALSE;
  message = g_strconcat ((*error)->message, command, NULL);
  g_clear_error (error);
  return refuse (error, message);
}

GBytes *
handoff_encryption_open (const HandoffDer *algorithm,
                         const HandoffDer *ciphertext,
                         guint8 first_tag,
                         HandoffPassphrase *passphrase,
                         GError **error)
{
  HandoffDer der = *algorithm, rest, parameters, scheme, iv;
  char oid[HANDOFF_OID_SIZE];
  gnutls_cipher_algorithm_t cipher;
  guint8 key[MAX_DERIVED_SIZE];
  gsize key_size;
  Pbkdf2 pbkdf2;
  GBytes *plaintext = NULL;

  if (!handoff_der_take_algorithm (&der, oid, &rest) ||
      !handoff_der_take (&rest, HANDOFF_DER_SEQUENCE, &parameters))
    {
      refuse_damaged (error);
      return NULL;
    }
  if (!take_pbkdf2 (&parameters, &pbkdf2, error))
    return NULL;
  if (!handoff_der_take_algorithm (&parameters, oid, &scheme))
    {
      refuse_damaged (error);
      return NULL;
    }
  if (!handoff_algorithm_find_cipher (oid, &cipher))
    {
      refuse_algorithm (error, oid);
      return NULL;
    }
  key_size = gnutls_cipher_get_key_size (cipher);
  if (!handoff_der_take (&scheme, HANDOFF_DER_OCTET_STRING, &iv) ||
      iv.size != gnutls_cipher_get_block_size (cipher) ||
      (pbkdf2.key_size != 0 && pbkdf2.key_size != key_size))
    {
      refuse_damaged (error);
      return NULL;
    }
  if (derive (&pbkdf2, passphrase, key, key_size, error))
    plaintext = decrypt (cipher, key, iv.data, ciphertext, first_tag, passphrase, error);
  handoff_wipe (key, sizeof key);
  return plaintext;
}

/* "AES-256-CBC,1F0A…". rest: (out): after the comma */
static gboolean
parse_dek_info (const char *dek_info,
                gnutls_cipher_algorithm_t *cipher,
                guint8 iv[MAX_IV_SIZE],
                GError **error)
{
  const gsize name_size = strcspn (dek_info, ",");
  g_autofree char *name = g_strndup (dek_info, name_size);
  const char *hex = dek_info + name_size;
  gsize i, size;

  g_strstrip (name);
  if (!handoff_algorithm_find_cipher (name, cipher))
    return refuse_algorithm (error, name);
  size = gnutls_cipher_get_block_size (*cipher);
  if (*hex == ',')
    hex++;
  while (g_ascii_isspace (*hex))
    hex++;
  for (i = 0; i < size && i < MAX_IV_SIZE; i++, hex += 2)
    {
      if (!g_ascii_isxdigit (hex[0]) || !g_ascii_isxdigit (hex[1]))
        return refuse_damaged (error);
      iv[i] = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
    }
  return TRUE;
}

/* OpenSSL's EVP_BytesToKey() with MD5 and one iteration; the salt is the beginning of the IV. */
static gboolean
derive_traditional (HandoffPassphrase *passphrase,
                    const guint8 *iv,
                    guint8 key[MAX_DERIVED_SIZE],
                    gsize key_size)
{
  const gsize salt_size = 8, block_size = 16;
  gsize size, done;
  gconstpointer bytes = handoff_passphrase_get_bytes (passphrase, &size);
  gnutls_hash_hd_t hash;

  for (done = 0; done < key_size; done += block_size)
    {
      if (gnutls_hash_init (&hash, GNUTLS_DIG_MD5) < 0)
        return FALSE;
      if (done > 0)
        gnutls_hash (hash, key + done - block_size, block_size);
      gnutls_hash (hash, bytes, size);
      gnutls_hash (hash, iv, salt_size);
      gnutls_hash_deinit (hash, key + done);
    }
  return TRUE;
}

GBytes *
handoff_encryption_open_traditional (const char *dek_info,
                                     const HandoffDer *ciphertext,
                                     HandoffPassphrase *passphrase,
                                     GError **error)
{
  gnutls_cipher_algorithm_t cipher;
  guint8 iv[MAX_IV_SIZE];
  guint8 key[MAX_DERIVED_SIZE];
  GBytes *plaintext = NULL;

  if (!parse_dek_info (dek_info, &cipher, iv, error))
    return NULL;
  if (derive_traditional (passphrase, iv, key, gnutls_cipher_get_key_size (cipher)))
    plaintext = decrypt (cipher, key, iv, ciphertext, HANDOFF_DER_INTEGER, passphrase, error);
  else
    refuse_algorithm (error, "MD5");
  handoff_wipe (key, sizeof key);
  return plaintext;
}

gboolean
handoff_encryption_check_pbmac1 (const HandoffDer *parameters,
                                 const HandoffDer *content,
                                 const HandoffDer *mac,
                                 HandoffPassphrase *passphrase,
                                 gboolean *is_right,
                                 GError **error)
{
  HandoffDer der = *parameters, ignored;
  char oid[HANDOFF_OID_SIZE];
  gnutls_mac_algorithm_t algorithm;
  guint8 key[MAX_DERIVED_SIZE], expected[MAX_DERIVED_SIZE];
  Pbkdf2 pbkdf2;
  gboolean success;

  if (!take_pbkdf2 (&der, &pbkdf2, error))
    return FALSE;
  if (!handoff_der_take_algorithm (&der, oid, &ignored))
    return refuse_damaged (error);
  if (!handoff_algorithm_find_mac (oid, &algorithm))
    return refuse_algorithm (error, oid);
  if (pbkdf2.key_size == 0 || pbkdf2.key_size > sizeof key ||
      mac->size != gnutls_hmac_get_len (algorithm))
    return refuse_damaged (error);
  success = derive (&pbkdf2, passphrase, key, pbkdf2.key_size, error);
  if (success)
    *is_right = gnutls_hmac_fast (algorithm, key, pbkdf2.key_size, content->data, content->size,
                                  expected) >= 0 &&
                gnutls_memcmp (expected, mac->data, mac->size) == 0;
  handoff_wipe (key, sizeof key);
  return success;
}
