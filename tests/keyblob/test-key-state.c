/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "key-state.h"

#include <string.h>

#include "handoff-names.h"
#include "keyblob-fixture.h"
#include "secret-memory.h"
#include "tls-handoff-error.h"

#define TLS1_2_SUITE 0xc02f
#define CBC_SUITE 0xc024
#define TLS1_3_SUITE 0x1302

static HandoffKeyState *
new_state (guint16 suite)
{
  return fixture_key_state (handoff_cipher_suite_by_id (suite), HANDOFF_ROLE_CLIENT, 1);
}

/* In secret memory, as the parser wants it. */
static HandoffKeyState *
parse (gconstpointer data, gsize size, GError **error)
{
  guint8 *secret = handoff_secret_new (MAX (size, 1), HANDOFF_SECRET_DEFAULT);
  HandoffKeyState *state;

  memcpy (secret, data, size);
  state = handoff_key_state_parse (secret, size, HANDOFF_BLOB_FORMAT, error);
  handoff_secret_free (secret);

  return state;
}

static GVariant *
to_variant (guint16 suite)
{
  g_autoptr (HandoffKeyState) state = new_state (suite);
  g_autoptr (GBytes) copy = NULL;
  GVariant *variant;
  guint8 *data;
  gsize size;

  data = handoff_key_state_serialize (state, &size);
  copy = g_bytes_new (data, size);
  handoff_secret_free (data);
  variant = g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, copy, FALSE);
  g_assert_true (g_variant_is_normal_form (variant));

  return g_variant_ref_sink (variant);
}

static void
assert_variant_refused (GVariant *variant, int code, const char *pattern)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (variant);
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (g_variant_get_data (owned), g_variant_get_size (owned), &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("The message “%s” does not match “%s”", error->message, pattern);
}

/* The dictionary of a valid state with value (or, if NULL, without anything) for key. */
static GVariant *
with (guint16 suite, const char *key, GVariant *value)
{
  g_autoptr (GVariant) variant = to_variant (suite);
  GVariantDict dict;

  g_variant_dict_init (&dict, variant);
  g_variant_dict_remove (&dict, key);
  if (value != NULL)
    g_variant_dict_insert_value (&dict, key, value);

  return g_variant_dict_end (&dict);
}

static GVariant *
bytes (gsize size)
{
  g_autofree guint8 *data = g_malloc0 (size + 1);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1);
}

/* Every suite, role, and extreme of a number comes out as it went in. */
static void
test_round_trip (void)
{
  static const guint64 sequence_numbers[] = { 0, 1, G_MAXUINT32, G_MAXUINT64 - 1 };
  const HandoffCipherSuite *suites;
  gsize n_suites;
  gsize i, j;

  suites = handoff_cipher_suites (&n_suites);
  for (i = 0; i < n_suites; i++)
    {
      for (j = 0; j < G_N_ELEMENTS (sequence_numbers); j++)
        {
          g_autoptr (HandoffKeyState) state = fixture_key_state (
              &suites[i], j % 2 ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT, (guint8) (i + j));
          g_autoptr (HandoffKeyState) parsed = NULL;
          g_autoptr (GError) error = NULL;
          guint8 *data;
          gsize size;

          state->read.sequence_number = sequence_numbers[j];
          state->write.max_plaintext_size = 63;
          data = handoff_key_state_serialize (state, &size);
          parsed = handoff_key_state_parse (data, size, HANDOFF_BLOB_FORMAT, &error);
          g_assert_no_error (error);
          g_assert_true (handoff_key_state_equal (state, parsed));
          /* Unused bytes too: both start as zeros. */
          g_assert_cmpmem (state, sizeof *state, parsed, sizeof *parsed);
          handoff_secret_free (data);
        }
    }
}

static void
assert_round_trip (const HandoffKeyState *state, gsize n_more_keys)
{
  g_autoptr (HandoffKeyState) parsed = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GError) error = NULL;
  guint8 *data;
  gsize size;

  data = handoff_key_state_serialize (state, &size);
  parsed = handoff_key_state_parse (data, size, HANDOFF_BLOB_FORMAT, &error);
  g_assert_no_error (error);
  g_assert_true (handoff_key_state_equal (state, parsed));
  variant = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, data, size, FALSE, NULL, NULL));
  g_assert_cmpuint (g_variant_n_children (variant), ==,
                    (state->protocol == 0x0304 ? 13 : 11) + n_more_keys);
  handoff_secret_free (data);
}

