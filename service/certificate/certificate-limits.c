/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "certificate/certificate-limits.h"

#include <string.h>

#include "key/der.h"
#include "key/key-limits.h"
#include "keyblob/tls-handoff-error.h"

/* Looks at certificates (RFC 5280 4.1) field by field, as GnuTLS reads them, so that we count what
 * GnuTLS will work on. */

/* A shorter key has no number that could cost anything. It may be a point of a curve, which can
 * look like a pair of numbers. */
#define MIN_NUMBERS_SIZE 80

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

static gboolean
refuse_unreadable (HandoffCertificateSum *self, GError **error)
{
  self->is_unreadable = TRUE;
  return refuse (error, "is no X.509 certificate in DER");
}

static gboolean
check (guint64 number, guint64 maximum, const char *what, GError **error)
{
  if (number <= maximum)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "has %" G_GUINT64_FORMAT " %s: at most %" G_GUINT64_FORMAT " are possible", number,
               what, maximum);
  return FALSE;
}

static gboolean
check_bits (const char *what, guint bits, guint maximum, GError **error)
{
  if (bits <= maximum)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "has %s of %u bits: at most %u are possible", what, bits, maximum);
  return FALSE;
}

/* How many elements there are in all of elements; G_MAXUINT64 if they cannot be read. */
static guint64
count_inner (HandoffDer elements)
{
  HandoffDer content;
  guint8 tag;
  guint64 n = 0;

  while (handoff_der_next (&elements, &tag, &content))
    n += handoff_der_count (content);
  return elements.size == 0 ? n : G_MAXUINT64;
}

/* Name ::= SEQUENCE OF SET OF AttributeTypeAndValue */
static gboolean
add_name (HandoffCertificateSum *self, HandoffDer name, const char *what, GError **error)
{
  guint64 n = count_inner (name);

  if (n >= G_MAXUINT)
    return refuse_unreadable (self, error);
  self->n_attributes += n;
  return check (n, HANDOFF_MAX_NAME_ATTRIBUTES, what, error);
}

static gboolean
add_work (HandoffCertificateSum *self,
          const char *what,
          guint modulus_bits,
          guint exponent_bits,
          GError **error)
{
  self->work += (guint64) modulus_bits * modulus_bits * exponent_bits;
  if (self->work <= HANDOFF_MAX_VERIFICATION_WORK)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "has %s of %u bits, with an exponent of %u bits, which is, with the keys before it, "
               "more than is verified for one handshake",
               what, modulus_bits, exponent_bits);
  return FALSE;
}

/* RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017 A.1.1), whatever the algorithm
 * is called. A longer key of another kind is a DSA key, whose parameters say its cost. */
static gboolean
add_rsa_key (HandoffCertificateSum *self, HandoffDer key, GError **error)
{
  HandoffDer numbers, modulus, exponent;
  guint modulus_bits, exponent_bits;

  if (key.size < MIN_NUMBERS_SIZE || !handoff_der_take (&key, HANDOFF_DER_SEQUENCE, &numbers) ||
      !handoff_der_take (&numbers, HANDOFF_DER_INTEGER, &modulus) ||
      !handoff_der_take (&numbers, HANDOFF_DER_INTEGER, &exponent))
    return TRUE;
  modulus_bits = handoff_der_count_bits (modulus);
  exponent_bits = handoff_der_count_bits (exponent);
  return check_bits ("an RSA key", modulus_bits, HANDOFF_MAX_RSA_MODULUS_BITS, error) &&
         check_bits ("an RSA key with a public exponent", exponent_bits,
                     HANDOFF_MAX_RSA_EXPONENT_BITS, error) &&
         add_work (self, "an RSA key", modulus_bits, exponent_bits, error);
}

/* Dss-Parms ::= SEQUENCE { p, q, g } (RFC 3279 2.3.2). A verification computes two powers. */
static gboolean
add_dsa_parameters (HandoffCertificateSum *self, HandoffDer algorithm, GError **error)
{
  HandoffDer numbers, p, q;
  guint p_bits, q_bits;

  if (!handoff_der_take (&algorithm, HANDOFF_DER_OBJECT_IDENTIFIER, NULL) ||
      !handoff_der_take (&algorithm, HANDOFF_DER_SEQUENCE, &numbers) ||
      !handoff_der_take (&numbers, HANDOFF_DER_INTEGER, &p) ||
      !handoff_der_take (&numbers, HANDOFF_DER_INTEGER, &q))
    return TRUE;
  p_bits = handoff_der_count_bits (p);
  q_bits = handoff_der_count_bits (q);
  return check_bits ("a DSA key", p_bits, HANDOFF_MAX_DSA_PRIME_BITS, error) &&
         check_bits ("a DSA key with a subgroup", q_bits, HANDOFF_MAX_DSA_SUBGROUP_BITS, error) &&
         add_work (self, "a DSA key", p_bits, 2 * q_bits, error);
}

/* SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier, BIT STRING } */
static gboolean
add_public_key (HandoffCertificateSum *self, HandoffDer info, GError **error)
{
  HandoffDer algorithm, key;

  if (!handoff_der_take (&info, HANDOFF_DER_SEQUENCE, &algorithm) ||
      !handoff_der_take (&info, HANDOFF_DER_BIT_STRING, &key) || key.size == 0)
    return refuse_unreadable (self, error);
  /* The number of unused bits in the last byte. GnuTLS refuses all but 0. */
  key.data++;
  key.size--;
  return add_rsa_key (self, key, error) && add_dsa_parameters (self, algorithm, error);
}

