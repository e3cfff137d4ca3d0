/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/ocsp-maker.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <time.h>

#define SEQUENCE 0x30
#define OCTET_STRING 0x04
#define INTEGER 0x02
#define ENUMERATED 0x0a
#define BIT_STRING 0x03
#define GENERALIZED_TIME 0x18
#define CONTEXT(n) (0xa0 | (n))

static const guint8 sha1_algorithm[] = { 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                         0x03, 0x02, 0x1a, 0x05, 0x00 };
static const guint8 ecdsa_sha256_algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const guint8 basic_response_type[] = { 0x06, 0x09, 0x2b, 0x06, 0x01, 0x05,
                                              0x05, 0x07, 0x30, 0x01, 0x01 };

static void
check (int code)
{
  if (code < 0)
    g_error ("%s", gnutls_strerror (code));
}

/* (transfer full): a value, of parts, which it takes. NULL at the end. */
static GByteArray *
der (guint8 tag, GByteArray *part, ...)
{
  GByteArray *content = g_byte_array_new ();
  GByteArray *value = g_byte_array_new ();
  guint8 header[4] = { tag, 0x82 };
  va_list arguments;

  va_start (arguments, part);
  for (; part != NULL; part = va_arg (arguments, GByteArray *))
    {
      g_byte_array_append (content, part->data, part->len);
      g_byte_array_unref (part);
    }
  va_end (arguments);
  if (content->len < 0x80)
    {
      header[1] = (guint8) content->len;
      g_byte_array_append (value, header, 2);
    }
  else
    {
      header[2] = (guint8) (content->len >> 8);
      header[3] = (guint8) content->len;
      g_byte_array_append (value, header, 4);
    }
  g_byte_array_append (value, content->data, content->len);
  g_byte_array_unref (content);
  return value;
}

static GByteArray *
raw (const void *data, gsize size)
{
  return g_byte_array_append (g_byte_array_new (), data, (guint) size);
}

static GByteArray *
raw_datum (gnutls_datum_t *datum)
{
  GByteArray *bytes = raw (datum->data, datum->size);

  gnutls_free (datum->data);
  return bytes;
}

static GByteArray *
der_time (int offset)
{
  time_t when = time (NULL) + offset;
  struct tm parts;
  char text[32];

  gmtime_r (&when, &parts);
  strftime (text, sizeof text, "%Y%m%d%H%M%SZ", &parts);
  return der (GENERALIZED_TIME, raw (text, strlen (text)), NULL);
}

static GByteArray *
der_name (const TestCertificate *certificate)
{
  gnutls_datum_t name;

  check (gnutls_x509_crt_get_raw_dn (certificate->crt, &name));
  return raw_datum (&name);
}

static GByteArray *
der_hash (const void *data, gsize size)
{
  guint8 hash[20];

  check (gnutls_hash_fast (GNUTLS_DIG_SHA1, data, size, hash));
  return der (OCTET_STRING, raw (hash, sizeof hash), NULL);
}

/* Nobody compares the hash of the key. */
static GByteArray *
der_certificate_id (const TestCertificate *certificate)
{
  gnutls_datum_t issuer;
  guint8 serial[64];
  size_t serial_size = sizeof serial;
  GByteArray *issuer_hash, *key_hash = der_hash ("key", 3);

  check (gnutls_x509_crt_get_raw_issuer_dn (certificate->crt, &issuer));
  issuer_hash = der_hash (issuer.data, issuer.size);
  gnutls_free (issuer.data);
  check (gnutls_x509_crt_get_serial (certificate->crt, serial, &serial_size));
  return der (SEQUENCE, raw (sha1_algorithm, sizeof sha1_algorithm), issuer_hash, key_hash,
              der (INTEGER, raw (serial, serial_size), NULL), NULL);
}

static GByteArray *
der_single (const TestCertificate *certificate, const TestOcspSpec *spec)
{
  static const guint8 good[] = { 0x80, 0 }, unknown[] = { 0x82, 0 };
  GByteArray *status;

  if (spec->status == GNUTLS_OCSP_CERT_REVOKED)
    status = der (CONTEXT (1), der_time (-1000), NULL);
  else
    status = spec->status == GNUTLS_OCSP_CERT_GOOD ? raw (good, sizeof good)
                                                   : raw (unknown, sizeof unknown);
  return der (SEQUENCE, der_certificate_id (certificate), status, der_time (spec->this_update),
              spec->next_update != 0 ? der (CONTEXT (0), der_time (spec->next_update), NULL)
                                     : raw (NULL, 0),
              NULL);
}

static GByteArray *
der_signature (const TestCertificate *signer, const GByteArray *content)
{
  const guint8 no_unused_bits = 0;
  const gnutls_datum_t datum = { content->data, content->len };
  gnutls_datum_t signature;
  gnutls_privkey_t key;

  check (gnutls_privkey_init (&key));
  check (gnutls_privkey_import_x509 (key, signer->key, 0));
  check (gnutls_privkey_sign_data (key, GNUTLS_DIG_SHA256, 0, &datum, &signature));
  gnutls_privkey_deinit (key);
  return der (BIT_STRING, raw (&no_unused_bits, 1), raw_datum (&signature), NULL);
}

static GBytes *
new_response (guint8 status, GByteArray *rest)
{
  return g_byte_array_free_to_bytes (
      der (SEQUENCE, der (ENUMERATED, raw (&status, 1), NULL), rest, NULL));
}

GBytes *
test_ocsp_make (const TestCertificate *certificate,
                const TestCertificate *issuer,
                const TestOcspSpec *spec)
{
  const TestCertificate *signer = spec->signer != NULL ? spec->signer : issuer;
  GByteArray *content =
      der (SEQUENCE, der (CONTEXT (1), der_name (signer), NULL), der_time (0),
           der (SEQUENCE, spec->before != NULL ? der_single (spec->before, spec) : raw (NULL, 0),
                der_single (certificate, spec), NULL),
           NULL);
  GByteArray *signature = der_signature (signer, content);
  GByteArray *certificates = raw (NULL, 0);

  if (spec->with_signer)
    {
      gnutls_datum_t datum;

      check (gnutls_x509_crt_export2 (signer->crt, GNUTLS_X509_FMT_DER, &datum));
      g_byte_array_unref (certificates);
      certificates = der (CONTEXT (0), der (SEQUENCE, raw_datum (&datum), NULL), NULL);
    }
  return new_response (
      0, der (CONTEXT (0),
              der (SEQUENCE, raw (basic_response_type, sizeof basic_response_type),
                   der (OCTET_STRING,
                        der (SEQUENCE, content,
                             raw (ecdsa_sha256_algorithm, sizeof ecdsa_sha256_algorithm), signature,
                             certificates, NULL),
                        NULL),
                   NULL),
              NULL));
}

GBytes *
test_ocsp_make_unsuccessful (gnutls_ocsp_resp_status_t status)
{
  return new_response ((guint8) status, raw (NULL, 0));
}