/* What a connection in use has beyond keys gets lost, or stands in the state of one that has it
 * not. */
static void
test_live (void)
{
  g_autoptr (HandoffKeyState) tls13 = new_state (TLS1_3_SUITE);
  g_autoptr (HandoffKeyState) tls12 = new_state (TLS1_2_SUITE);
  g_autofree guint8 *much = g_malloc0 (60000);

  assert_round_trip (tls13, 0);
  tls13->key_update_owed = TRUE;
  assert_round_trip (tls13, 1);
  tls13->key_update_requested = TRUE;
  assert_round_trip (tls13, 2);
  handoff_secret_bytes_set (&tls13->handshake_prefix, "\4\0", 2);
  assert_round_trip (tls13, 3);
  handoff_secret_bytes_set (&tls13->unread_data, "data", 4);
  handoff_secret_bytes_set (&tls13->unread_data, much, 60000);
  handoff_secret_bytes_set (&tls13->unread_records, "\27\3\3\1", 4);
  assert_round_trip (tls13, 5);
  handoff_secret_bytes_set (&tls13->unread_data, NULL, 0);
  assert_round_trip (tls13, 4);

  tls12->no_renegotiation_owed = TRUE;
  handoff_secret_bytes_set (&tls12->unread_data, "\0", 1);
  assert_round_trip (tls12, 2);
}

/* A channel binding gets lost, or makes the blob one that an older reader refuses without need. */
static void
test_bindings (void)
{
  g_autoptr (HandoffKeyState) tls13 = new_state (TLS1_3_SUITE);
  g_autoptr (HandoffKeyState) tls12 = new_state (TLS1_2_SUITE);
  g_autoptr (HandoffKeyState) none = new_state (TLS1_2_SUITE);
  g_autoptr (HandoffKeyState) copy = new_state (TLS1_2_SUITE);

  g_assert_cmpuint (handoff_key_state_get_format (tls13), ==, 1);
  fixture_add_bindings (tls13);
  g_assert_cmpuint (handoff_key_state_get_format (tls13), ==, 2);
  assert_round_trip (tls13, 2);
  tls13->tls_exporter_size = 0;
  g_assert_cmpuint (handoff_key_state_get_format (tls13), ==, 2);
  assert_round_trip (tls13, 1);
  tls13->tls_server_end_point_size = 20;
  assert_round_trip (tls13, 1);
  tls13->tls_server_end_point_size = 64;
  assert_round_trip (tls13, 1);

  fixture_add_bindings (tls12);
  assert_round_trip (tls12, 3);
  handoff_key_state_copy_bindings (copy, tls12);
  g_assert_true (handoff_key_state_equal (copy, tls12));
  tls12->tls_exporter_size = tls12->tls_server_end_point_size = 0;
  g_assert_cmpuint (handoff_key_state_get_format (tls12), ==, 2);
  assert_round_trip (tls12, 1);
  handoff_key_state_clear_bindings (tls12);
  g_assert_cmpuint (handoff_key_state_get_format (tls12), ==, 1);
  g_assert_cmpmem (tls12, sizeof *tls12, none, sizeof *none);
}

/* Who makes a state does not notice that a binding is no binding. */
static void
test_wrong_bindings (void)
{
#define WRONG(suite, change)                                                                       \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (HandoffKeyState) state = new_state (suite);                                         \
    g_autoptr (GError) error = NULL;                                                               \
                                                                                                   \
    fixture_add_bindings (state);                                                                  \
    g_assert_true (handoff_key_state_validate (state, NULL));                                      \
    state->change;                                                                                 \
    g_assert_false (handoff_key_state_validate (state, &error));                                   \
    g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);                 \
  }                                                                                                \
  G_STMT_END

  WRONG (TLS1_3_SUITE, tls_exporter_size = 31);
  WRONG (TLS1_2_SUITE, tls_unique_size = 11);
  WRONG (TLS1_3_SUITE, tls_unique_size = 12);
  WRONG (TLS1_3_SUITE, tls_server_end_point_size = 19);
  WRONG (TLS1_3_SUITE, tls_server_end_point_size = 65);
#undef WRONG
}

