/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "cipher-suite.h"

#include <string.h>

#include "handoff-names.h"

#define TLS1_2 0x0303
#define TLS1_3 0x0304

/* The parts of a row that depend on the cipher: cipher, its name in a priority string, key size,
 * tag size. */
#define AES_128_GCM GNUTLS_CIPHER_AES_128_GCM, "AES-128-GCM", 16, 16
#define AES_256_GCM GNUTLS_CIPHER_AES_256_GCM, "AES-256-GCM", 32, 16
#define AES_128_CCM GNUTLS_CIPHER_AES_128_CCM, "AES-128-CCM", 16, 16
#define AES_256_CCM GNUTLS_CIPHER_AES_256_CCM, "AES-256-CCM", 32, 16
#define AES_128_CCM_8 GNUTLS_CIPHER_AES_128_CCM_8, "AES-128-CCM-8", 16, 8
#define AES_256_CCM_8 GNUTLS_CIPHER_AES_256_CCM_8, "AES-256-CCM-8", 32, 8
#define CHACHA20_POLY1305 GNUTLS_CIPHER_CHACHA20_POLY1305, "CHACHA20-POLY1305", 32, 16
#define AES_128_CBC GNUTLS_CIPHER_AES_128_CBC, "AES-128-CBC", 16
#define AES_256_CBC GNUTLS_CIPHER_AES_256_CBC, "AES-256-CBC", 32

/* With AES-CBC the tag size belongs to the MAC: tag size, MAC, size of its key. A suite with SHA-1
 * has TLS 1.2's default PRF (RFC 5246 5). */
#define HMAC_SHA 20, GNUTLS_MAC_SHA1, 20
#define HMAC_SHA256 32, GNUTLS_MAC_SHA256, 32
#define HMAC_SHA384 48, GNUTLS_MAC_SHA384, 48
#define PRF_WITH_SHA GNUTLS_DIG_SHA256
#define PRF_WITH_SHA256 GNUTLS_DIG_SHA256
#define PRF_WITH_SHA384 GNUTLS_DIG_SHA384

#define ROW_(suite_id, version, iana_name, key_exchange, hash, algorithm, priority, key_bytes,     \
             tag_bytes, mac_algorithm, mac_key_bytes, iv_bytes, layout)                            \
  {                                                                                                \
    .id = suite_id, .protocol = version, .name = iana_name, .cipher = algorithm,                   \
    .mac = mac_algorithm, .prf = hash, .kx = key_exchange, .gnutls_cipher_priority = priority,     \
    .key_size = key_bytes, .mac_key_size = mac_key_bytes, .iv_size = iv_bytes,                     \
    .tag_size = tag_bytes, .nonce_layout = layout                                                  \
  }
#define ROW(...) ROW_ (__VA_ARGS__)

#define ROW_TLS1_3(id, name, aead, hash)                                                           \
  ROW (id, TLS1_3, name, GNUTLS_KX_UNKNOWN, GNUTLS_DIG_##hash, aead, GNUTLS_MAC_AEAD, 0, 12,       \
       HANDOFF_NONCE_XOR)
#define ROW_TLS1_2(id, name, kx, aead, hash)                                                       \
  ROW (id, TLS1_2, name, GNUTLS_KX_##kx, GNUTLS_DIG_##hash, aead, GNUTLS_MAC_AEAD, 0, 4,           \
       HANDOFF_NONCE_EXPLICIT)
#define ROW_TLS1_2_CHACHA(id, name, kx)                                                            \
  ROW (id, TLS1_2, name, GNUTLS_KX_##kx, GNUTLS_DIG_SHA256, CHACHA20_POLY1305, GNUTLS_MAC_AEAD, 0, \
       12, HANDOFF_NONCE_XOR)
