/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/pkcs8.h"

#include <string.h>

#include "key/der-values.h"
#include "key/gnutls-support.h"
#include "key/key-limits.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_RSA_PSS "1.2.840.113549.1.1.10"
#define OID_EC "1.2.840.10045.2.1"
#define OID_ED25519 "1.3.101.112"
#define OID_ED448 "1.3.101.113"

#define NULL_TAG 0x05
#define CONSTRUCTED 0x20
/* A key's curve is in a SEQUENCE of a SEQUENCE, the hash of RSA-PSS three further down. */
#define MAX_DEPTH 6
#define N_RSA_NUMBERS 8

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "This is no private key in canonical PKCS #8: %s", what);
  return FALSE;
}

static gboolean
is_known_tag (guint8 tag)
{
  switch (tag)
    {
    case HANDOFF_DER_INTEGER:
    case HANDOFF_DER_BIT_STRING:
    case HANDOFF_DER_OCTET_STRING:
    case HANDOFF_DER_OBJECT_IDENTIFIER:
    case HANDOFF_DER_SEQUENCE:
    case NULL_TAG:
      return TRUE;
    default:
      return tag >= HANDOFF_DER_CONTEXT (0) && tag <= HANDOFF_DER_CONTEXT (3);
    }
}

/* How many bytes tag and length take at least. */
static gsize
header_size (gsize content_size)
{
  gsize size = 2;

  if (content_size < 0x80)
    return size;
  for (; content_size > 0; content_size >>= 8)
    size++;
  return size;
}

/* Positive, not larger than those of a key that is possible, without a needless zero. */
static gboolean
is_small_number (HandoffDer number)
{
  return number.size > 0 && number.data[0] < 0x80 &&
         (number.size == 1 || number.data[0] != 0 || number.data[1] >= 0x80) &&
         handoff_der_count_bits (number) <= HANDOFF_MAX_OWN_RSA_BITS;
}