/* Some field is not compared. */
static void
test_equal (void)
{
#define DIFFERS(change)                                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (HandoffKeyState) a = new_state (TLS1_3_SUITE);                                      \
    g_autoptr (HandoffKeyState) b = new_state (TLS1_3_SUITE);                                      \
                                                                                                   \
    a->read.mac_key_size = b->read.mac_key_size = 48;                                              \
    a->write.mac_key_size = b->write.mac_key_size = 48;                                            \
    handoff_secret_bytes_set (&a->unread_data, "data", 4);                                         \
    handoff_secret_bytes_set (&b->unread_data, "data", 4);                                         \
    handoff_secret_bytes_set (&a->unread_records, "records", 7);                                   \
    handoff_secret_bytes_set (&b->unread_records, "records", 7);                                   \
    handoff_secret_bytes_set (&a->handshake_prefix, "prefix", 6);                                  \
    handoff_secret_bytes_set (&b->handshake_prefix, "prefix", 6);                                  \
    fixture_add_bindings (a);                                                                      \
    fixture_add_bindings (b);                                                                      \
    a->tls_unique_size = b->tls_unique_size = 12;                                                  \
    g_assert_true (handoff_key_state_equal (a, b));                                                \
    b->change;                                                                                     \
    g_assert_false (handoff_key_state_equal (a, b));                                               \
  }                                                                                                \
  G_STMT_END

  DIFFERS (role = HANDOFF_ROLE_SERVER);
  DIFFERS (protocol = 0x0303);
  DIFFERS (cipher_suite = 0x1301);
  DIFFERS (read.key[31] ^= 1);
  DIFFERS (read.key_size--);
  DIFFERS (read.iv[11] ^= 1);
  DIFFERS (read.iv_size--);
  DIFFERS (read.traffic_secret[47] ^= 1);
  DIFFERS (read.traffic_secret_size--);
  DIFFERS (read.sequence_number++);
  DIFFERS (read.max_plaintext_size--);
  DIFFERS (write.key[0] ^= 1);
  DIFFERS (write.key_size--);
  DIFFERS (write.iv[0] ^= 1);
  DIFFERS (write.iv_size--);
  DIFFERS (write.traffic_secret[0] ^= 1);
  DIFFERS (write.traffic_secret_size--);
  DIFFERS (write.sequence_number++);
  DIFFERS (write.max_plaintext_size--);
  DIFFERS (read.mac_key[47] ^= 1);
  DIFFERS (read.mac_key_size--);
  DIFFERS (write.mac_key[0] ^= 1);
  DIFFERS (write.mac_key_size--);
  DIFFERS (encrypt_then_mac = TRUE);
  DIFFERS (unread_data.data[3] ^= 1);
  DIFFERS (unread_data.size--);
  DIFFERS (unread_records.data[6] ^= 1);
  DIFFERS (unread_records.size--);
  DIFFERS (handshake_prefix.data[0] ^= 1);
  DIFFERS (handshake_prefix.size--);
  DIFFERS (key_update_owed = TRUE);
  DIFFERS (key_update_requested = TRUE);
  DIFFERS (no_renegotiation_owed = TRUE);
  DIFFERS (tls_exporter[31] ^= 1);
  DIFFERS (tls_exporter_size = 0);
  DIFFERS (tls_unique[11] ^= 1);
  DIFFERS (tls_unique_size = 0);
  DIFFERS (tls_server_end_point[47] ^= 1);
  DIFFERS (tls_server_end_point_size--);
#undef DIFFERS
}

/* A key is ignored that must be there, or taken for another type. */
static void
test_missing_and_mistyped (void)
{
  static const guint16 suites[] = { TLS1_2_SUITE, TLS1_3_SUITE, CBC_SUITE };
  static const gsize n_keys[] = { 11, 13, 12 };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (suites); i++)
    {
      g_autoptr (GVariant) variant = to_variant (suites[i]);
      GVariantIter iter;
      const char *key;
      GVariant *value;

      g_assert_cmpuint (g_variant_n_children (variant), ==, n_keys[i]);
      g_variant_iter_init (&iter, variant);
      while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
        {
          g_autofree char *lacks = g_strdup_printf ("*lacks the key “%s”", key);
          g_autofree char *mistyped = g_strdup_printf ("*value of type * for “%s”*", key);

          /* Without protocol and suite nothing tells which others are needed. */
          if (strcmp (key, "protocol") == 0 || strcmp (key, "cipher-suite") == 0)
            assert_variant_refused (with (suites[i], key, NULL), TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                                    "*");
          else
            assert_variant_refused (with (suites[i], key, NULL), TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                                    lacks);
          assert_variant_refused (with (suites[i], key, g_variant_new_double (1)),
                                  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, mistyped);
          assert_variant_refused (with (suites[i], key, g_variant_new_uint32 (1)),
                                  TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, mistyped);
        }
    }
}

