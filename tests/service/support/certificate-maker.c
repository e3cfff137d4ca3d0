/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/certificate-maker.h"

#include <string.h>

#define DAY (24 * 60 * 60)

void
test_certificate_free (TestCertificate *self)
{
  gnutls_x509_crt_deinit (self->crt);
  gnutls_x509_privkey_deinit (self->key);
  g_free (self);
}

static void
check (int code)
{
  if (code < 0)
    g_error ("%s", gnutls_strerror (code));
}

static void
make_key (TestCertificate *self, const TestCertificateSpec *spec)
{
  check (gnutls_x509_privkey_init (&self->key));
  if (spec->key_of != NULL)
    check (gnutls_x509_privkey_cpy (self->key, spec->key_of->key));
  else if (spec->algorithm != 0)
    check (gnutls_x509_privkey_generate (
        self->key, spec->algorithm,
        gnutls_sec_param_to_pk_bits (spec->algorithm, GNUTLS_SEC_PARAM_MEDIUM), 0));
  else
    check (gnutls_x509_privkey_generate (self->key, GNUTLS_PK_ECDSA,
                                         GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0));
}

static void
set_key_ids (TestCertificate *self, const TestCertificate *issuer)
{
  guint8 id[64];
  size_t size = sizeof id;

  check (gnutls_x509_crt_get_key_id (self->crt, 0, id, &size));
  check (gnutls_x509_crt_set_subject_key_id (self->crt, id, size));
  size = sizeof id;
  if (issuer == NULL || gnutls_x509_crt_get_subject_key_id (issuer->crt, id, &size, NULL) < 0)
    return;
  check (gnutls_x509_crt_set_authority_key_id (self->crt, id, size));
}

static void
set_purpose (TestCertificate *self, const TestCertificateSpec *spec)
{
  static const guint8 loopback[] = { 127, 0, 0, 1 };

  if (spec->is_authority)
    {
      check (gnutls_x509_crt_set_basic_constraints (
          self->crt, 1, spec->path_length > 0 ? (int) spec->path_length - 1 : -1));
      check (gnutls_x509_crt_set_key_usage (
          self->crt,
          spec->key_usage != 0 ? spec->key_usage : GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
      return;
    }
  check (gnutls_x509_crt_set_basic_constraints (self->crt, 0, -1));
  check (gnutls_x509_crt_set_key_usage (
      self->crt, spec->key_usage != 0 ? spec->key_usage : GNUTLS_KEY_DIGITAL_SIGNATURE));
  check (gnutls_x509_crt_set_subject_alt_name (self->crt, GNUTLS_SAN_DNSNAME, "localhost",
                                               strlen ("localhost"), GNUTLS_FSAN_SET));
  check (gnutls_x509_crt_set_subject_alt_name (self->crt, GNUTLS_SAN_IPADDRESS, loopback,
                                               sizeof loopback, GNUTLS_FSAN_APPEND));
}

TestCertificate *
test_certificate_make (const char *name,
                       const TestCertificate *issuer,
                       const TestCertificateSpec *spec)
{
  static const TestCertificateSpec usual = { 0 };
  static guint32 serial = 1000;
  const time_t now = time (NULL);
  const guint32 number = GUINT32_TO_BE (++serial);
  TestCertificate *self = g_new0 (TestCertificate, 1);
  gboolean is_dated;

  if (spec == NULL)
    spec = &usual;
  is_dated = spec->begin_days != 0 || spec->end_days != 0;
  make_key (self, spec);
  check (gnutls_x509_crt_init (&self->crt));
  check (gnutls_x509_crt_set_version (self->crt, 3));
  check (gnutls_x509_crt_set_serial (self->crt, &number, sizeof number));
  check (gnutls_x509_crt_set_activation_time (self->crt,
                                              now + (is_dated ? spec->begin_days : -1) * DAY));
  check (gnutls_x509_crt_set_expiration_time (self->crt,
                                              now + (is_dated ? spec->end_days : 30) * DAY));
  check (gnutls_x509_crt_set_dn_by_oid (self->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                        (unsigned int) strlen (name)));
  check (gnutls_x509_crt_set_key (self->crt, self->key));
  set_purpose (self, spec);
  if (!spec->without_key_ids)
    set_key_ids (self, issuer);
  if (spec->add != NULL)
    spec->add (self->crt);
  check (gnutls_x509_crt_sign2 (self->crt, issuer != NULL ? issuer->crt : self->crt,
                                issuer != NULL ? issuer->key : self->key,
                                spec->digest != 0 ? spec->digest : GNUTLS_DIG_SHA256, 0));
  return self;
}

GBytes *
test_certificate_to_der (const TestCertificate *self)
{
  gnutls_datum_t der;
  GBytes *bytes;

  check (gnutls_x509_crt_export2 (self->crt, GNUTLS_X509_FMT_DER, &der));
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

char *
test_certificate_to_pem (const TestCertificate *self)
{
  gnutls_datum_t pem;
  char *text;

  check (gnutls_x509_crt_export2 (self->crt, GNUTLS_X509_FMT_PEM, &pem));
  text = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  return text;
}

char *
test_certificate_key_to_pem (const TestCertificate *self)
{
  gnutls_datum_t pem;
  char *text;

  check (gnutls_x509_privkey_export2_pkcs8 (self->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                            &pem));
  text = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  return text;
}