/* Elements one after the other, each as short as it can be. */
static gboolean
is_canonical (HandoffDer elements, guint depth)
{
  while (elements.size > 0)
    {
      const guint8 *start = elements.data;
      HandoffDer content;
      guint8 tag;

      if (depth == 0 || !handoff_der_next (&elements, &tag, &content) || !is_known_tag (tag) ||
          (gsize) (content.data - start) != header_size (content.size))
        return FALSE;
      if (tag == HANDOFF_DER_INTEGER && !is_small_number (content))
        return FALSE;
      if ((tag & CONSTRUCTED) != 0 && !is_canonical (content, depth - 1))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_odd (HandoffDer number)
{
  return (number.data[number.size - 1] & 1) != 0;
}

/* contents: RSAPrivateKey of two primes (RFC 8017 A.1.2): version, n, e, d, p, q, and three more.
 * What divides by n, p or q needs odd ones. */
static gboolean
is_rsa (HandoffDer contents, HandoffDer parameters)
{
  HandoffDer fields, numbers[N_RSA_NUMBERS];
  guint version, i;

  if (!handoff_der_take (&contents, HANDOFF_DER_SEQUENCE, &fields) || contents.size != 0 ||
      !handoff_der_take_uint (&fields, &version) || version != 0)
    return FALSE;
  for (i = 0; i < N_RSA_NUMBERS; i++)
    {
      if (!handoff_der_take (&fields, HANDOFF_DER_INTEGER, &numbers[i]) ||
          handoff_der_count_bits (numbers[i]) == 0)
        return FALSE;
    }
  return fields.size == 0 && handoff_der_count_bits (numbers[0]) >= HANDOFF_MIN_OWN_RSA_BITS &&
         is_odd (numbers[0]) && is_odd (numbers[1]) && is_odd (numbers[3]) && is_odd (numbers[4]) &&
         handoff_der_count_bits (numbers[1]) <= HANDOFF_MAX_RSA_EXPONENT_BITS;
}

/* contents: ECPrivateKey (RFC 5915) on a curve whose name is in the parameters. */
static gboolean
is_ec (HandoffDer contents, HandoffDer parameters)
{
  static const struct
  {
    const char *oid;
    gsize size; /* bytes of the secret number */
  } curves[] = {
    { "1.2.840.10045.3.1.7", 32 },
    { "1.3.132.0.34", 48 },
    { "1.3.132.0.35", 66 },
  };
  char oid[HANDOFF_OID_SIZE];
  HandoffDer fields, secret;
  guint version;
  gsize i;

  if (!handoff_der_take_oid (&parameters, oid) || parameters.size != 0 ||
      !handoff_der_take (&contents, HANDOFF_DER_SEQUENCE, &fields) || contents.size != 0 ||
      !handoff_der_take_uint (&fields, &version) || version != 1 ||
      !handoff_der_take (&fields, HANDOFF_DER_OCTET_STRING, &secret))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (curves); i++)
    {
      if (g_str_equal (curves[i].oid, oid))
        /* GnuTLS writes a zero before a number that would be negative. */
        return secret.size <= curves[i].size ||
               (secret.size == curves[i].size + 1 && secret.data[0] == 0);
    }
  return FALSE;
}

/* contents: CurvePrivateKey (RFC 8410). */
static gboolean
is_edwards (HandoffDer contents, HandoffDer parameters)
{
  HandoffDer secret;

  return parameters.size == 0 && handoff_der_take (&contents, HANDOFF_DER_OCTET_STRING, &secret) &&
         contents.size == 0 && (secret.size == 32 || secret.size == 57);
}

static const struct
{
  const char *oid;
  gboolean (*check) (HandoffDer contents, HandoffDer parameters);
} kinds[] = {
  { OID_RSA, is_rsa },         { OID_RSA_PSS, is_rsa },   { OID_EC, is_ec },
  { OID_ED25519, is_edwards }, { OID_ED448, is_edwards },
};

static HandoffDer
as_der (GBytes *bytes)
{
  HandoffDer der;

  der.data = g_bytes_get_data (bytes, &der.size);
  return der;
}

static gboolean
check_form (GBytes *bytes, GError **error)
{
  HandoffDer der = as_der (bytes);
  HandoffDer fields, parameters, contents;
  char oid[HANDOFF_OID_SIZE];
  guint version;
  gsize i;

  if (der.size > HANDOFF_MAX_PRIVATE_KEY_SIZE)
    return refuse (error, "it is larger than any that is possible");
  if (!is_canonical (der, MAX_DEPTH) || !handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      der.size != 0 || !handoff_der_take_uint (&fields, &version) || version != 0 ||
      !handoff_der_take_algorithm (&fields, oid, &parameters) ||
      !handoff_der_take (&fields, HANDOFF_DER_OCTET_STRING, &contents) || fields.size != 0)
    return refuse (error, "it is written in another way");
  for (i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (g_str_equal (kinds[i].oid, oid))
        return (is_canonical (contents, MAX_DEPTH) && kinds[i].check (contents, parameters)) ||
               refuse (error, "its numbers are not those of such a key");
    }
  return refuse (error, "it is of a kind that TLS does not use");
}

gnutls_x509_privkey_t
handoff_pkcs8_read (GBytes *bytes, GError **error)
{
  const HandoffDer der = as_der (bytes);
  const gnutls_datum_t datum = { (guint8 *) der.data, (unsigned int) der.size };
  g_autoptr (GBytes) again = NULL;
  gnutls_x509_privkey_t key;

  if (!check_form (bytes, error))
    return NULL;
  gnutls_x509_privkey_init (&key);
  if (gnutls_x509_privkey_import_pkcs8 (key, &datum, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN) <
          0 ||
      gnutls_x509_privkey_verify_params (key) < 0)
    refuse (error, "its numbers do not fit each other");
  else
    {
      again = handoff_pkcs8_write (key, error);
      if (again != NULL && g_bytes_equal (again, bytes))
        return key;
      if (again != NULL)
        refuse (error, "it would be written in another way");
    }
  gnutls_x509_privkey_deinit (key);
  return NULL;
}

/* Appends tag and length. */
static guint8 *
write_header (guint8 *at, gsize content_size)
{
  const gsize n_length_bytes = header_size (content_size) - 2;
  gsize i;

  *at++ = HANDOFF_DER_SEQUENCE;
  *at++ = n_length_bytes == 0 ? (guint8) content_size : (guint8) (0x80 | n_length_bytes);
  for (i = n_length_bytes; i > 0; i--)
    *at++ = (guint8) (content_size >> (8 * (i - 1)));
  return at;
}

/* Without attributes, which GnuTLS writes for keys that were made of a seed. (transfer full): in
 * secret memory. NULL: it is no PrivateKeyInfo */
static GBytes *
copy_without_attributes (const gnutls_datum_t *datum)
{
  HandoffDer der = { datum->data, datum->size };
  HandoffDer fields, rest;
  guint8 *secret;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields))
    return NULL;
  rest = fields;
  if (!handoff_der_take (&rest, HANDOFF_DER_INTEGER, NULL) ||
      !handoff_der_take (&rest, HANDOFF_DER_SEQUENCE, NULL) ||
      !handoff_der_take (&rest, HANDOFF_DER_OCTET_STRING, NULL))
    return NULL;
  fields.size -= rest.size;
  secret = handoff_secret_new (header_size (fields.size) + fields.size, HANDOFF_SECRET_DEFAULT);
  memcpy (write_header (secret, fields.size), fields.data, fields.size);
  return g_bytes_new_with_free_func (secret, header_size (fields.size) + fields.size,
                                     handoff_secret_free, secret);
}

GBytes *
handoff_pkcs8_write (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes;
  int code =
      gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &der);

  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot write the private key");
      return NULL;
    }
  bytes = copy_without_attributes (&der);
  handoff_wipe (der.data, der.size);
  gnutls_free (der.data);
  if (bytes == NULL)
    g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                         "Cannot write the private key");
  return bytes;
}
