/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "cipher-suite.h"

#include <string.h>

#include "handoff-names.h"

#define TLS1_2 0x0303
#define TLS1_3 0x0304

/* The parts of a row that depend on the AEAD: cipher, its name in a priority string, key size. */
#define AES_128_GCM GNUTLS_CIPHER_AES_128_GCM, "AES-128-GCM", 16
#define AES_256_GCM GNUTLS_CIPHER_AES_256_GCM, "AES-256-GCM", 32
#define AES_128_CCM GNUTLS_CIPHER_AES_128_CCM, "AES-128-CCM", 16
#define AES_256_CCM GNUTLS_CIPHER_AES_256_CCM, "AES-256-CCM", 32
#define CHACHA20_POLY1305 GNUTLS_CIPHER_CHACHA20_POLY1305, "CHACHA20-POLY1305", 32

#define ROW_(id, protocol, name, kx, prf, cipher, priority, key_size, iv_size, layout)             \
  {                                                                                                \
    id, protocol, name, cipher, prf, kx, priority, key_size, iv_size, 16, layout                   \
  }
#define ROW(...) ROW_ (__VA_ARGS__)

#define ROW_TLS1_3(id, name, aead, hash)                                                           \
  ROW (id, TLS1_3, name, GNUTLS_KX_UNKNOWN, GNUTLS_DIG_##hash, aead, 12, HANDOFF_NONCE_XOR)
#define ROW_TLS1_2(id, name, kx, aead, hash)                                                       \
  ROW (id, TLS1_2, name, GNUTLS_KX_##kx, GNUTLS_DIG_##hash, aead, 4, HANDOFF_NONCE_EXPLICIT)
#define ROW_TLS1_2_CHACHA(id, name, kx)                                                            \
  ROW (id, TLS1_2, name, GNUTLS_KX_##kx, GNUTLS_DIG_SHA256, CHACHA20_POLY1305, 12,                 \
       HANDOFF_NONCE_XOR)

static const HandoffCipherSuite cipher_suites[] = {
  /* RFC 8446 B.4 */
  ROW_TLS1_3 (0x1302, "TLS_AES_256_GCM_SHA384", AES_256_GCM, SHA384),
  ROW_TLS1_3 (0x1303, "TLS_CHACHA20_POLY1305_SHA256", CHACHA20_POLY1305, SHA256),
  ROW_TLS1_3 (0x1301, "TLS_AES_128_GCM_SHA256", AES_128_GCM, SHA256),
  ROW_TLS1_3 (0x1304, "TLS_AES_128_CCM_SHA256", AES_128_CCM, SHA256),

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
