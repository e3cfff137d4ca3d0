/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "tls-names.h"

typedef struct
{
  guint number;
  const char *name;
} Name;

static const Name versions[] = {
  { 0x0300, "SSL 3.0" }, { 0x0301, "TLS 1.0" }, { 0x0302, "TLS 1.1" },
  { 0x0303, "TLS 1.2" }, { 0x0304, "TLS 1.3" },
};

static const Name suites[] = {
  { 0x0005, "TLS_RSA_WITH_RC4_128_SHA" },
  { 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA" },
  { 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA" },
  { 0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA" },
  { 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA" },
  { 0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA" },
  { 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256" },
  { 0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256" },
  { 0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256" },
  { 0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256" },
  { 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256" },
  { 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384" },
  { 0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
  { 0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
  { 0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV" },
  { 0x1301, "TLS_AES_128_GCM_SHA256" },
  { 0x1302, "TLS_AES_256_GCM_SHA384" },
  { 0x1303, "TLS_CHACHA20_POLY1305_SHA256" },
  { 0x1304, "TLS_AES_128_CCM_SHA256" },
  { 0x1305, "TLS_AES_128_CCM_8_SHA256" },
  { 0x5600, "TLS_FALLBACK_SCSV" },
  { 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
  { 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
  { 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
  { 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
  { 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
  { 0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
  { 0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
  { 0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
  { 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
  { 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
  { 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
  { 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
  { 0xc09c, "TLS_RSA_WITH_AES_128_CCM" },
  { 0xc09d, "TLS_RSA_WITH_AES_256_CCM" },
  { 0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM" },
  { 0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM" },
  { 0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8" },
  { 0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8" },
  { 0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM" },
  { 0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM" },
  { 0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" },
  { 0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8" },
  { 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
  { 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
  { 0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
};

static const Name groups[] = {
  { 0x0013, "secp192r1" },       { 0x0015, "secp224r1" },
  { 0x0017, "secp256r1" },       { 0x0018, "secp384r1" },
  { 0x0019, "secp521r1" },       { 0x001a, "brainpoolP256r1" },
  { 0x001b, "brainpoolP384r1" }, { 0x001c, "brainpoolP512r1" },
  { 0x001d, "x25519" },          { 0x001e, "x448" },
  { 0x0100, "ffdhe2048" },       { 0x0101, "ffdhe3072" },
  { 0x0102, "ffdhe4096" },       { 0x0103, "ffdhe6144" },
  { 0x0104, "ffdhe8192" },       { 0x11eb, "SecP256r1MLKEM768" },
  { 0x11ec, "X25519MLKEM768" },  { 0x11ed, "SecP384r1MLKEM1024" },
};

static const Name schemes[] = {
  { 0x0201, "rsa_pkcs1_sha1" },
  { 0x0202, "dsa_sha1" },
  { 0x0203, "ecdsa_sha1" },
  { 0x0301, "rsa_pkcs1_sha224" },
  { 0x0303, "ecdsa_sha224" },
  { 0x0401, "rsa_pkcs1_sha256" },
  { 0x0402, "dsa_sha256" },
  { 0x0403, "ecdsa_secp256r1_sha256" },
  { 0x0501, "rsa_pkcs1_sha384" },
  { 0x0503, "ecdsa_secp384r1_sha384" },
  { 0x0601, "rsa_pkcs1_sha512" },
  { 0x0603, "ecdsa_secp521r1_sha512" },
  { 0x0804, "rsa_pss_rsae_sha256" },
  { 0x0805, "rsa_pss_rsae_sha384" },
  { 0x0806, "rsa_pss_rsae_sha512" },
  { 0x0807, "ed25519" },
  { 0x0808, "ed448" },
  { 0x0809, "rsa_pss_pss_sha256" },
  { 0x080a, "rsa_pss_pss_sha384" },
  { 0x080b, "rsa_pss_pss_sha512" },
  { 0x0904, "mldsa44" },
  { 0x0905, "mldsa65" },
  { 0x0906, "mldsa87" },
};

static const Name extensions[] = {
  { 0, "server_name" },
  { 1, "max_fragment_length" },
  { 5, "status_request" },
  { 10, "supported_groups" },
  { 11, "ec_point_formats" },
  { 13, "signature_algorithms" },
  { 14, "use_srtp" },
  { 15, "heartbeat" },
  { 16, "application_layer_protocol_negotiation" },
  { 17, "status_request_v2" },
  { 18, "signed_certificate_timestamp" },
  { 19, "client_certificate_type" },
  { 20, "server_certificate_type" },
  { 21, "padding" },
  { 22, "encrypt_then_mac" },
  { 23, "extended_master_secret" },
  { 27, "compress_certificate" },
  { 28, "record_size_limit" },
  { 35, "session_ticket" },
  { 41, "pre_shared_key" },
  { 42, "early_data" },
  { 43, "supported_versions" },
  { 44, "cookie" },
  { 45, "psk_key_exchange_modes" },
  { 47, "certificate_authorities" },
  { 48, "oid_filters" },
  { 49, "post_handshake_auth" },
  { 50, "signature_algorithms_cert" },
  { 51, "key_share" },
  { 0xff01, "renegotiation_info" },
};

static const Name point_formats[] = {
  { 0, "uncompressed" },
  { 1, "ansiX962_compressed_prime" },
  { 2, "ansiX962_compressed_char2" },
};

static const Name psk_modes[] = { { 0, "psk_ke" }, { 1, "psk_dhe_ke" } };

static const Name certificate_types[] = {
  { 1, "rsa_sign" },
  { 2, "dss_sign" },
  { 64, "ecdsa_sign" },
};

static const Name alerts[] = {
  { 40, "handshake_failure" },     { 47, "illegal_parameter" },      { 50, "decode_error" },
  { 70, "protocol_version" },      { 71, "insufficient_security" },  { 80, "internal_error" },
  { 109, "missing_extension" },    { 110, "unsupported_extension" }, { 112, "unrecognized_name" },
  { 116, "certificate_required" },
};

static const char *
find (const Name *names, gsize n_names, guint number)
{
  for (gsize i = 0; i < n_names; i++)
    {
      if (names[i].number == number)
        return names[i].name;
    }
  return "(no name here)";
}

static GArray *
numbers (const Name *names, gsize n_names)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (guint16));

  for (gsize i = n_names; i-- > 0;)
    {
      guint16 number = (guint16) names[i].number;

      g_array_append_val (array, number);
    }
  return array;
}

#define NAME_FUNCTION(kind, names)                                                                 \
  const char *tls_name_of_##kind (guint number)                                                    \
  {                                                                                                \
    return find (names, G_N_ELEMENTS (names), number);                                             \
  }

NAME_FUNCTION (version, versions)
NAME_FUNCTION (suite, suites)
NAME_FUNCTION (group, groups)
NAME_FUNCTION (scheme, schemes)
NAME_FUNCTION (extension, extensions)
NAME_FUNCTION (point_format, point_formats)
NAME_FUNCTION (psk_mode, psk_modes)
NAME_FUNCTION (certificate_type, certificate_types)
NAME_FUNCTION (alert, alerts)

GArray *
tls_numbers_of_groups (void)
{
  return numbers (groups, G_N_ELEMENTS (groups));
}

GArray *
tls_numbers_of_schemes (void)
{
  return numbers (schemes, G_N_ELEMENTS (schemes));
}
