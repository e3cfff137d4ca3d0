/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-import.h"

#include <string.h>

#include "key/der-values.h"
#include "key/key-limits.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_EC_SECRET_SIZE 66 /* of P-521 */
#define N_RSA_NUMBERS 8
#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_RSA_PSS "1.2.840.113549.1.1.10"
#define OID_EC "1.2.840.10045.2.1"

/* What is found in keys that TLS, or this service, does not use. */
static const struct
{
  const char *oid;
  const char *name;
} other_kinds[] = {
  { "1.2.840.10040.4.1", "DSA" },
  { "1.3.101.110", "X25519" },
  { "1.3.101.111", "X448" },
  { "1.2.840.113549.1.3.1", "Diffie-Hellman" },
  { "1.2.840.10046.2.1", "Diffie-Hellman" },
  { "1.2.840.113549.1.1.7", "RSA-OAEP" },
  { "1.2.643.2.2.19", "GOST R 34.10-2001" },
  { "1.2.643.7.1.1.1.1", "GOST R 34.10-2012" },
  { "1.2.643.7.1.1.1.2", "GOST R 34.10-2012" },
  { "2.16.840.1.101.3.4.3.17", "ML-DSA-44" },
  { "2.16.840.1.101.3.4.3.18", "ML-DSA-65" },
  { "2.16.840.1.101.3.4.3.19", "ML-DSA-87" },
};

static const struct
{
  const char *oid;
  const char *name;
  gboolean is_possible;
} curves[] = {
  { "1.2.840.10045.3.1.7", "P-256", TRUE },
  { "1.3.132.0.34", "P-384", TRUE },
  { "1.3.132.0.35", "P-521", TRUE },
  { "1.2.840.10045.3.1.1", "P-192", FALSE },
  { "1.3.132.0.33", "P-224", FALSE },
  { "1.3.132.0.10", "secp256k1", FALSE },
  { "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", FALSE },
  { "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", FALSE },
  { "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", FALSE },
  { "1.2.156.10197.1.301", "SM2", FALSE },
};

/* What can be seen of a key without computing with it. What cannot be read stays NULL or empty. */
typedef struct
{
  char oid[HANDOFF_OID_SIZE]; /* the algorithm's; empty: not known */
  char curve[HANDOFF_OID_SIZE];
  gboolean has_explicit_parameters;
  gboolean has_public_key;
  gboolean is_compressed; /* the public key */
  HandoffDer secret;      /* of an EC key */
} Facts;

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, format,
                                 arguments);
  va_end (arguments);
  return FALSE;
}

static gboolean
refuse_kind (GError **error, const char *name)
{
  return refuse (error,
                 "the private key is of a kind that TLS does not use%s%s%s (RSA, ECDSA, Ed25519 "
                 "and Ed448 are possible)",
                 name != NULL ? ": “" : "", name != NULL ? name : "", name != NULL ? "”" : "");
}

static gboolean
check_rsa_bits (gsize bits, GError **error)
{
  return (bits >= HANDOFF_MIN_OWN_RSA_BITS && bits <= HANDOFF_MAX_OWN_RSA_BITS) ||
         refuse (error, "an RSA key must have %u to %u bits; this one has %" G_GSIZE_FORMAT,
                 HANDOFF_MIN_OWN_RSA_BITS, HANDOFF_MAX_OWN_RSA_BITS, bits);
}

/* der: RSAPrivateKey */
static gboolean
check_rsa (HandoffDer der, GError **error)
{
  HandoffDer numbers, number;
  guint version, i;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &numbers) ||
      !handoff_der_take_uint (&numbers, &version))
    return TRUE; /* GnuTLS will not read it either, or better. */
  if (version == 1)
    return refuse (error, "is an RSA key of more than two primes, which cannot be used here: a new "
                          "key with a new certificate is needed");
  for (i = 0; i < N_RSA_NUMBERS && handoff_der_take (&numbers, HANDOFF_DER_INTEGER, &number); i++)
    {
      const gsize bits = handoff_der_count_bits (number);

      if (i == 0 && !check_rsa_bits (bits, error))
        return FALSE;
      if (i >= 3 && bits == 0)
        break;
      if (bits > HANDOFF_MAX_OWN_RSA_BITS)
        return refuse (error, "the private key is damaged: its numbers do not fit each other");
    }
  if (i < N_RSA_NUMBERS)
    return refuse (error, "is an RSA key that lacks some of its numbers (primes, exponents, "
                          "coefficient), and cannot be used here: it has to be exported with them");
  return TRUE;
}

/* der: what says which curve it is */
static void
look_at_curve (Facts *facts, const HandoffDer *der)
{
  HandoffDer curve = *der;

  if (handoff_der_peek (curve) == HANDOFF_DER_SEQUENCE)
    facts->has_explicit_parameters = TRUE;
  else
    handoff_der_take_oid (&curve, facts->curve);
}

