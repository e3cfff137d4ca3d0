/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "hpke.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "keyblob-fixture.h"
#include "tls-handoff-error.h"

#define INFO ((const guint8 *) "info")
#define AAD ((const guint8 *) "aad")
#define PLAINTEXT ((const guint8 *) "plaintext")
#define PLAINTEXT_SIZE 9
#define CIPHERTEXT_SIZE (PLAINTEXT_SIZE + HANDOFF_HPKE_TAG_SIZE)

typedef struct
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  guint8 ciphertext[CIPHERTEXT_SIZE];
} Sealed;

static void
sealed_init (Sealed *sealed)
{
  g_autoptr (GError) error = NULL;

  handoff_hpke_generate_key_pair (sealed->private_key, sealed->public_key, &error);
  g_assert_no_error (error);
  fixture_hpke_seal (HANDOFF_HPKE_AEAD_AES_256_GCM, sealed->public_key, INFO, 4, AAD, 3, PLAINTEXT,
                     PLAINTEXT_SIZE, NULL, sealed->enc, sealed->ciphertext, &error);
  g_assert_no_error (error);
}

static guint8 *
get_bytes (JsonObject *object, const char *member, gsize *size)
{
  return fixture_from_hex (json_object_get_string_member (object, member), size);
}

/* DeriveKeyPair (RFC 9180 7.1.3) gives the recipient's keys. */
static void
check_recipient_keys (JsonObject *vector)
{
  g_autoptr (GError) error = NULL;
  gsize ikm_size;
  g_autofree guint8 *ikm = get_bytes (vector, "ikmR", &ikm_size);
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  g_autofree char *private_hex = NULL;
  g_autofree char *public_hex = NULL;

  handoff_hpke_derive_key_pair (ikm, ikm_size, private_key, public_key, &error);
  g_assert_no_error (error);
  private_hex = fixture_to_hex (private_key, sizeof private_key);
  public_hex = fixture_to_hex (public_key, sizeof public_key);
  g_assert_cmpstr (private_hex, ==, json_object_get_string_member (vector, "skRm"));
  g_assert_cmpstr (public_hex, ==, json_object_get_string_member (vector, "pkRm"));
}

