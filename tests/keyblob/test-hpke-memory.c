/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What HPKE computes with is gone when it returns: the private keys, and what follows from them. */

#include "hpke.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "keyblob-fixture.h"
#include "memory-search.h"
#include "secret-memory.h"

/* One that is known in hexadecimal, kept masked. */
typedef struct
{
  const char *hex;
  guint8 masked[64];
  gsize size;
} Secret;

/* What follows from the vectors' keys (RFC 9180 4.1, 5.1; the first are in its A.1.1): the result
 * of the Diffie-Hellman, the KEM's shared secret, the key schedule's secret, the AEAD's key and
 * nonce, the exporter's secret. */
static const struct
{
  int aead_id;
  const char *secrets[6];
} derived[] = {
  { HANDOFF_HPKE_AEAD_AES_128_GCM,
    { "b3b5c19eab3f088ac18f23f774ff6414ba4fde45404d10085efc3e4dc9c72e35",
      "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
      "12fff91991e93b48de37e7daddb52981084bd8aa64289c3788471d9a9712f397",
      "4531685d41d65f03dc48f6b8302c05b0", "56d890e5accaaf011cff4b7d",
      "45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8" } },
  { HANDOFF_HPKE_AEAD_AES_256_GCM,
    { "98fdfbcb860bc6c218a3fd783062ae1f37af6e3581619eea9591818d746aa50b",
      "3101c54c3a4f87439eaac080699ed9bbcc726ffe44e860c0424ccb7e3e2ead7b",
      "2058ac9b02c1f52c1aaf08bedbec9198219751a94ef67b7d5f0c8b6e2b54ebfb",
      "f50b0609186798729ed0564b36ef2ef8044f1f9d05636874d1f46c819c7a669f",
      "151d9929e2449747889bc923",
      "86017151bbff6a1940e8abae2ac9e0e7032e33df1eaaecc02ca6259b130d62df" } },
};

static void
secret_init (Secret *secret, const char *hex)
{
  secret->hex = hex;
  secret->size = strlen (hex) / 2;
  g_assert_cmpuint (secret->size, <=, sizeof secret->masked);
  for (gsize i = 0; i < secret->size; i++)
    {
      secret->masked[i] =
          (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
      memory_mask (&secret->masked[i], 1);
    }
}

/* For as long as the function under test needs it. */
static void
secret_show (const Secret *secret, guint8 *bytes)
{
  memcpy (bytes, secret->masked, secret->size);
  memory_mask (bytes, secret->size);
}

static void
assert_gone (const Secret *secrets, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      guint found = memory_search (secrets[i].masked, secrets[i].size);

      if (found > 0)
        g_error ("%s is %u times in memory", secrets[i].hex, found);
    }
}

/* What is left on the stack must not be overwritten by chance, by what is called next: so deep the
 * search does not go. */
static gboolean G_GNUC_NO_INLINE
call_deep (gboolean (*function) (gpointer data), gpointer data)
{
  volatile guint8 distance[64 * 1024];
  gboolean result;

  distance[0] = 0;
  result = function (data);
  distance[sizeof distance - 1] = distance[0];
  return result;
}

typedef struct
{
  guint16 aead_id;
  const guint8 *public_key;
  const guint8 *private_key;
  guint8 *enc;
  const guint8 *info, *aad, *input;
  gsize info_size, aad_size, input_size;
  guint8 *output;
} Call;

static gboolean
open_sealed (gpointer data)
{
  Call *call = data;

  return fixture_hpke_open (call->aead_id, call->private_key, call->enc, call->info,
                            call->info_size, call->aad, call->aad_size, call->input,
                            call->input_size, call->output, NULL);
}

static gboolean
seal (gpointer data)
{
  Call *call = data;

  return fixture_hpke_seal (call->aead_id, call->public_key, call->info, call->info_size, call->aad,
                            call->aad_size, call->input, call->input_size, call->private_key,
                            call->enc, call->output, NULL);
}

static gboolean
encapsulate (gpointer data)
{
  Call *call = data;

  return handoff_hpke_encapsulate (call->public_key, call->private_key, call->enc, call->output,
                                   NULL);
}

static gboolean
decapsulate (gpointer data)
{
  Call *call = data;

  return handoff_hpke_decapsulate (call->enc, call->private_key, call->output, NULL);
}

/* The KEM by itself: within the calls above, what follows it overwrites what it leaves. enc: the
 * vector's. */
