/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/self-signed.h"

#include <glib/gi18n.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <tls-handoff/tls-handoff.h>

/* A key and a certificate for a test, signed with the same key. The key was never in a file, and is
 * gone with the command; so it is made here, and not by the service, which keeps what it makes. */

/* Clocks of clients may be a bit behind. */
#define CLOCK_SECONDS (60 * 60)
#define SERIAL_SIZE 16

static int
add_name (gnutls_x509_crt_t certificate, const char *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);

  if (address != NULL)
    return gnutls_x509_crt_set_subject_alt_name (
        certificate, GNUTLS_SAN_IPADDRESS, g_inet_address_to_bytes (address),
        (unsigned int) g_inet_address_get_native_size (address), GNUTLS_FSAN_APPEND);
  return gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name,
                                               (unsigned int) strlen (name), GNUTLS_FSAN_APPEND);
}

static int
fill_certificate (gnutls_x509_crt_t certificate,
                  gnutls_x509_privkey_t key,
                  const char *const *names)
{
  const time_t now = (time_t) (g_get_real_time () / G_USEC_PER_SEC);
  guint8 serial[SERIAL_SIZE];
  int code = gnutls_x509_crt_set_version (certificate, 3);

  if (code >= 0)
    code = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);
  /* Never the same twice, positive (RFC 5280 4.1.2.2), and in as few bytes as DER wants. */
  serial[0] = (serial[0] & 0x3f) | 0x40;
  if (code >= 0)
    code = gnutls_x509_crt_set_serial (certificate, serial, sizeof serial);
  if (code >= 0)
    code = gnutls_x509_crt_set_activation_time (certificate, now - CLOCK_SECONDS);
  if (code >= 0)
    code = gnutls_x509_crt_set_expiration_time (certificate,
                                                now + (time_t) CLI_SELF_SIGNED_DAYS * 24 * 60 * 60);
  if (code >= 0)
    code = gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, names[0],
                                          (unsigned int) strlen (names[0]));
  if (code >= 0)
    code = gnutls_x509_crt_set_key (certificate, key);
  if (code >= 0)
    code = gnutls_x509_crt_set_basic_constraints (certificate, 0, -1);
  if (code >= 0)
    code = gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
  if (code >= 0)
    code = gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
  for (gsize i = 0; code >= 0 && names[i] != NULL; i++)
    code = add_name (certificate, names[i]);
  return code >= 0 ? gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0)
                   : code;
}

static void
wipe (gpointer data)
{
  GByteArray *array = data;

  explicit_bzero (array->data, array->len);
  g_byte_array_unref (array);
}

/* certificate, key: PEM */
static GBytes *
join (const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
  GByteArray *both = g_byte_array_sized_new (certificate->size + key->size);

  g_byte_array_append (both, certificate->data, certificate->size);
  g_byte_array_append (both, key->data, key->size);
  return g_bytes_new_with_free_func (both->data, both->len, wipe, both);
}

/**
 * cli_self_signed_new:
 * @names: DNS names and IP addresses to certify, at least one
 * @sha256: (out) (transfer full): of the certificate's DER, hexadecimal
 *
 * Returns: (transfer full): PEM: the certificate, then its key
 */
GBytes *
cli_self_signed_new (const char *const *names, char **sha256, GError **error)
{
  gnutls_x509_privkey_t key = NULL;
  gnutls_x509_crt_t certificate = NULL;
  gnutls_datum_t certificate_pem = { NULL, 0 };
  gnutls_datum_t certificate_der = { NULL, 0 };
  gnutls_datum_t key_pem = { NULL, 0 };
  GBytes *pem = NULL;
  int code = gnutls_x509_privkey_init (&key);

  if (code >= 0)
    code = gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                         GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  if (code >= 0)
    code = gnutls_x509_crt_init (&certificate);
  if (code >= 0)
    code = fill_certificate (certificate, key, names);
  if (code >= 0)
    code = gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &certificate_pem);
  if (code >= 0)
    code = gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                              &key_pem);
  if (code >= 0)
    code = gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &certificate_der);
  if (code >= 0)
    {
      *sha256 = g_compute_checksum_for_data (G_CHECKSUM_SHA256, certificate_der.data,
                                             certificate_der.size);
      pem = join (&certificate_pem, &key_pem);
    }
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                 _ ("No certificate for a test can be made: %s"), gnutls_strerror (code));
  if (key_pem.data != NULL)
    explicit_bzero (key_pem.data, key_pem.size);
  gnutls_free (key_pem.data);
  gnutls_free (certificate_der.data);
  gnutls_free (certificate_pem.data);
  g_clear_pointer (&certificate, gnutls_x509_crt_deinit);
  g_clear_pointer (&key, gnutls_x509_privkey_deinit);
  return pem;
}