/* The elements in the value of an extension, if it is a sequence. */
static HandoffDer
get_elements (HandoffDer value)
{
  const HandoffDer none = { NULL, 0 };
  HandoffDer elements;

  return handoff_der_take (&value, HANDOFF_DER_SEQUENCE, &elements) ? elements : none;
}

static gboolean
is_extension (HandoffDer identifier, guint8 number)
{
  /* 2.5.29.number: RFC 5280 4.2.1 */
  const guint8 bytes[] = { 0x55, 0x1d, number };

  return identifier.size == sizeof bytes && memcmp (identifier.data, bytes, sizeof bytes) == 0;
}

static gboolean
add_count (HandoffCertificateSum *self, guint64 *sum, guint64 n, GError **error)
{
  if (n >= G_MAXUINT)
    return refuse_unreadable (self, error);
  *sum += n;
  return TRUE;
}

/* Extension ::= SEQUENCE { OBJECT IDENTIFIER, BOOLEAN DEFAULT FALSE, OCTET STRING } */
static gboolean
add_extension (HandoffCertificateSum *self, HandoffDer extension, GError **error)
{
  const guint8 boolean = 0x01;
  HandoffDer identifier, elements;

  if (!handoff_der_take (&extension, HANDOFF_DER_OBJECT_IDENTIFIER, &identifier))
    return refuse_unreadable (self, error);
  handoff_der_take (&extension, boolean, NULL);
  if (!handoff_der_take (&extension, HANDOFF_DER_OCTET_STRING, &elements))
    return refuse_unreadable (self, error);
  elements = get_elements (elements);

  if (is_extension (identifier, 17) || is_extension (identifier, 18))
    return add_count (self, &self->n_names, handoff_der_count (elements), error);
  if (is_extension (identifier, 30))
    return add_count (self, &self->n_constraints, count_inner (elements), error);
  if (is_extension (identifier, 37))
    return add_count (self, &self->n_purposes, handoff_der_count (elements), error);
  return TRUE;
}

/* Limits that hold for all certificates together. */
static gboolean
check_sum (const HandoffCertificateSum *self, GError **error)
{
  return check (self->n_attributes, HANDOFF_MAX_ATTRIBUTES,
                "attributes in names, with those of the certificates before it", error) &&
         check (self->n_extensions, HANDOFF_MAX_EXTENSIONS,
                "extensions, with those of the certificates before it", error) &&
         check (self->n_names, HANDOFF_MAX_ALTERNATIVE_NAMES,
                "alternative names, with those of the certificates before it", error) &&
         check (self->n_purposes, HANDOFF_MAX_KEY_PURPOSES,
                "extended key usages, with those of the certificates before it", error) &&
         check (self->n_constraints, HANDOFF_MAX_NAME_CONSTRAINTS,
                "name constraints, with those of the certificates before it", error) &&
         check (self->n_names * self->n_constraints, HANDOFF_MAX_NAME_COMPARISONS,
                "names times name constraints, with those of the certificates before it", error);
}

static gboolean
add_extensions (HandoffCertificateSum *self, HandoffDer extensions, GError **error)
{
  HandoffDer extension;
  guint n = 0;

  if (!handoff_der_take (&extensions, HANDOFF_DER_SEQUENCE, &extensions))
    return refuse_unreadable (self, error);
  while (handoff_der_take (&extensions, HANDOFF_DER_SEQUENCE, &extension))
    {
      if (!check (++n, HANDOFF_MAX_CERTIFICATE_EXTENSIONS, "extensions", error) ||
          !add_extension (self, extension, error))
        return FALSE;
      self->n_extensions++;
    }
  return extensions.size == 0 || refuse_unreadable (self, error);
}

/* TBSCertificate: version, number, algorithm, issuer, validity, subject, key; [1] and [2], ids that
 * nobody uses; [3], the extensions. */
static gboolean
add_to_be_signed (HandoffCertificateSum *self, HandoffDer fields, GError **error)
{
  HandoffDer issuer, subject, key, content;
  guint8 tag;

  handoff_der_take (&fields, HANDOFF_DER_CONTEXT (0), NULL);
  if (!handoff_der_take (&fields, HANDOFF_DER_INTEGER, NULL) ||
      !handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, NULL) ||
      !handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, &issuer) ||
      !handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, NULL) ||
      !handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, &subject) ||
      !handoff_der_take (&fields, HANDOFF_DER_SEQUENCE, &key))
    return refuse_unreadable (self, error);
  if (!add_name (self, issuer, "attributes in its issuer's name", error) ||
      !add_name (self, subject, "attributes in its subject's name", error) ||
      !add_public_key (self, key, error))
    return FALSE;

  while (handoff_der_next (&fields, &tag, &content))
    {
      if (tag == HANDOFF_DER_CONTEXT (3) && !add_extensions (self, content, error))
        return FALSE;
    }
  return fields.size == 0 || refuse_unreadable (self, error);
}

gboolean
handoff_certificate_sum_add (HandoffCertificateSum *self,
                             const guint8 *der,
                             gsize size,
                             GError **error)
{
  HandoffDer certificate = { der, size };
  HandoffDer fields;

  if (!check (size, HANDOFF_MAX_CERTIFICATE_SIZE, "bytes", error))
    return FALSE;
  if (!handoff_der_take (&certificate, HANDOFF_DER_SEQUENCE, &certificate) ||
      !handoff_der_take (&certificate, HANDOFF_DER_SEQUENCE, &fields))
    return refuse_unreadable (self, error);
  return add_to_be_signed (self, fields, error) && check_sum (self, error);
}
