/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* That the bytes which a handshake signs are found, whatever is negotiated, and as GnuTLS, which
 * may be another release than the one that this was written for, signs today. Both sides have a
 * key whose signatures are made elsewhere, as a handshake of the service has it. */

#include "config.h"

#include "handshake/signature-input.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "handshake/recent-blocks.h"
#include "support/certificate-maker.h"

#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

typedef struct _Side Side;
struct _Side
{
  HandoffRole role;
  gnutls_session_t session;
  GByteArray *in;
  Side *other;
  HandoffSignatureInput *input;
  gnutls_privkey_t key; /* signs */
  gnutls_pubkey_t public_key;
  gnutls_privkey_t asks; /* what GnuTLS has */
  gnutls_pcert_st certificate;
  guint n_signatures;
};

static ssize_t
push (gnutls_transport_ptr_t transport, const void *bytes, size_t size)
{
  g_byte_array_append (((Side *) transport)->other->in, bytes, size);
  return size;
}

static ssize_t
pull (gnutls_transport_ptr_t transport, void *bytes, size_t size)
{
  Side *side = transport;

  size = MIN (size, side->in->len);
  if (size == 0)
    {
      gnutls_transport_set_errno (side->session, EAGAIN);
      return -1;
    }
  memcpy (bytes, side->in->data, size);
  g_byte_array_remove_range (side->in, 0, size);
  return size;
}

static int
message_passed (gnutls_session_t session,
                unsigned int type,
                unsigned int when,
                unsigned int incoming,
                const gnutls_datum_t *message)
{
  handoff_signature_input_note_message (((Side *) gnutls_session_get_ptr (session))->input, type,
                                        message);
  return 0;
}

/* RFC 8446 4.4.3; RFC 5246 7.4.3, 7.4.8 */
static void
assert_input (Side *side, GBytes *input)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (input, &size);
  gnutls_datum_t random;

  gnutls_session_get_random (side->session, &random, NULL);
  if (gnutls_protocol_get_version (side->session) == GNUTLS_TLS1_3)
    {
      g_assert_cmpuint (size, >=, 64 + 34 + 32);
      for (guint i = 0; i < 64; i++)
        g_assert_cmpuint (data[i], ==, 0x20);
      g_assert_cmpstr ((const char *) data + 64, ==,
                       side->role == HANDOFF_ROLE_SERVER ? "TLS 1.3, server CertificateVerify"
                                                         : "TLS 1.3, client CertificateVerify");
    }
  else if (side->role == HANDOFF_ROLE_SERVER)
    g_assert_cmpmem (data, 32, random.data, 32);
  else
    {
      /* A ClientHello: its header, and the protocol of RFC 5246 7.4.1.2. */
      g_assert_cmpuint (data[0], ==, 1);
      g_assert_cmpmem (data + 6, 32, random.data, 32);
    }
}

static int
sign_hash (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *hash,
           gnutls_datum_t *signature)
{
  Side *side = user_data;
  guint8 buffer[64];
  gnutls_datum_t opened = { buffer, sizeof buffer };
  gnutls_digest_algorithm_t digest = gnutls_sign_get_hash_algorithm (algorithm);
  g_autoptr (GBytes) input = NULL;

  if (algorithm == GNUTLS_SIGN_RSA_RAW)
    g_assert_cmpint (gnutls_decode_ber_digest_info (hash, &digest, buffer, &opened.size), ==, 0);
  input = handoff_signature_input_find (side->input, digest,
                                        algorithm == GNUTLS_SIGN_RSA_RAW ? &opened : hash);
  g_assert_nonnull (input);
  assert_input (side, input);
  side->n_signatures++;

  /* Of nothing else: neither for another hash nor for a shorter one. */
  memcpy (buffer, algorithm == GNUTLS_SIGN_RSA_RAW ? buffer : hash->data,
          gnutls_hash_get_len (digest));
  opened.size = gnutls_hash_get_len (digest) - 1;
  g_assert_null (handoff_signature_input_find (side->input, digest, &opened));
  opened.size++;
  buffer[0] ^= 1;
  g_assert_null (handoff_signature_input_find (side->input, digest, &opened));

  if (algorithm == GNUTLS_SIGN_RSA_RAW)
    return gnutls_privkey_sign_hash (side->key, GNUTLS_DIG_UNKNOWN,
                                     GNUTLS_PRIVKEY_SIGN_FLAG_TLS1_RSA, hash, signature);
  return gnutls_privkey_sign_hash2 (side->key, algorithm, flags, hash, signature);
}

static int
sign_data (gnutls_privkey_t key,
           gnutls_sign_algorithm_t algorithm,
           void *user_data,
           unsigned int flags,
           const gnutls_datum_t *data,
           gnutls_datum_t *signature)
{
  Side *side = user_data;
  g_autoptr (GBytes) input = g_bytes_new (data->data, data->size);

  assert_input (side, input);
  side->n_signatures++;
  return gnutls_privkey_sign_data2 (side->key, algorithm, flags, data, signature);
}