static void
check_vector (JsonObject *vector)
{
  g_autoptr (GError) error = NULL;
  JsonObject *encryption =
      json_array_get_object_element (json_object_get_array_member (vector, "encryptions"), 0);
  guint16 aead_id = (guint16) json_object_get_int_member (vector, "aead_id");
  gsize info_size, public_key_size, private_key_size, ephemeral_size, aad_size, ct_size, pt_size,
      enc_size;
  g_autofree guint8 *info = get_bytes (vector, "info", &info_size);
  g_autofree guint8 *public_key = get_bytes (vector, "pkRm", &public_key_size);
  g_autofree guint8 *private_key = get_bytes (vector, "skRm", &private_key_size);
  g_autofree guint8 *ephemeral = get_bytes (vector, "skEm", &ephemeral_size);
  g_autofree guint8 *expected_enc = get_bytes (vector, "enc", &enc_size);
  g_autofree guint8 *aad = get_bytes (encryption, "aad", &aad_size);
  g_autofree guint8 *expected_ct = get_bytes (encryption, "ct", &ct_size);
  g_autofree guint8 *expected_pt = get_bytes (encryption, "pt", &pt_size);
  g_autofree guint8 *ct = g_malloc0 (ct_size);
  g_autofree guint8 *pt = g_malloc0 (pt_size);
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];

  g_assert_cmpuint (ct_size, ==, pt_size + HANDOFF_HPKE_TAG_SIZE);
  g_assert_cmpuint (ephemeral_size, ==, HANDOFF_HPKE_KEY_SIZE);
  check_recipient_keys (vector);

  fixture_hpke_seal (aead_id, public_key, info, info_size, aad, aad_size, expected_pt, pt_size,
                     ephemeral, enc, ct, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (enc, sizeof enc, expected_enc, enc_size);
  g_assert_cmpmem (ct, ct_size, expected_ct, ct_size);

  fixture_hpke_open (aead_id, private_key, expected_enc, info, info_size, aad, aad_size,
                     expected_ct, ct_size, pt, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (pt, pt_size, expected_pt, pt_size);
}

/* Both ends of the context of a vector. */
static void
set_up_vector (JsonObject *vector, HandoffHpkeContext *sender, HandoffHpkeContext *recipient)
{
  g_autoptr (GError) error = NULL;
  guint16 aead_id = (guint16) json_object_get_int_member (vector, "aead_id");
  gsize info_size, size;
  g_autofree guint8 *info = get_bytes (vector, "info", &info_size);
  g_autofree guint8 *public_key = get_bytes (vector, "pkRm", &size);
  g_autofree guint8 *private_key = get_bytes (vector, "skRm", &size);
  g_autofree guint8 *ephemeral = get_bytes (vector, "skEm", &size);
  g_autofree guint8 *expected_enc = get_bytes (vector, "enc", &size);
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];

  handoff_hpke_setup_sender (sender, aead_id, public_key, info, info_size, ephemeral, enc, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (enc, sizeof enc, expected_enc, size);
  handoff_hpke_setup_recipient (recipient, aead_id, private_key, enc, info, info_size, &error);
  g_assert_no_error (error);
}

/* The messages of a context, the published ones among them: each in its place. */
static void
check_messages (JsonObject *vector)
{
  JsonArray *encryptions = json_object_get_array_member (vector, "encryptions");
  HandoffHpkeContext sender, recipient;
  guint64 number = 0;

  set_up_vector (vector, &sender, &recipient);
  for (guint i = 0; i < json_array_get_length (encryptions); i++)
    {
      JsonObject *encryption = json_array_get_object_element (encryptions, i);
      const guint64 next = (guint64) json_object_get_int_member (encryption, "sequence_number");
      gsize aad_size, ct_size, pt_size;
      g_autofree guint8 *aad = get_bytes (encryption, "aad", &aad_size);
      g_autofree guint8 *expected_ct = get_bytes (encryption, "ct", &ct_size);
      g_autofree guint8 *expected_pt = get_bytes (encryption, "pt", &pt_size);
      g_autofree guint8 *ct = g_malloc0 (ct_size);
      g_autofree guint8 *pt = g_malloc0 (pt_size);
      g_autoptr (GError) error = NULL;

      for (; number <= next; number++)
        {
          g_assert_cmpuint (sender.sequence_number, ==, number);
          g_assert_cmpuint (recipient.sequence_number, ==, number);
          handoff_hpke_context_seal (&sender, aad, aad_size, expected_pt, pt_size, ct, &error);
          g_assert_no_error (error);
          handoff_hpke_context_open (&recipient, aad, aad_size, ct, ct_size, pt, &error);
          g_assert_no_error (error);
          g_assert_cmpmem (pt, pt_size, expected_pt, pt_size);
        }
      g_assert_cmpmem (ct, ct_size, expected_ct, ct_size);
    }
}

static void
check_exports (JsonObject *vector)
{
  JsonArray *exports = json_object_get_array_member (vector, "exports");
  HandoffHpkeContext contexts[2];

  set_up_vector (vector, &contexts[0], &contexts[1]);
  g_assert_cmpuint (json_array_get_length (exports), ==, 3);
  for (guint i = 0; i < 2 * json_array_get_length (exports); i++)
    {
      JsonObject *export = json_array_get_object_element (exports, i / 2);
      gsize context_size, size;
      g_autofree guint8 *context = get_bytes (export, "exporter_context", &context_size);
      g_autofree guint8 *expected = get_bytes (export, "exported_value", &size);
      g_autofree guint8 *value = g_malloc0 (size);

      g_assert_true (
          handoff_hpke_context_export (&contexts[i % 2], context, context_size, value, size, NULL));
      g_assert_cmpmem (value, size, expected, size);
    }
}

/* Anything that is not RFC 9180. */
static void
test_vectors (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "vectors", "hpke-x25519-sha256-aesgcm.json", NULL);
  JsonArray *vectors;
  guint i;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  vectors = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)),
                                          "vectors");
  g_assert_cmpuint (json_array_get_length (vectors), ==, 2);
  for (i = 0; i < json_array_get_length (vectors); i++)
    {
      check_vector (json_array_get_object_element (vectors, i));
      check_messages (json_array_get_object_element (vectors, i));
      check_exports (json_array_get_object_element (vectors, i));
    }
}