/* A value is taken that no record layer could go on with. */
static void
test_values (void)
{
  const int invalid = TLS_HANDOFF_ERROR_KEY_BLOB_INVALID;
  const int not_supported = TLS_HANDOFF_ERROR_NOT_SUPPORTED;

#define REFUSED(suite, key, value, code, pattern)                                                  \
  assert_variant_refused (with (suite, key, value), code, pattern)

  REFUSED (TLS1_3_SUITE, "role", g_variant_new_string ("peer"), invalid, "*roles*");
  REFUSED (TLS1_3_SUITE, "role", g_variant_new_string (""), invalid, "*roles*");
  REFUSED (TLS1_3_SUITE, "protocol", g_variant_new_uint16 (0x0302), invalid, "*traffic-secret*");
  REFUSED (TLS1_2_SUITE, "protocol", g_variant_new_uint16 (0x0302), not_supported,
           "*protocol 0x0302*");
  REFUSED (TLS1_2_SUITE, "cipher-suite", g_variant_new_uint16 (0x002f), not_supported,
           "*suite 0x002f*");
  REFUSED (CBC_SUITE, "cipher-suite", g_variant_new_uint16 (0x002f), not_supported,
           "*suite 0x002f*");
  REFUSED (CBC_SUITE, "cipher-suite", g_variant_new_uint16 (TLS1_2_SUITE), invalid,
           "*“read-mac-key”, which its protocol or suite has not");
  REFUSED (TLS1_2_SUITE, "cipher-suite", g_variant_new_uint16 (CBC_SUITE), invalid,
           "*lacks the key “read-mac-key”");
  REFUSED (TLS1_2_SUITE, "cipher-suite", g_variant_new_uint16 (TLS1_3_SUITE), invalid,
           "*TLS_AES_256_GCM_SHA384 is not one of TLS1.2");
  REFUSED (TLS1_3_SUITE, "cipher-suite", g_variant_new_uint16 (TLS1_2_SUITE), invalid,
           "*is not one of TLS1.3");
  REFUSED (TLS1_3_SUITE, "cipher-suite", g_variant_new_uint16 (0x1301), invalid,
           "*read key has 32 bytes, the cipher suite needs 16");
  REFUSED (TLS1_3_SUITE, "read-key", bytes (0), invalid, "*0 bytes for “read-key”");
  REFUSED (TLS1_3_SUITE, "read-key", bytes (33), invalid, "*33 bytes for “read-key”");
  REFUSED (TLS1_3_SUITE, "write-key", bytes (16), invalid, "*write key has 16 bytes*");
  REFUSED (TLS1_3_SUITE, "write-key", bytes (256 + 32), invalid, "*288 bytes for “write-key”");
  REFUSED (TLS1_3_SUITE, "read-iv", bytes (4), invalid, "*read IV has 4 bytes*");
  REFUSED (TLS1_3_SUITE, "write-iv", bytes (17), invalid, "*17 bytes for “write-iv”");
  REFUSED (TLS1_2_SUITE, "write-iv", bytes (12), invalid, "*write IV has 12 bytes*");
  REFUSED (TLS1_3_SUITE, "read-traffic-secret", bytes (32), invalid, "*traffic secret has 32*");
  REFUSED (TLS1_3_SUITE, "write-traffic-secret", bytes (49), invalid, "*49 bytes for*");
  REFUSED (TLS1_2_SUITE, "read-traffic-secret", bytes (32), invalid,
           "*its protocol or suite has not");
  REFUSED (TLS1_2_SUITE, "write-traffic-secret", bytes (32), invalid,
           "*its protocol or suite has not");
  REFUSED (TLS1_3_SUITE, "read-sequence-number", g_variant_new_uint64 (G_MAXUINT64), invalid,
           "*read sequence number is used up");
  REFUSED (TLS1_2_SUITE, "write-sequence-number", g_variant_new_uint64 (G_MAXUINT64), invalid,
           "*write sequence number is used up");
  REFUSED (TLS1_3_SUITE, "read-max-plaintext-size", g_variant_new_uint16 (0), invalid,
           "*read record size limit is 0 bytes*");
  REFUSED (TLS1_3_SUITE, "read-max-plaintext-size", g_variant_new_uint16 (62), invalid,
           "*must be 63 to 16384");
  REFUSED (TLS1_3_SUITE, "write-max-plaintext-size", g_variant_new_uint16 (16385), invalid,
           "*write record size limit is 16385 bytes*");
  REFUSED (TLS1_3_SUITE, "Role", g_variant_new_string ("client"), invalid, "*unknown key “Role”");
  REFUSED (TLS1_3_SUITE, "master-secret", bytes (48), invalid, "*unknown key “master-secret”");
  REFUSED (CBC_SUITE, "read-mac-key", bytes (20), invalid, "*read MAC key has 20 bytes*48");
  REFUSED (CBC_SUITE, "write-mac-key", bytes (49), invalid, "*49 bytes for “write-mac-key”");
  REFUSED (CBC_SUITE, "write-iv", bytes (16), invalid, "*its protocol or suite has not");
  REFUSED (TLS1_2_SUITE, "encrypt-then-mac", g_variant_new_boolean (FALSE), invalid,
           "*its protocol or suite has not");
  REFUSED (TLS1_3_SUITE, "tls-exporter", bytes (0), invalid, "*0 bytes for “tls-exporter”");
  REFUSED (TLS1_3_SUITE, "tls-exporter", bytes (31), invalid, "*31 bytes for “tls-exporter”");
  REFUSED (TLS1_3_SUITE, "tls-exporter", bytes (33), invalid, "*33 bytes for “tls-exporter”");
  REFUSED (TLS1_3_SUITE, "tls-unique", bytes (12), invalid, "*which TLS 1.3 has not");
  REFUSED (TLS1_2_SUITE, "tls-unique", bytes (0), invalid, "*0 bytes for “tls-unique”");
  REFUSED (TLS1_2_SUITE, "tls-unique", bytes (36), invalid, "*36 bytes for “tls-unique”");
  REFUSED (TLS1_2_SUITE, "tls-server-end-point", bytes (19), invalid, "*19 bytes for*");
  REFUSED (TLS1_2_SUITE, "tls-server-end-point", bytes (65), invalid, "*65 bytes for*");
  REFUSED (TLS1_2_SUITE, "tls-server-end-point", g_variant_new_string ("x"), invalid,
           "*value of type s for “tls-server-end-point”*");
  REFUSED (TLS1_3_SUITE, "unread-data", bytes (0), invalid, "*“unread-data” with nothing in it");
  REFUSED (TLS1_3_SUITE, "unread-records", bytes (0), invalid, "*with nothing in it");
  REFUSED (TLS1_3_SUITE, "handshake-prefix", bytes (0), invalid, "*with nothing in it");
  REFUSED (TLS1_3_SUITE, "key-update-owed", g_variant_new_boolean (FALSE), invalid,
           "*with nothing in it");
  REFUSED (TLS1_2_SUITE, "no-renegotiation-owed", g_variant_new_boolean (FALSE), invalid,
           "*with nothing in it");
  REFUSED (TLS1_2_SUITE, "key-update-owed", g_variant_new_boolean (TRUE), invalid,
           "*only TLS 1.3*");
  REFUSED (TLS1_2_SUITE, "key-update-requested", g_variant_new_boolean (TRUE), invalid,
           "*only TLS 1.3*");
  REFUSED (TLS1_3_SUITE, "no-renegotiation-owed", g_variant_new_boolean (TRUE), invalid,
           "*which TLS 1.3 has not");
  REFUSED (TLS1_3_SUITE, "unread-data", g_variant_new_string ("data"), invalid, "*type s for*");
#undef REFUSED
}