/* der: ECPrivateKey */
static void
look_at_ec (Facts *facts, HandoffDer der)
{
  HandoffDer fields, curve, public_key, point;
  guint version;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      !handoff_der_take_uint (&fields, &version) ||
      !handoff_der_take (&fields, HANDOFF_DER_OCTET_STRING, &facts->secret))
    return;
  if (handoff_der_take (&fields, HANDOFF_DER_CONTEXT (0), &curve))
    look_at_curve (facts, &curve);
  facts->has_public_key = handoff_der_take (&fields, HANDOFF_DER_CONTEXT (1), &public_key);
  /* SEC 1 section 2.3.3, behind the number of unused bits. */
  facts->is_compressed = facts->has_public_key &&
                         handoff_der_take (&public_key, HANDOFF_DER_BIT_STRING, &point) &&
                         point.size > 1 && (point.data[1] == 2 || point.data[1] == 3);
}

/* der: PrivateKeyInfo. contents: (out): the key in it */
static gboolean
look_at_pkcs8 (Facts *facts, HandoffDer der, HandoffDer *contents)
{
  HandoffDer fields, parameters;
  guint version;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      !handoff_der_take_uint (&fields, &version) ||
      !handoff_der_take_algorithm (&fields, facts->oid, &parameters))
    return FALSE;
  if (g_str_equal (facts->oid, OID_EC))
    look_at_curve (facts, &parameters);
  return handoff_der_take (&fields, HANDOFF_DER_OCTET_STRING, contents);
}

static gboolean
check_curve (const char *oid, GError **error)
{
  const char *name = oid;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (curves); i++)
    {
      if (!g_str_equal (oid, curves[i].oid))
        continue;
      if (curves[i].is_possible)
        return TRUE;
      name = curves[i].name;
    }
  return refuse (error,
                 "the private key is on the curve %.64s, which is not possible here (P-256, "
                 "P-384 and P-521 are)",
                 name);
}

/* What it is, whatever the label says: programs are not exact there. */
static HandoffKeyForm
find_form (GBytes *bytes, HandoffKeyForm labelled)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  HandoffDer der = { data, size };
  HandoffDer fields;
  guint version;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      !handoff_der_take_uint (&fields, &version))
    return labelled;
  switch (handoff_der_peek (fields))
    {
    case HANDOFF_DER_SEQUENCE:
      return HANDOFF_KEY_FORM_PKCS8;
    case HANDOFF_DER_INTEGER:
      return HANDOFF_KEY_FORM_RSA;
    case HANDOFF_DER_OCTET_STRING:
      return HANDOFF_KEY_FORM_EC;
    default:
      return labelled;
    }
}

/* PrivateKeyInfo in the version that GnuTLS reads, without attributes and public key: NULL if it is
 * in that already. (transfer full): in secret memory */
static GBytes *
downgrade_pkcs8 (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  HandoffDer der = { data, size };
  HandoffDer fields, rest;
  const guint8 header_size = 4, version[] = { HANDOFF_DER_INTEGER, 1, 0 };
  guint number;
  gsize contents_size;
  guint8 *secret;

  if (!handoff_der_take (&der, HANDOFF_DER_SEQUENCE, &fields) ||
      !handoff_der_take_uint (&fields, &number) || number != 1)
    return NULL;
  rest = fields;
  if (!handoff_der_take (&rest, HANDOFF_DER_SEQUENCE, NULL) ||
      !handoff_der_take (&rest, HANDOFF_DER_OCTET_STRING, NULL))
    return NULL;
  fields.size -= rest.size;
  contents_size = sizeof version + fields.size;
  secret = handoff_secret_new (header_size + contents_size, HANDOFF_SECRET_DEFAULT);
  /* Longer than it need be, which readers do not mind. */
  secret[0] = HANDOFF_DER_SEQUENCE;
  secret[1] = 0x82;
  secret[2] = (guint8) (contents_size >> 8);
  secret[3] = (guint8) contents_size;
  memcpy (secret + header_size, version, sizeof version);
  memcpy (secret + header_size + sizeof version, fields.data, fields.size);
  return g_bytes_new_with_free_func (secret, header_size + contents_size, handoff_secret_free,
                                     secret);
}

/* FALSE: it cannot be used, whatever GnuTLS would make of it. */
static gboolean
look (GBytes *der, HandoffKeyForm form, Facts *facts, GError **error)
{
  gsize i, size;
  const guint8 *data = g_bytes_get_data (der, &size);
  HandoffDer contents = { data, size };

  if (size > HANDOFF_MAX_PRIVATE_KEY_SIZE)
    return refuse (error,
                   "has a private key of %" G_GSIZE_FORMAT " bytes, more than any that is "
                   "possible",
                   size);
  if (form == HANDOFF_KEY_FORM_RSA)
    g_strlcpy (facts->oid, OID_RSA, sizeof facts->oid);
  else if (form == HANDOFF_KEY_FORM_EC)
    g_strlcpy (facts->oid, OID_EC, sizeof facts->oid);
  else if (!look_at_pkcs8 (facts, contents, &contents))
    return TRUE;

  for (i = 0; i < G_N_ELEMENTS (other_kinds); i++)
    {
      if (g_str_equal (facts->oid, other_kinds[i].oid))
        return refuse_kind (error, other_kinds[i].name);
    }
  if (g_str_equal (facts->oid, OID_RSA) || g_str_equal (facts->oid, OID_RSA_PSS))
    return check_rsa (contents, error);
  if (!g_str_equal (facts->oid, OID_EC))
    return TRUE;
  look_at_ec (facts, contents);
  return facts->curve[0] == '\0' || check_curve (facts->curve, error);
}