/* The same ephemeral key twice, which would be the same AEAD key and nonce. */
static void
test_fresh (void)
{
  Sealed first, second;

  sealed_init (&first);
  sealed_init (&second);
  g_assert_true (memcmp (first.private_key, second.private_key, sizeof first.private_key) != 0);
  g_assert_true (memcmp (first.enc, second.enc, sizeof first.enc) != 0);
  g_assert_true (memcmp (first.ciphertext, second.ciphertext, sizeof first.ciphertext) != 0);
}

/* The encapsulated key is part of the associated data in the blob, which is authenticated with what
 * was there before. */
static void
test_enc_in_aad (void)
{
  g_autoptr (GError) error = NULL;
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE], public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 aad[4 + HANDOFF_HPKE_KEY_SIZE] = "head";
  guint8 ciphertext[HANDOFF_HPKE_TAG_SIZE];
  guint8 nothing;

  handoff_hpke_generate_key_pair (private_key, public_key, &error);
  g_assert_no_error (error);
  fixture_hpke_seal (HANDOFF_HPKE_AEAD_AES_256_GCM, public_key, INFO, 4, aad, sizeof aad, &nothing,
                     0, NULL, aad + 4, ciphertext, &error);
  g_assert_no_error (error);
  fixture_hpke_open (HANDOFF_HPKE_AEAD_AES_256_GCM, private_key, aad + 4, INFO, 4, aad, sizeof aad,
                     ciphertext, sizeof ciphertext, &nothing, &error);
  g_assert_no_error (error);
}

typedef struct
{
  HandoffHpkeContext sender;
  HandoffHpkeContext recipient;
} Pair;

static void
pair_init (Pair *pair)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE], public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];

  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  g_assert_true (handoff_hpke_setup_sender (&pair->sender, HANDOFF_HPKE_AEAD_AES_256_GCM,
                                            public_key, INFO, 4, NULL, enc, NULL));
  g_assert_true (handoff_hpke_setup_recipient (&pair->recipient, HANDOFF_HPKE_AEAD_AES_256_GCM,
                                               private_key, enc, INFO, 4, NULL));
}

static void
pair_seal (Pair *pair, guint8 ciphertext[CIPHERTEXT_SIZE])
{
  g_assert_true (handoff_hpke_context_seal (&pair->sender, AAD, 3, PLAINTEXT, PLAINTEXT_SIZE,
                                            ciphertext, NULL));
}

static gboolean
pair_open (Pair *pair, const guint8 ciphertext[CIPHERTEXT_SIZE], GError **error)
{
  guint8 plaintext[PLAINTEXT_SIZE];

  return handoff_hpke_context_open (&pair->recipient, AAD, 3, ciphertext, CIPHERTEXT_SIZE,
                                    plaintext, error);
}

/* A message opens in another place than its own, or one that did not open moves the others. */
static void
test_order (void)
{
  guint8 ciphertexts[3][CIPHERTEXT_SIZE];
  Pair pair;

  pair_init (&pair);
  for (gsize i = 0; i < G_N_ELEMENTS (ciphertexts); i++)
    pair_seal (&pair, ciphertexts[i]);

  for (gsize i = 0; i < G_N_ELEMENTS (ciphertexts); i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (ciphertexts); j++)
        {
          g_autoptr (GError) error = NULL;

          if (i == j)
            continue;
          g_assert_false (pair_open (&pair, ciphertexts[j], &error));
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
        }
      g_assert_true (pair_open (&pair, ciphertexts[i], NULL));
    }
}