/* The later of two values wins silently. */
static void
test_duplicate (void)
{
  g_autoptr (GVariant) variant = to_variant (TLS1_3_SUITE);
  GVariantBuilder builder;
  gsize i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (i = 0; i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (variant, i);

      g_variant_builder_add_value (&builder, entry);
    }
  g_variant_builder_add (&builder, "{sv}", "role", g_variant_new_string ("server"));
  assert_variant_refused (g_variant_builder_end (&builder), TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                          "*the key “role” twice");
}

/* The same state in another form. */
static void
test_order (void)
{
  g_autoptr (GVariant) variant = to_variant (TLS1_3_SUITE);
  gsize n = g_variant_n_children (variant);
  gsize i, j;

  for (i = 0; i + 1 < n; i++)
    {
      GVariantBuilder builder;

      g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
      for (j = 0; j < n; j++)
        {
          gsize swapped = j == i ? i + 1 : j == i + 1 ? i : j;
          g_autoptr (GVariant) entry = g_variant_get_child_value (variant, swapped);

          g_variant_builder_add_value (&builder, entry);
        }
      assert_variant_refused (g_variant_builder_end (&builder), TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                              "*keys in another order");
    }
}

/* Data in another form than the one in which it can be written: each prefix, each changed byte, and
 * more at the end, must be refused or make another valid state, but never crash. */