static int
describe (gnutls_privkey_t key, unsigned int flags, void *user_data)
{
  unsigned int bits;
  int algorithm = gnutls_pubkey_get_pk_algorithm (((Side *) user_data)->public_key, &bits);

  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
    return algorithm;
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
    return (int) bits;
  if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
    return (int) gnutls_sign_supports_pk_algorithm (GNUTLS_FLAGS_TO_SIGN_ALGO (flags), algorithm);
  return -1;
}

static int
retrieve (gnutls_session_t session,
          const struct gnutls_cert_retr_st *info,
          gnutls_pcert_st **certificates,
          unsigned int *n_certificates,
          gnutls_ocsp_data_st **ocsp,
          unsigned int *n_ocsp,
          gnutls_privkey_t *key,
          unsigned int *flags)
{
  Side *side = gnutls_session_get_ptr (session);

  *certificates = &side->certificate;
  *n_certificates = 1;
  *n_ocsp = 0;
  *key = side->asks;
  *flags = 0;
  return 0;
}

static void
side_init (Side *side,
           Side *other,
           HandoffRole role,
           const TestCertificate *certificate,
           gnutls_certificate_credentials_t credentials,
           const char *priority)
{
  *side = (Side){ .role = role, .in = g_byte_array_new (), .other = other };
  gnutls_privkey_init (&side->key);
  g_assert_cmpint (gnutls_privkey_import_x509 (side->key, certificate->key, 0), ==, 0);
  gnutls_pubkey_init (&side->public_key);
  g_assert_cmpint (gnutls_pubkey_import_x509 (side->public_key, certificate->crt, 0), ==, 0);
  gnutls_privkey_init (&side->asks);
  g_assert_cmpint (
      gnutls_privkey_import_ext4 (side->asks, side, sign_data, sign_hash, NULL, NULL, describe, 0),
      ==, 0);
  g_assert_cmpint (gnutls_pcert_import_x509 (&side->certificate, certificate->crt, 0), ==, 0);
  gnutls_init (&side->session,
               (role == HANDOFF_ROLE_CLIENT ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NONBLOCK);
  gnutls_session_set_ptr (side->session, side);
  g_assert_cmpint (gnutls_priority_set_direct (side->session, priority, NULL), ==, 0);
  gnutls_credentials_set (side->session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_ptr (side->session, side);
  gnutls_transport_set_push_function (side->session, push);
  gnutls_transport_set_pull_function (side->session, pull);
  side->input = handoff_signature_input_new (side->session, role);
  gnutls_handshake_set_hook_function (side->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE,
                                      message_passed);
}

static void
side_clear (Side *side)
{
  gnutls_deinit (side->session);
  handoff_signature_input_free (side->input);
  gnutls_pcert_deinit (&side->certificate);
  gnutls_privkey_deinit (side->asks);
  gnutls_pubkey_deinit (side->public_key);
  gnutls_privkey_deinit (side->key);
  g_byte_array_unref (side->in);
}

/* TRUE as long as it waits for the other. */
static gboolean
go_on (Side *side, int *code)
{
  if (*code == GNUTLS_E_AGAIN)
    *code = gnutls_handshake (side->session);
  return *code == GNUTLS_E_AGAIN;
}

static void
shake_hands (const TestCertificate *certificate, const char *client, const char *server)
{
  gnutls_certificate_credentials_t credentials;
  Side sides[2];
  int codes[] = { GNUTLS_E_AGAIN, GNUTLS_E_AGAIN };

  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_retrieve_function3 (credentials, retrieve);
  side_init (&sides[0], &sides[1], HANDOFF_ROLE_CLIENT, certificate, credentials, client);
  side_init (&sides[1], &sides[0], HANDOFF_ROLE_SERVER, certificate, credentials, server);
  gnutls_certificate_server_set_request (sides[1].session, GNUTLS_CERT_REQUIRE);
  while ((go_on (&sides[0], &codes[0]) | go_on (&sides[1], &codes[1])) &&
         !gnutls_error_is_fatal (codes[0]) && !gnutls_error_is_fatal (codes[1]))
    ;
  if (codes[0] != 0 || codes[1] != 0)
    g_test_message ("%s / %s: %s, %s", client, server, gnutls_strerror (codes[0]),
                    gnutls_strerror (codes[1]));
  /* Each verified what the other signed. */
  g_assert_cmpint (codes[0], ==, 0);
  g_assert_cmpint (codes[1], ==, 0);
  g_assert_cmpuint (sides[0].n_signatures, ==, 1);
  g_assert_cmpuint (sides[1].n_signatures, ==, 1);
  side_clear (&sides[0]);
  side_clear (&sides[1]);
  gnutls_certificate_free_credentials (credentials);
}

/* data: the key's algorithm; 0: ECDSA with P-256 */
static void
test_key (gconstpointer data)
{
  const TestCertificateSpec spec = {
    .algorithm = (gnutls_pk_algorithm_t) GPOINTER_TO_INT (data),
    /* Ed25519 takes no other. */
    .digest = GPOINTER_TO_INT (data) == GNUTLS_PK_EDDSA_ED25519 ? GNUTLS_DIG_SHA512 : 0,
  };
  g_autoptr (TestCertificate) certificate = test_certificate_make ("localhost", NULL, &spec);

  shake_hands (certificate, TLS1_3, TLS1_3);
  shake_hands (certificate, TLS1_3 ":-CIPHER-ALL:+AES-128-GCM", TLS1_3);
  shake_hands (certificate, TLS1_2, TLS1_2);
  shake_hands (certificate, TLS1_2 ":-GROUP-ALL:+GROUP-X25519", TLS1_2);
  shake_hands (certificate, TLS1_2 ":-GROUP-ALL:+GROUP-SECP521R1:+GROUP-SECP256R1", TLS1_2);
  /* HelloRetryRequest: the client's share is not of the group that the server wants. */
  shake_hands (certificate, TLS1_3 ":-GROUP-ALL:+GROUP-SECP256R1:+GROUP-SECP384R1",
               TLS1_3 ":-GROUP-ALL:+GROUP-SECP384R1");
}

/* Breaks if the parameters of DHE are not measured to their end, or hashes of other sizes are not
 * found. */
static void
test_rsa_ways (void)
{
  static const char *const ways[] = {
    TLS1_2 ":-KX-ALL:+DHE-RSA",
    TLS1_2 ":-SIGN-ALL:+SIGN-RSA-SHA256",
    TLS1_2 ":-SIGN-ALL:+SIGN-RSA-SHA384:+SIGN-RSA-SHA256",
    TLS1_2 ":-SIGN-ALL:+SIGN-RSA-SHA512:+SIGN-RSA-SHA256",
    TLS1_2 ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-SHA256",
    TLS1_3 ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-SHA256",
  };
  const TestCertificateSpec spec = { .algorithm = GNUTLS_PK_RSA };
  g_autoptr (TestCertificate) certificate = test_certificate_make ("localhost", NULL, &spec);

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    shake_hands (certificate, ways[i], ways[i]);
}

static gsize
match_mark (const guint8 *block, gsize size, gpointer user_data)
{
  const guint8 *mark = user_data;

  return block[0] == mark[0] ? mark[1] : 0;
}

/* Breaks if what GnuTLS freed or moved is looked at, or what it allocated before much else is
 * not forgotten; the sanitizer sees the first. */
static void
test_blocks (void)
{
  guint8 *blocks[8];
  guint8 mark[] = { 'm', 64 };
  gsize size;

  blocks[0] = gnutls_malloc (64);
  memset (blocks[0], 'm', 64);
  g_assert_true (handoff_recent_blocks_find (match_mark, mark, &size) == blocks[0]);
  g_assert_cmpuint (size, ==, 64);
  mark[1] = 65;
  g_assert_null (handoff_recent_blocks_find (match_mark, mark, &size));
  blocks[0] = gnutls_realloc (blocks[0], 4096);
  g_assert_true (handoff_recent_blocks_find (match_mark, mark, &size) == blocks[0]);
  gnutls_free (blocks[0]);
  g_assert_null (handoff_recent_blocks_find (match_mark, mark, &size));

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    {
      blocks[i] = gnutls_malloc (100);
      memset (blocks[i], i == 0 ? 'm' : 'x', 100);
    }
  g_assert_null (handoff_recent_blocks_find (match_mark, mark, &size));
  memset (blocks[6], 'm', 100);
  memset (blocks[7], 'm', 100);
  g_assert_true (handoff_recent_blocks_find (match_mark, mark, &size) == blocks[7]);
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    gnutls_free (blocks[i]);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    gnutls_pk_algorithm_t algorithm;
  } keys[] = {
    { "/signature-input/ecdsa", 0 },
    { "/signature-input/rsa", GNUTLS_PK_RSA },
    { "/signature-input/rsa-pss", GNUTLS_PK_RSA_PSS },
    { "/signature-input/ed25519", GNUTLS_PK_EDDSA_ED25519 },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_test_add_data_func (keys[i].path, GINT_TO_POINTER (keys[i].algorithm), test_key);
  g_test_add_func ("/signature-input/rsa-ways", test_rsa_ways);
  g_test_add_func ("/signature-input/blocks", test_blocks);
  return g_test_run ();
}