/* The key with this secret number, if the certificate's public key belongs to it. */
static gnutls_x509_privkey_t
import_with_certificate (const HandoffDer *secret, gnutls_x509_crt_t certificate)
{
  const gnutls_datum_t k = { (guint8 *) secret->data, (guint) secret->size };
  gnutls_datum_t x = { NULL, 0 }, y = { NULL, 0 };
  gnutls_ecc_curve_t curve;
  gnutls_x509_privkey_t key = NULL;

  if (secret->size > MAX_EC_SECRET_SIZE ||
      gnutls_x509_crt_get_pk_ecc_raw (certificate, &curve, &x, &y) < 0)
    return NULL;
  gnutls_x509_privkey_init (&key);
  if (gnutls_x509_privkey_import_ecc_raw (key, curve, &x, &y, &k) < 0 ||
      gnutls_x509_privkey_verify_params (key) < 0)
    g_clear_pointer (&key, gnutls_x509_privkey_deinit);
  gnutls_free (x.data);
  gnutls_free (y.data);
  return key;
}

/* An EC key that GnuTLS does not read. */
static gnutls_x509_privkey_t
import_ec (const Facts *facts, GPtrArray *certificates, GError **error)
{
  gnutls_x509_privkey_t key = NULL;
  guint i;

  for (i = 0; i < certificates->len && key == NULL; i++)
    key = import_with_certificate (&facts->secret, g_ptr_array_index (certificates, i));
  if (key != NULL)
    return key;
  if (facts->has_explicit_parameters)
    refuse (error, "is an EC key with explicit parameters in place of the name of its curve, and "
                   "none of the certificates belongs to it; “openssl ec -in OLD -param_enc "
                   "named_curve -out NEW” rewrites it");
  else if (!facts->has_public_key)
    refuse (error, "is an EC key without its public key, and none of the certificates belongs to "
                   "it; “openssl ec -in OLD -out NEW” adds it");
  else if (facts->is_compressed)
    refuse (error, "is an EC key whose public key is a compressed point, and none of the "
                   "certificates belongs to it; “openssl ec -in OLD -conv_form uncompressed -out "
                   "NEW” rewrites it");
  else
    refuse (error, "the private key cannot be read, and none of the certificates belongs to it");
  return NULL;
}

gboolean
handoff_key_check (gnutls_x509_privkey_t key, GError **error)
{
  unsigned int bits = 0;

  switch (gnutls_x509_privkey_get_pk_algorithm2 (key, &bits))
    {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      if (!check_rsa_bits (bits, error))
        return FALSE;
      break;
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
      break;
    default:
      return refuse_kind (error, NULL);
    }
  return gnutls_x509_privkey_verify_params (key) >= 0 ||
         refuse (error, "the private key is damaged: its numbers do not fit each other");
}

gnutls_x509_privkey_t
handoff_key_import (GBytes *der, HandoffKeyForm labelled, GPtrArray *certificates, GError **error)
{
  const HandoffKeyForm form = find_form (der, labelled);
  g_autoptr (GBytes) older = NULL;
  Facts facts = { "" };
  gnutls_datum_t datum;
  gnutls_x509_privkey_t key;
  gsize size;
  int code;

  if (!look (der, form, &facts, error))
    return NULL;
  older = form == HANDOFF_KEY_FORM_PKCS8 ? downgrade_pkcs8 (der) : NULL;
  datum.data = (guint8 *) g_bytes_get_data (older != NULL ? older : der, &size);
  datum.size = (guint) size;
  gnutls_x509_privkey_init (&key);
  if (form == HANDOFF_KEY_FORM_PKCS8)
    code = gnutls_x509_privkey_import_pkcs8 (key, &datum, GNUTLS_X509_FMT_DER, NULL,
                                             GNUTLS_PKCS_PLAIN);
  else
    code = gnutls_x509_privkey_import (key, &datum, GNUTLS_X509_FMT_DER);
  if (code < 0)
    {
      g_clear_pointer (&key, gnutls_x509_privkey_deinit);
      if (facts.secret.size > 0)
        return import_ec (&facts, certificates, error);
      refuse (error, "the private key cannot be read: %s", gnutls_strerror (code));
      return NULL;
    }
  if (!handoff_key_check (key, error))
    g_clear_pointer (&key, gnutls_x509_privkey_deinit);
  return key;
}
