/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "key-blob.h"

#include <string.h>

#include "golden-blobs.h"
#include "handoff-names.h"
#include "keyblob-fixture.h"
#include "secret-memory.h"
#include "tls-handoff-error.h"

typedef struct
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffKeyState *state;
  guint8 *blob;
  gsize size;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = NULL;

  handoff_hpke_generate_key_pair (fixture->private_key, fixture->public_key, &error);
  g_assert_no_error (error);
  fixture->state = fixture_key_state (handoff_cipher_suite_by_id (0x1302), HANDOFF_ROLE_CLIENT, 1);
  blob = handoff_key_blob_seal (fixture->state, fixture->public_key, &error);
  g_assert_no_error (error);
  fixture->blob = g_bytes_unref_to_data (g_steal_pointer (&blob), &fixture->size);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  handoff_key_state_free (fixture->state);
  g_free (fixture->blob);
}

static void
assert_refused (
    const guint8 *blob, gsize size, const guint8 *private_key, int code, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_key_blob_open (blob, size, private_key, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("The message “%s” does not match “%s”", error->message, pattern);
}

/* What comes out is not what went in; for every suite and role. */
static void
test_round_trip (Fixture *fixture, gconstpointer user_data)
{
  const HandoffCipherSuite *suites;
  gsize n_suites;
  gsize i;

  suites = handoff_cipher_suites (&n_suites);
  for (i = 0; i < 4 * n_suites; i++)
    {
      g_autoptr (HandoffKeyState) state = fixture_key_state (
          &suites[i / 4], i % 2 ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT, (guint8) i);
      g_autoptr (HandoffKeyState) opened = NULL;
      g_autoptr (GBytes) blob = NULL;
      g_autoptr (GError) error = NULL;

      if (i % 4 >= 2)
        fixture_add_bindings (state);
      blob = handoff_key_blob_seal (state, fixture->public_key, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (blob), <=, HANDOFF_KEY_BLOB_MAX_SIZE);
      /* Older readers read whatever they can. */
      g_assert_cmpmem ((const guint8 *) g_bytes_get_data (blob, NULL) + 8, 2,
                       i % 4 >= 2 ? "\0\2" : "\0\1", 2);
      opened = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                      fixture->private_key, &error);
      g_assert_no_error (error);
      g_assert_true (handoff_key_state_equal (state, opened));
    }
}