/* After the last number the first comes again, with its nonce. */
static void
test_limit (void)
{
  guint8 ciphertext[CIPHERTEXT_SIZE];
  g_autoptr (GError) seal_error = NULL;
  g_autoptr (GError) open_error = NULL;
  Pair pair;

  pair_init (&pair);
  pair.sender.sequence_number = pair.recipient.sequence_number = G_MAXUINT64 - 1;
  pair_seal (&pair, ciphertext);
  g_assert_true (pair_open (&pair, ciphertext, NULL));
  g_assert_cmpuint (pair.sender.sequence_number, ==, G_MAXUINT64);
  g_assert_false (handoff_hpke_context_seal (&pair.sender, AAD, 3, PLAINTEXT, PLAINTEXT_SIZE,
                                             ciphertext, &seal_error));
  g_assert_error (seal_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_assert_false (pair_open (&pair, ciphertext, &open_error));
  g_assert_error (open_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
}

/* A secret of before the ratchet is there after it, or the ends part. */
static void
test_ratchet (void)
{
  guint8 before[CIPHERTEXT_SIZE], after[CIPHERTEXT_SIZE];
  Pair pair, old;

  pair_init (&pair);
  pair_seal (&pair, before);
  g_assert_true (pair_open (&pair, before, NULL));
  old = pair;
  g_assert_true (handoff_hpke_context_ratchet (&pair.sender, NULL));
  g_assert_true (handoff_hpke_context_ratchet (&pair.recipient, NULL));
  g_assert_cmpmem (&pair.sender, sizeof pair.sender, &pair.recipient, sizeof pair.recipient);
  g_assert_cmpuint (pair.sender.sequence_number, ==, 1);
  for (gsize i = 0; i + 4 <= 32; i++)
    {
      g_assert_true (memcmp (old.sender.key + i, pair.sender.key + i, 4) != 0);
      g_assert_true (memcmp (old.sender.exporter_secret + i, pair.sender.exporter_secret + i, 4) !=
                     0);
      /* Who has the key must not have what the next key is made of. */
      g_assert_true (memcmp (pair.sender.key + i, pair.sender.exporter_secret + i, 4) != 0);
    }
  g_assert_true (
      memcmp (old.sender.base_nonce, pair.sender.base_nonce, sizeof old.sender.base_nonce) != 0);

  /* What opened the first message does not open the second, nor the reverse. */
  pair_seal (&pair, after);
  g_assert_false (pair_open (&old, after, NULL));
  pair.recipient.sequence_number = 0;
  g_assert_false (pair_open (&pair, before, NULL));
  pair.recipient.sequence_number = 1;
  g_assert_true (pair_open (&pair, after, NULL));
}

static void
assert_does_not_open (const Sealed *sealed, const guint8 *info, const guint8 *aad, guint16 aead_id)
{
  g_autoptr (GError) error = NULL;
  guint8 plaintext[PLAINTEXT_SIZE];
  const guint8 zeros[PLAINTEXT_SIZE] = { 0 };

  memset (plaintext, 0xff, sizeof plaintext);
  g_assert_false (fixture_hpke_open (aead_id, sealed->private_key, sealed->enc, info, 4, aad, 3,
                                     sealed->ciphertext, CIPHERTEXT_SIZE, plaintext, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  g_assert_cmpmem (plaintext, sizeof plaintext, zeros, sizeof zeros);
}

/* Something is not authenticated, or unauthentic plaintext gets out. */
static void
test_tampered (void)
{
  const guint16 aead_id = HANDOFF_HPKE_AEAD_AES_256_GCM;
  Sealed sealed, changed;
  gsize i;

  sealed_init (&sealed);
  for (i = 0; i < CIPHERTEXT_SIZE; i++)
    {
      changed = sealed;
      changed.ciphertext[i] ^= 1;
      assert_does_not_open (&changed, INFO, AAD, aead_id);
    }

  /* The top bit of an X25519 public key is ignored (RFC 7748 5), but kem_context has it. */
  for (i = 0; i < HANDOFF_HPKE_KEY_SIZE; i++)
    {
      changed = sealed;
      changed.enc[i] ^= 0x80;
      assert_does_not_open (&changed, INFO, AAD, aead_id);
    }

  changed = sealed;
  changed.private_key[5] ^= 1;
  assert_does_not_open (&changed, INFO, AAD, aead_id);
  assert_does_not_open (&sealed, (const guint8 *) "inf0", AAD, aead_id);
  assert_does_not_open (&sealed, INFO, (const guint8 *) "aae", aead_id);
  assert_does_not_open (&sealed, INFO, AAD, HANDOFF_HPKE_AEAD_AES_128_GCM);
}

/* Points with which every private key gives zero: https://cr.yp.to/ecdh.html, and with the top bit
 * set, which is ignored. */
static const char *const small_order_points[] = {
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000080",
};

/* A secret that everybody knows. */
static void
test_small_order (void)
{
  Sealed sealed;
  guint8 plaintext[PLAINTEXT_SIZE];
  gsize i;

  sealed_init (&sealed);
  for (i = 0; i < G_N_ELEMENTS (small_order_points); i++)
    {
      g_autoptr (GError) check_error = NULL;
      g_autoptr (GError) seal_error = NULL;
      g_autoptr (GError) open_error = NULL;
      gsize size;
      g_autofree guint8 *point = fixture_from_hex (small_order_points[i], &size);

      g_assert_cmpuint (size, ==, HANDOFF_HPKE_KEY_SIZE);
      g_assert_false (handoff_hpke_check_public_key (point, &check_error));
      g_assert_error (check_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      point[31] ^= 0x80;
      g_assert_false (handoff_hpke_check_public_key (point, NULL));
      point[31] ^= 0x80;
      g_assert_false (fixture_hpke_seal (HANDOFF_HPKE_AEAD_AES_256_GCM, point, INFO, 4, AAD, 3,
                                         PLAINTEXT, PLAINTEXT_SIZE, NULL, sealed.enc,
                                         sealed.ciphertext, &seal_error));
      g_assert_error (seal_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_false (fixture_hpke_open (HANDOFF_HPKE_AEAD_AES_256_GCM, sealed.private_key, point,
                                         INFO, 4, AAD, 3, sealed.ciphertext, CIPHERTEXT_SIZE,
                                         plaintext, &open_error));
      g_assert_error (open_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);

      /* Their neighbours are good. */
      point[15] ^= 1;
      g_assert_true (handoff_hpke_check_public_key (point, NULL));
      g_assert_true (fixture_hpke_seal (HANDOFF_HPKE_AEAD_AES_256_GCM, point, INFO, 4, AAD, 3,
                                        PLAINTEXT, PLAINTEXT_SIZE, NULL, sealed.enc,
                                        sealed.ciphertext, NULL));
    }
  /* What the reduction makes of the other numbers above p is of no small order. */
  for (i = 2; i < 19; i++)
    {
      guint8 point[HANDOFF_HPKE_KEY_SIZE];

      memset (point, 0xff, sizeof point);
      point[0] = (guint8) (0xed + i);
      point[31] = 0x7f;
      g_assert_true (handoff_hpke_check_public_key (point, NULL));
      g_assert_true (fixture_hpke_seal (HANDOFF_HPKE_AEAD_AES_256_GCM, point, INFO, 4, AAD, 3,
                                        PLAINTEXT, PLAINTEXT_SIZE, NULL, sealed.enc,
                                        sealed.ciphertext, NULL));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyblob/hpke/vectors", test_vectors);
  g_test_add_func ("/keyblob/hpke/fresh", test_fresh);
  g_test_add_func ("/keyblob/hpke/enc-in-aad", test_enc_in_aad);
  g_test_add_func ("/keyblob/hpke/tampered", test_tampered);
  g_test_add_func ("/keyblob/hpke/order", test_order);
  g_test_add_func ("/keyblob/hpke/limit", test_limit);
  g_test_add_func ("/keyblob/hpke/ratchet", test_ratchet);
  g_test_add_func ("/keyblob/hpke/small-order", test_small_order);
  return g_test_run ();
}