static void
test_damaged (void)
{
  g_autoptr (HandoffKeyState) state = new_state (TLS1_3_SUITE);
  guint8 *data;
  gsize size;
  gsize i;
  guint bit;

  state->key_update_owed = TRUE;
  handoff_secret_bytes_set (&state->unread_data, "data", 4);
  data = handoff_key_state_serialize (state, &size);
  for (i = 0; i < size; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (data, i, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
    }

  for (i = 0; i < size * 8; i++)
    {
      g_autoptr (HandoffKeyState) parsed = NULL;
      g_autoptr (GError) error = NULL;

      bit = 1u << (i % 8);
      data[i / 8] ^= bit;
      parsed = parse (data, size, &error);
      if (parsed == NULL)
        g_assert_nonnull (error);
      else
        g_assert_false (handoff_key_state_equal (state, parsed));
      data[i / 8] ^= bit;
    }

  for (i = 1; i < 20; i++)
    {
      g_autofree guint8 *longer = g_malloc0 (size + i);
      g_autoptr (GError) error = NULL;

      memcpy (longer, data, size);
      g_assert_null (parse (longer, size + i, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
    }

  handoff_secret_free (data);
}

/* A copy of a secret is made, which nobody wipes. */
static void
test_no_copies (void)
{
  g_autoptr (HandoffKeyState) state = new_state (TLS1_3_SUITE);
  HandoffKeyState *parsed;
  guint8 inverted[32];
  guint8 inverted_data[100];
  guint8 unread_data[100];
  guint8 *data;
  gsize size;
  gsize i;

  if (fixture_is_sanitized ())
    {
      g_test_skip ("Not with the address sanitizer");
      return;
    }

  for (i = 0; i < sizeof inverted; i++)
    {
      inverted[i] = (guint8) g_random_int ();
      state->write.key[i] = (guint8) ~inverted[i];
    }
  for (i = 0; i < sizeof inverted_data; i++)
    {
      inverted_data[i] = (guint8) g_random_int ();
      unread_data[i] = (guint8) ~inverted_data[i];
    }
  handoff_secret_bytes_set (&state->unread_data, unread_data, sizeof unread_data);
  handoff_wipe (unread_data, sizeof unread_data);

  data = handoff_key_state_serialize (state, &size);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 2);
  g_assert_cmpuint (fixture_count_in_memory (inverted_data, sizeof inverted_data), ==, 2);
  parsed = handoff_key_state_parse (data, size, HANDOFF_BLOB_FORMAT, NULL);
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 3);
  g_assert_cmpuint (fixture_count_in_memory (inverted_data, sizeof inverted_data), ==, 3);

  handoff_secret_free (data);
  handoff_key_state_free (parsed);
  handoff_key_state_free (g_steal_pointer (&state));
  g_assert_cmpuint (fixture_count_in_memory (inverted, sizeof inverted), ==, 0);
  g_assert_cmpuint (fixture_count_in_memory (inverted_data, sizeof inverted_data), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyblob/key-state/round-trip", test_round_trip);
  g_test_add_func ("/keyblob/key-state/live", test_live);
  g_test_add_func ("/keyblob/key-state/bindings", test_bindings);
  g_test_add_func ("/keyblob/key-state/wrong-bindings", test_wrong_bindings);
  g_test_add_func ("/keyblob/key-state/equal", test_equal);
  g_test_add_func ("/keyblob/key-state/missing-and-mistyped", test_missing_and_mistyped);
  g_test_add_func ("/keyblob/key-state/values", test_values);
  g_test_add_func ("/keyblob/key-state/duplicate", test_duplicate);
  g_test_add_func ("/keyblob/key-state/order", test_order);
  g_test_add_func ("/keyblob/key-state/damaged", test_damaged);
  g_test_add_func ("/keyblob/key-state/no-copies", test_no_copies);
  return g_test_run ();
}
