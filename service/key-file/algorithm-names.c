/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/algorithm-names.h"

static const struct
{
  const char *oid;
  const char *name;
  gnutls_cipher_algorithm_t cipher; /* UNKNOWN: GnuTLS does not have it, or it is not CBC */
  gnutls_mac_algorithm_t mac;       /* UNKNOWN: GnuTLS does not have it, or it is no HMAC */
} algorithms[] = {
  { "2.16.840.1.101.3.4.1.2", "AES-128-CBC", GNUTLS_CIPHER_AES_128_CBC, 0 },
  { "2.16.840.1.101.3.4.1.22", "AES-192-CBC", GNUTLS_CIPHER_AES_192_CBC, 0 },
  { "2.16.840.1.101.3.4.1.42", "AES-256-CBC", GNUTLS_CIPHER_AES_256_CBC, 0 },
  { "1.2.840.113549.3.7", "DES-EDE3-CBC", GNUTLS_CIPHER_3DES_CBC, 0 },
  { "1.3.14.3.2.7", "DES-CBC", GNUTLS_CIPHER_DES_CBC, 0 },
  { "1.2.392.200011.61.1.1.1.2", "CAMELLIA-128-CBC", GNUTLS_CIPHER_CAMELLIA_128_CBC, 0 },
  { "1.2.392.200011.61.1.1.1.3", "CAMELLIA-192-CBC", GNUTLS_CIPHER_CAMELLIA_192_CBC, 0 },
  { "1.2.392.200011.61.1.1.1.4", "CAMELLIA-256-CBC", GNUTLS_CIPHER_CAMELLIA_256_CBC, 0 },
  { "1.2.410.200046.1.1.2", "ARIA-128-CBC", 0, 0 },
  { "1.2.410.200046.1.1.7", "ARIA-192-CBC", 0, 0 },
  { "1.2.410.200046.1.1.12", "ARIA-256-CBC", 0, 0 },
  { "1.2.410.200004.1.4", "SEED-CBC", 0, 0 },
  { "1.2.156.10197.1.104.2", "SM4-CBC", 0, 0 },
  { "1.2.840.113549.3.2", "RC2-CBC", 0, 0 },
  { "1.3.6.1.4.1.3029.1.2", "BF-CBC", 0, 0 },
  { "2.16.840.1.101.3.4.1.6", "AES-128-GCM", 0, 0 },
  { "2.16.840.1.101.3.4.1.26", "AES-192-GCM", 0, 0 },
  { "2.16.840.1.101.3.4.1.46", "AES-256-GCM", 0, 0 },
  { "1.2.840.113549.2.7", "HMAC-SHA-1", 0, GNUTLS_MAC_SHA1 },
  { "1.2.840.113549.2.8", "HMAC-SHA-224", 0, GNUTLS_MAC_SHA224 },
  { "1.2.840.113549.2.9", "HMAC-SHA-256", 0, GNUTLS_MAC_SHA256 },
  { "1.2.840.113549.2.10", "HMAC-SHA-384", 0, GNUTLS_MAC_SHA384 },
  { "1.2.840.113549.2.11", "HMAC-SHA-512", 0, GNUTLS_MAC_SHA512 },
  { "1.2.840.113549.2.6", "HMAC-MD5", 0, GNUTLS_MAC_MD5 },
  { "1.2.840.113549.2.12", "HMAC-SHA-512/224", 0, 0 },
  { "1.2.840.113549.2.13", "HMAC-SHA-512/256", 0, 0 },
  { "2.16.840.1.101.3.4.2.13", "HMAC-SHA3-224", 0, 0 },
  { "2.16.840.1.101.3.4.2.14", "HMAC-SHA3-256", 0, 0 },
  { "2.16.840.1.101.3.4.2.15", "HMAC-SHA3-384", 0, 0 },
  { "2.16.840.1.101.3.4.2.16", "HMAC-SHA3-512", 0, 0 },
  { "1.2.156.10197.1.401.2", "HMAC-SM3", 0, 0 },
  { "1.2.643.7.1.1.4.1", "HMAC-Streebog-256", 0, 0 },
  { "1.2.643.7.1.1.4.2", "HMAC-Streebog-512", 0, 0 },
  { "1.2.840.113549.1.5.13", "PBES2", 0, 0 },
  { "1.2.840.113549.1.5.12", "PBKDF2", 0, 0 },
  { "1.2.840.113549.1.5.14", "PBMAC1", 0, 0 },
  { "1.3.6.1.4.1.11591.4.11", "scrypt", 0, 0 },
  { "1.2.840.113549.1.5.1", "MD2 and DES", 0, 0 },
  { "1.2.840.113549.1.5.3", "MD5 and DES", 0, 0 },
  { "1.2.840.113549.1.5.4", "MD2 and RC2", 0, 0 },
  { "1.2.840.113549.1.5.6", "MD5 and RC2", 0, 0 },
  { "1.2.840.113549.1.5.10", "SHA-1 and DES", 0, 0 },
  { "1.2.840.113549.1.5.11", "SHA-1 and RC2", 0, 0 },
  { "1.2.840.113549.1.12.1.1", "SHA-1 and RC4-128", 0, 0 },
  { "1.2.840.113549.1.12.1.2", "SHA-1 and RC4-40", 0, 0 },
  { "1.2.840.113549.1.12.1.3", "SHA-1 and 3DES", 0, 0 },
  { "1.2.840.113549.1.12.1.4", "SHA-1 and two-key 3DES", 0, 0 },
  { "1.2.840.113549.1.12.1.5", "SHA-1 and RC2-128", 0, 0 },
  { "1.2.840.113549.1.12.1.6", "SHA-1 and RC2-40", 0, 0 },
};

gboolean
handoff_algorithm_find_cipher (const char *oid_or_name, gnutls_cipher_algorithm_t *cipher)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      *cipher = algorithms[i].cipher;
      if (*cipher != GNUTLS_CIPHER_UNKNOWN && (g_str_equal (oid_or_name, algorithms[i].oid) ||
                                               g_str_equal (oid_or_name, algorithms[i].name)))
        return TRUE;
    }
  return FALSE;
}

gboolean
handoff_algorithm_find_mac (const char *oid, gnutls_mac_algorithm_t *mac)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      *mac = algorithms[i].mac;
      if (*mac != GNUTLS_MAC_UNKNOWN && g_str_equal (oid, algorithms[i].oid))
        return TRUE;
    }
  return FALSE;
}

const char *
handoff_algorithm_get_name (const char *oid)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      if (g_str_equal (oid, algorithms[i].oid))
        return algorithms[i].name;
    }
  return oid;
}