#define ROW_TLS1_2_CBC(id, kx, bits, hash)                                                         \
  ROW (id, TLS1_2, "TLS_" #kx "_WITH_AES_" #bits "_CBC_" #hash, GNUTLS_KX_##kx, PRF_WITH_##hash,   \
       AES_##bits##_CBC, HMAC_##hash, 0, HANDOFF_NONCE_RANDOM_IV)

static const HandoffCipherSuite cipher_suites[] = {
  /* RFC 8446 B.4 */
  ROW_TLS1_3 (0x1302, "TLS_AES_256_GCM_SHA384", AES_256_GCM, SHA384),
  ROW_TLS1_3 (0x1303, "TLS_CHACHA20_POLY1305_SHA256", CHACHA20_POLY1305, SHA256),
  ROW_TLS1_3 (0x1301, "TLS_AES_128_GCM_SHA256", AES_128_GCM, SHA256),
  ROW_TLS1_3 (0x1304, "TLS_AES_128_CCM_SHA256", AES_128_CCM, SHA256),
  ROW_TLS1_3 (0x1305, "TLS_AES_128_CCM_8_SHA256", AES_128_CCM_8, SHA256),

  /* RFC 5289 (GCM), RFC 7905 (ChaCha20-Poly1305), RFC 7251 (CCM) */
  ROW_TLS1_2 (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", ECDHE_ECDSA, AES_256_GCM, SHA384),
  ROW_TLS1_2_CHACHA (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ECDHE_ECDSA),
  ROW_TLS1_2 (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", ECDHE_ECDSA, AES_256_CCM, SHA256),
  ROW_TLS1_2 (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ECDHE_ECDSA, AES_128_GCM, SHA256),
  ROW_TLS1_2 (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", ECDHE_ECDSA, AES_128_CCM, SHA256),

  /* RFC 5289, RFC 7905; there is no CCM with ECDHE_RSA */
  ROW_TLS1_2 (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ECDHE_RSA, AES_256_GCM, SHA384),
  ROW_TLS1_2_CHACHA (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ECDHE_RSA),
  ROW_TLS1_2 (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ECDHE_RSA, AES_128_GCM, SHA256),

  /* RFC 5288 (GCM), RFC 7905, RFC 6655 (CCM) */
  ROW_TLS1_2 (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", DHE_RSA, AES_256_GCM, SHA384),
  ROW_TLS1_2_CHACHA (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", DHE_RSA),
  ROW_TLS1_2 (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM", DHE_RSA, AES_256_CCM, SHA256),
  ROW_TLS1_2 (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE_RSA, AES_128_GCM, SHA256),
  ROW_TLS1_2 (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM", DHE_RSA, AES_128_CCM, SHA256),

  /* RFC 7251, RFC 6655: short tags */
  ROW_TLS1_2 (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", ECDHE_ECDSA, AES_256_CCM_8, SHA256),
  ROW_TLS1_2 (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", ECDHE_ECDSA, AES_128_CCM_8, SHA256),
  ROW_TLS1_2 (0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", DHE_RSA, AES_256_CCM_8, SHA256),
  ROW_TLS1_2 (0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8", DHE_RSA, AES_128_CCM_8, SHA256),

  /* RFC 5289 (SHA-2), RFC 8422 (SHA-1) */
  ROW_TLS1_2_CBC (0xc024, ECDHE_ECDSA, 256, SHA384),
  ROW_TLS1_2_CBC (0xc00a, ECDHE_ECDSA, 256, SHA),
  ROW_TLS1_2_CBC (0xc023, ECDHE_ECDSA, 128, SHA256),
  ROW_TLS1_2_CBC (0xc009, ECDHE_ECDSA, 128, SHA),
  ROW_TLS1_2_CBC (0xc028, ECDHE_RSA, 256, SHA384),
  ROW_TLS1_2_CBC (0xc014, ECDHE_RSA, 256, SHA),
  ROW_TLS1_2_CBC (0xc027, ECDHE_RSA, 128, SHA256),
  ROW_TLS1_2_CBC (0xc013, ECDHE_RSA, 128, SHA),

  /* RFC 5246 A.5 */
  ROW_TLS1_2_CBC (0x006b, DHE_RSA, 256, SHA256),
  ROW_TLS1_2_CBC (0x0039, DHE_RSA, 256, SHA),
  ROW_TLS1_2_CBC (0x0067, DHE_RSA, 128, SHA256),
  ROW_TLS1_2_CBC (0x0033, DHE_RSA, 128, SHA),
};

/**
 * handoff_cipher_suites:
 * @n_suites: (out): the number of rows
 *
 * Returns: (transfer none) (array length=n_suites): every suite that the service negotiates and the
 *   record layer speaks: TLS 1.3's first, then TLS 1.2's
 */
const HandoffCipherSuite *
handoff_cipher_suites (gsize *n_suites)
{
  *n_suites = G_N_ELEMENTS (cipher_suites);
  return cipher_suites;
}

/**
 * handoff_cipher_suite_by_id:
 * @id: a number of the IANA TLS Cipher Suites registry
 *
 * Returns: (transfer none) (nullable): the suite's row, or %NULL if we do not have it
 */
const HandoffCipherSuite *
handoff_cipher_suite_by_id (guint16 id)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cipher_suites); i++)
    {
      if (cipher_suites[i].id == id)
        return &cipher_suites[i];
    }

  return NULL;
}

/**
 * handoff_cipher_suite_id_of_session:
 * @session: a session after its handshake
 *
 * The number of the suite that @session negotiated. GnuTLS 3.7 has no function that tells it; but
 * protocol, key exchange, cipher and MAC together name one row of its public table.
 *
 * Returns: a number of the IANA TLS Cipher Suites registry, or 0 if there was no handshake yet
 */
guint16
handoff_cipher_suite_id_of_session (gnutls_session_t session)
{
  gnutls_protocol_t session_protocol = gnutls_protocol_get_version (session);
  gnutls_cipher_algorithm_t session_cipher = gnutls_cipher_get (session);
  gnutls_mac_algorithm_t session_mac = gnutls_mac_get (session);
  /* TLS 1.3 suites leave the key exchange open, though the session reports one. */
  gnutls_kx_algorithm_t session_kx =
      session_protocol == GNUTLS_TLS1_3 ? GNUTLS_KX_UNKNOWN : gnutls_kx_get (session);
  gnutls_kx_algorithm_t kx;
  gnutls_cipher_algorithm_t cipher;
  gnutls_mac_algorithm_t mac;
  gnutls_protocol_t minimum_protocol;
  guint8 id[2];
  gsize i;

  for (i = 0; gnutls_cipher_suite_info (i, id, &kx, &cipher, &mac, &minimum_protocol) != NULL; i++)
    {
      if (cipher == session_cipher && mac == session_mac && kx == session_kx &&
          (minimum_protocol == GNUTLS_TLS1_3) == (session_protocol == GNUTLS_TLS1_3))
        return (guint16) (id[0] << 8 | id[1]);
    }

  return 0;
}

/**
 * handoff_cipher_suite_is_cbc:
 * @suite: a row
 *
 * Returns: whether @suite is AES-CBC with HMAC (RFC 5246 6.2.3.2, RFC 7366)
 */
gboolean
handoff_cipher_suite_is_cbc (const HandoffCipherSuite *suite)
{
  return suite->mac != GNUTLS_MAC_AEAD;
}

/**
 * handoff_protocol_name:
 * @protocol: a protocol version as it is on the wire, 0x0304
 *
 * Returns: (transfer none) (nullable): its name in options and details, "TLS1.3"; %NULL for a
 *   version that we do not have
 */
const char *
handoff_protocol_name (guint16 protocol)
{
  switch (protocol)
    {
    case TLS1_2:
      return HANDOFF_PROTOCOL_TLS1_2;
    case TLS1_3:
      return HANDOFF_PROTOCOL_TLS1_3;
    default:
      return NULL;
    }
}

/**
 * handoff_protocol_by_name:
 * @name: (nullable): a name as in options and details, "TLS1.3"
 *
 * Returns: the protocol version as it is on the wire, 0x0304; 0 for a name that we do not have
 */
guint16
handoff_protocol_by_name (const char *name)
{
  if (g_strcmp0 (name, HANDOFF_PROTOCOL_TLS1_2) == 0)
    return TLS1_2;
  if (g_strcmp0 (name, HANDOFF_PROTOCOL_TLS1_3) == 0)
    return TLS1_3;

  return 0;
}