/* A field of the header is not checked, or the message does not say which one it is. */
static void
test_header (Fixture *fixture, gconstpointer user_data)
{
  static const struct
  {
    gsize start;
    gsize end;
    const char *pattern;
  } fields[] = {
    { 0, 8, "*does not start with “TLSHOFF”" },
    { 10, 12, "The key blob's KEM is 0x*, it must be 0x0020" },
    { 12, 14, "The key blob's KDF is 0x*, it must be 0x0001" },
    { 14, 16, "The key blob's AEAD is 0x*, it must be 0x0002" },
  };
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      for (j = fields[i].start; j < fields[i].end; j++)
        {
          fixture->blob[j] ^= 0x40;
          assert_refused (fixture->blob, fixture->size, fixture->private_key,
                          TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, fields[i].pattern);
          fixture->blob[j] ^= 0x40;
        }
    }

  /* A newer format is no damage: who updates can read it. */
  fixture->blob[9] = 3;
  assert_refused (fixture->blob, fixture->size, fixture->private_key,
                  TLS_HANDOFF_ERROR_NOT_SUPPORTED, "*has format 3, this library reads*up to 2*");
  fixture->blob[8] = 1;
  assert_refused (fixture->blob, fixture->size, fixture->private_key,
                  TLS_HANDOFF_ERROR_NOT_SUPPORTED, "*has format 259,*");
  fixture->blob[8] = 0;
  fixture->blob[9] = 0;
  assert_refused (fixture->blob, fixture->size, fixture->private_key,
                  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*has format 0, the oldest one is 1");
  /* That it is another one that we read is no less a change. */
  fixture->blob[9] = 2;
  assert_refused (fixture->blob, fixture->size, fixture->private_key,
                  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*does not open*");
}

/* A byte is not authenticated, or the message tells more than that it does not open. */
static void
test_flipped (Fixture *fixture, gconstpointer user_data)
{
  static const guint8 flips[] = { 0x01, 0x80, 0xff };
  gsize i, j;

  for (i = 16; i < fixture->size; i++)
    {
      for (j = 0; j < G_N_ELEMENTS (flips); j++)
        {
          fixture->blob[i] ^= flips[j];
          assert_refused (fixture->blob, fixture->size, fixture->private_key,
                          TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                          "The key blob does not open: it was changed, or sealed to another import "
                          "key");
          fixture->blob[i] ^= flips[j];
        }
    }
}

/* Bytes beyond the end are read, or more than there should be is accepted. */
static void
test_truncated_and_grown (Fixture *fixture, gconstpointer user_data)
{
  g_autofree guint8 *large = g_malloc0 (HANDOFF_KEY_BLOB_MAX_SIZE + 1);
  gsize i;

  for (i = 0; i < fixture->size; i++)
    {
      /* On the heap, with exactly that size: a sanitizer sees a read past the end. */
      g_autofree guint8 *shorter = g_malloc (i);

      if (i > 0)
        memcpy (shorter, fixture->blob, i);
      assert_refused (shorter, i, fixture->private_key, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                      i < 64 ? "*it must be 64 to 65536" : "*does not open*");
    }

  memcpy (large, fixture->blob, fixture->size);
  for (i = fixture->size + 1; i < fixture->size + 40; i++)
    assert_refused (large, i, fixture->private_key, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                    "*does not open*");
  assert_refused (large, HANDOFF_KEY_BLOB_MAX_SIZE, fixture->private_key,
                  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*does not open*");
  assert_refused (large, HANDOFF_KEY_BLOB_MAX_SIZE + 1, fixture->private_key,
                  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*size is 65537, it must be *");
}

/* Another process's key, or one that was wiped after the first import, opens it. */
static void
test_other_key (Fixture *fixture, gconstpointer user_data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];

  g_assert_true (handoff_hpke_generate_key_pair (private_key, public_key, NULL));
  assert_refused (fixture->blob, fixture->size, private_key, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                  "*does not open*");
  memset (private_key, 0, sizeof private_key);
  assert_refused (fixture->blob, fixture->size, private_key, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                  "*does not open*");
}

/* Who makes the blob does not notice that it cannot be used, or uses a key that protects nothing.
 */
static void
test_seal_refuses (Fixture *fixture, gconstpointer user_data)
{
  const guint8 zeros[HANDOFF_HPKE_KEY_SIZE] = { 0 };
  g_autoptr (GError) key_error = NULL;
  g_autoptr (GError) state_error = NULL;

  g_assert_null (handoff_key_blob_seal (fixture->state, zeros, &key_error));
  g_assert_error (key_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);

  fixture->state->write.sequence_number = G_MAXUINT64;
  g_assert_null (handoff_key_blob_seal (fixture->state, fixture->public_key, &state_error));
  g_assert_error (state_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
}

/* More than a blob can hold is cut off, or makes one that nobody reads; the most that fits does not
 * arrive. */
static void
test_most (Fixture *fixture, gconstpointer user_data)
{
  g_autofree guint8 *much = g_malloc0 (65536);
  gsize most = 65536;
  g_autoptr (GBytes) blob = NULL;

  for (; blob == NULL; most--)
    {
      g_autoptr (GError) error = NULL;

      handoff_secret_bytes_set (&fixture->state->unread_data, much, most);
      blob = handoff_key_blob_seal (fixture->state, fixture->public_key, &error);
      if (blob == NULL)
        g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpuint (g_bytes_get_size (blob), <=, 65536);
  g_assert_cmpuint (g_bytes_get_size (blob), >, 65536 - 16);
  {
    g_autoptr (HandoffKeyState) opened = handoff_key_blob_open (
        g_bytes_get_data (blob, NULL), g_bytes_get_size (blob), fixture->private_key, NULL);

    g_assert_true (handoff_key_state_equal (fixture->state, opened));
  }
}

/* (The format is written out here a second time.) (transfer full) */
static guint8 *
seal_authentic (
    Fixture *fixture, guint8 format, gconstpointer plaintext, gsize plaintext_size, gsize *size)
{
  const char *info = "org.tlshandoff.Handoff1 key blob";
  g_autofree guint8 *blob = g_malloc (48 + plaintext_size + 16);
  g_autoptr (GError) error = NULL;

  memcpy (blob, "TLSHOFF\0\0\1\0\x20\0\1\0\2", 16);
  blob[9] = format;
  fixture_hpke_seal (HANDOFF_HPKE_AEAD_AES_256_GCM, fixture->public_key, (const guint8 *) info,
                     strlen (info), blob, 48, plaintext, plaintext_size, NULL, blob + 16, blob + 48,
                     &error);
  g_assert_no_error (error);
  *size = 48 + plaintext_size + 16;
  return g_steal_pointer (&blob);
}

/* An authentic blob is not parsed strictly. */
static void
test_authentic_garbage (Fixture *fixture, gconstpointer user_data)
{
  static const char *const plaintexts[] = { "", "garbage" };
  gsize i;

  for (i = 0; i < 2 * G_N_ELEMENTS (plaintexts); i++)
    {
      const char *plaintext = plaintexts[i / 2];
      gsize size;
      g_autofree guint8 *blob =
          seal_authentic (fixture, (guint8) (1 + i % 2), plaintext, strlen (plaintext), &size);

      assert_refused (blob, size, fixture->private_key, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                      "The key state *");
    }
}

/* A blob is read by the rules of another format than it says: one that no reader of its format
 * reads. */
static void
test_format_of_keys (Fixture *fixture, gconstpointer user_data)
{
  gsize plaintext_size;
  guint8 *plaintext;
  gsize size;

  fixture_add_bindings (fixture->state);
  plaintext = handoff_key_state_serialize (fixture->state, &plaintext_size);
  {
    g_autofree guint8 *first = seal_authentic (fixture, 1, plaintext, plaintext_size, &size);

    assert_refused (first, size, fixture->private_key, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                    "*unknown key “tls-exporter”");
  }
  handoff_secret_free (plaintext);

  handoff_key_state_clear_bindings (fixture->state);
  plaintext = handoff_key_state_serialize (fixture->state, &plaintext_size);
  {
    g_autofree guint8 *second = seal_authentic (fixture, 2, plaintext, plaintext_size, &size);
    g_autoptr (HandoffKeyState) opened =
        handoff_key_blob_open (second, size, fixture->private_key, NULL);

    g_assert_nonnull (opened);
    g_assert_true (handoff_key_state_equal (opened, fixture->state));
  }
  handoff_secret_free (plaintext);
}

/* A secret stays behind somewhere: exported keys, the one-time key, in the heap or on the stack. */
static void
test_nothing_left (Fixture *fixture, gconstpointer user_data)
{
  HandoffKeyState *opened;
  guint8 inverted_key[HANDOFF_MAX_KEY_SIZE];
  guint8 inverted_secret[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  guint8 inverted_private[HANDOFF_HPKE_KEY_SIZE];
  guint8 inverted_binding[HANDOFF_TLS_EXPORTER_SIZE];
  g_autoptr (GBytes) blob = NULL;
  gsize i;

  if (fixture_is_sanitized ())
    {
      g_test_skip ("Not with the address sanitizer");
      return;
    }

  for (i = 0; i < sizeof inverted_key; i++)
    {
      inverted_key[i] = (guint8) g_random_int ();
      fixture->state->write.key[i] = (guint8) ~inverted_key[i];
    }
  for (i = 0; i < sizeof inverted_secret; i++)
    {
      inverted_secret[i] = (guint8) g_random_int ();
      fixture->state->read.traffic_secret[i] = (guint8) ~inverted_secret[i];
    }
  for (i = 0; i < sizeof inverted_binding; i++)
    {
      inverted_binding[i] = (guint8) g_random_int ();
      fixture->state->tls_exporter[i] = (guint8) ~inverted_binding[i];
    }
  fixture->state->tls_exporter_size = sizeof inverted_binding;
  for (i = 0; i < sizeof inverted_private; i++)
    inverted_private[i] = (guint8) ~fixture->private_key[i];

  blob = handoff_key_blob_seal (fixture->state, fixture->public_key, NULL);
  g_assert_cmpuint (fixture_count_in_memory (inverted_key, sizeof inverted_key), ==, 1);
  g_assert_cmpuint (fixture_count_in_memory (inverted_secret, sizeof inverted_secret), ==, 1);
  g_assert_cmpuint (fixture_count_in_memory (inverted_binding, sizeof inverted_binding), ==, 1);
  g_clear_pointer (&fixture->state, handoff_key_state_free);
  g_assert_cmpuint (fixture_count_in_memory (inverted_key, sizeof inverted_key), ==, 0);
  g_assert_cmpuint (fixture_count_in_memory (inverted_secret, sizeof inverted_secret), ==, 0);
  g_assert_cmpuint (fixture_count_in_memory (inverted_binding, sizeof inverted_binding), ==, 0);

  opened = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                  fixture->private_key, NULL);
  g_assert_cmpuint (fixture_count_in_memory (inverted_key, sizeof inverted_key), ==, 1);
  g_assert_cmpuint (fixture_count_in_memory (inverted_secret, sizeof inverted_secret), ==, 1);
  g_assert_cmpuint (fixture_count_in_memory (inverted_binding, sizeof inverted_binding), ==, 1);
  handoff_wipe (fixture->private_key, sizeof fixture->private_key);
  g_assert_cmpuint (fixture_count_in_memory (inverted_private, sizeof inverted_private), ==, 0);
  handoff_key_state_free (opened);
  g_assert_cmpuint (fixture_count_in_memory (inverted_key, sizeof inverted_key), ==, 0);
  g_assert_cmpuint (fixture_count_in_memory (inverted_secret, sizeof inverted_secret), ==, 0);
  g_assert_cmpuint (fixture_count_in_memory (inverted_binding, sizeof inverted_binding), ==, 0);
}

static void
check_golden (const GoldenBlob *golden)
{
  g_autoptr (HandoffKeyState) expected = fixture_key_state (
      handoff_cipher_suite_by_id (golden->cipher_suite), golden->role, golden->seed);
  g_autoptr (HandoffKeyState) opened = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *blob = NULL;
  g_autofree char *plaintext_hex = NULL;
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 *plaintext;
  gsize plaintext_size;
  gsize size;

  if (golden->live)
    fixture_make_live (expected);
  if (golden->format == 2)
    fixture_add_bindings (expected);
  g_assert_cmpuint (handoff_key_state_get_format (expected), ==, golden->format);

  /* What is written today is what was written then: else the format needs a new version. */
  plaintext = handoff_key_state_serialize (expected, &plaintext_size);
  plaintext_hex = fixture_to_hex (plaintext, plaintext_size);
  handoff_secret_free (plaintext);
  g_assert_cmpstr (plaintext_hex, ==, golden->plaintext);

  /* What was written then can be read today. */
  g_assert_true (handoff_hpke_derive_key_pair ((const guint8 *) GOLDEN_RECIPIENT_SEED,
                                               strlen (GOLDEN_RECIPIENT_SEED), private_key,
                                               public_key, NULL));
  blob = fixture_from_hex (golden->blob, &size);
  opened = handoff_key_blob_open (blob, size, private_key, &error);
  g_assert_no_error (error);
  g_assert_true (handoff_key_state_equal (expected, opened));
}

/* The format changed. A blob of the service of today must open in the library of yesterday, and the
 * other way round: do not change the golden blobs, add a version. */
static void
test_golden (Fixture *fixture, gconstpointer user_data)
{
  gsize i;

  g_assert_cmpint (HANDOFF_BLOB_FORMAT, ==, 2);
  for (i = 0; i < G_N_ELEMENTS (golden_blobs); i++)
    check_golden (&golden_blobs[i]);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/keyblob/key-blob/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("round-trip", test_round_trip);
  ADD ("header", test_header);
  ADD ("flipped", test_flipped);
  ADD ("truncated-and-grown", test_truncated_and_grown);
  ADD ("other-key", test_other_key);
  ADD ("seal-refuses", test_seal_refuses);
  ADD ("most", test_most);
  ADD ("authentic-garbage", test_authentic_garbage);
  ADD ("format-of-keys", test_format_of_keys);
  ADD ("nothing-left", test_nothing_left);
  ADD ("golden", test_golden);
  return g_test_run ();
}