static void
check_kem (const Secret *secrets, gsize n, const guint8 *public_key, guint8 *enc)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 shared_secret[HANDOFF_HPKE_HASH_SIZE];
  guint8 made_enc[HANDOFF_HPKE_KEY_SIZE];
  Call encapsulating = {
    .public_key = public_key, .private_key = private_key, .enc = made_enc, .output = shared_secret
  };
  Call decapsulating = { .private_key = private_key, .enc = enc, .output = shared_secret };

  secret_show (&secrets[1], private_key);
  g_assert_true (call_deep (encapsulate, &encapsulating));
  handoff_wipe (private_key, sizeof private_key);
  handoff_wipe (shared_secret, sizeof shared_secret);
  g_assert_cmpmem (made_enc, sizeof made_enc, enc, HANDOFF_HPKE_KEY_SIZE);
  assert_gone (secrets, n);

  secret_show (&secrets[0], private_key);
  g_assert_true (call_deep (decapsulate, &decapsulating));
  handoff_wipe (private_key, sizeof private_key);
  handoff_wipe (shared_secret, sizeof shared_secret);
  assert_gone (secrets, n);
}

static void
check_vector (JsonObject *vector)
{
  Secret secrets[2 + G_N_ELEMENTS (derived[0].secrets)];
  JsonObject *encryption =
      json_array_get_object_element (json_object_get_array_member (vector, "encryptions"), 0);
  const guint16 aead_id = (guint16) json_object_get_int_member (vector, "aead_id");
  gsize info_size, aad_size, text_size, sealed_size, size;
  g_autofree guint8 *info =
      fixture_from_hex (json_object_get_string_member (vector, "info"), &info_size);
  g_autofree guint8 *public_key =
      fixture_from_hex (json_object_get_string_member (vector, "pkRm"), &size);
  g_autofree guint8 *enc = fixture_from_hex (json_object_get_string_member (vector, "enc"), &size);
  g_autofree guint8 *aad =
      fixture_from_hex (json_object_get_string_member (encryption, "aad"), &aad_size);
  g_autofree guint8 *sealed =
      fixture_from_hex (json_object_get_string_member (encryption, "ct"), &sealed_size);
  g_autofree guint8 *text =
      fixture_from_hex (json_object_get_string_member (encryption, "pt"), &text_size);
  g_autofree guint8 *output = g_malloc (sealed_size);
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 made_enc[HANDOFF_HPKE_KEY_SIZE];
  Call opening = { aead_id, NULL,      private_key, enc,         info,  aad,
                   sealed,  info_size, aad_size,    sealed_size, output };
  Call sealing = { aead_id, public_key, private_key, made_enc,  info,  aad,
                   text,    info_size,  aad_size,    text_size, output };

  secret_init (&secrets[0], json_object_get_string_member (vector, "skRm"));
  /* The ephemeral private key. */
  secret_init (&secrets[1], json_object_get_string_member (vector, "skEm"));
  for (gsize i = 0; i < G_N_ELEMENTS (derived); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (derived[i].secrets) && derived[i].aead_id == aead_id; j++)
      secret_init (&secrets[2 + j], derived[i].secrets[j]);
  /* The search finds what is there. */
  secret_show (&secrets[0], private_key);
  g_assert_cmpuint (memory_search (secrets[0].masked, secrets[0].size), >=, 1);

  g_assert_true (call_deep (open_sealed, &opening));
  handoff_wipe (private_key, sizeof private_key);
  g_assert_cmpmem (output, text_size, text, text_size);
  assert_gone (secrets, G_N_ELEMENTS (secrets));

  secret_show (&secrets[1], private_key);
  g_assert_true (call_deep (seal, &sealing));
  handoff_wipe (private_key, sizeof private_key);
  g_assert_cmpmem (output, sealed_size, sealed, sealed_size);
  assert_gone (secrets, G_N_ELEMENTS (secrets));

  /* What is not authentic leaves nothing either. */
  secret_show (&secrets[0], private_key);
  sealed[0] ^= 1;
  g_assert_false (call_deep (open_sealed, &opening));
  handoff_wipe (private_key, sizeof private_key);
  assert_gone (secrets, G_N_ELEMENTS (secrets));

  check_kem (secrets, G_N_ELEMENTS (secrets), public_key, enc);
}

/* Breaks if any of them is left on the stack, or in memory that was freed. */
static void
test_gone (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "vectors", "hpke-x25519-sha256-aesgcm.json", NULL);
  JsonArray *vectors;

  g_assert_true (json_parser_load_from_file (parser, path, NULL));
  vectors = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)),
                                          "vectors");
  g_assert_cmpuint (json_array_get_length (vectors), >, 0);
  for (guint i = 0; i < json_array_get_length (vectors); i++)
    check_vector (json_array_get_object_element (vectors, i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyblob/hpke-memory/gone", test_gone);
  return g_test_run ();
}
