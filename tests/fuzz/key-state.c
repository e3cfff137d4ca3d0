/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What an importer reads: the plaintext of a key blob, and the blob itself.
 *
 * Input: the plaintext, behind a byte that is 0; or else a blob. */

#include <string.h>

#include "fuzz.h"
#include "keyblob/handoff-names.h"
#include "keyblob/key-blob.h"
#include "keyblob/secret-memory.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

/* There is one way to write a state: what can be read is exactly what would be written, and what
 * GLib takes for a dictionary in normal form. */
static void
check_canonical (const HandoffKeyState *state, const uint8_t *data, size_t size)
{
  gsize again_size;
  guint8 *again = handoff_key_state_serialize (state, &again_size);
  g_autoptr (GVariant) variant = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, again, again_size, FALSE, NULL, NULL));

  g_assert_cmpmem (again, again_size, data, size);
  g_assert_true (g_variant_is_normal_form (variant));
  g_clear_pointer (&variant, g_variant_unref);
  handoff_secret_free (again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const guint8 private_key[HANDOFF_HPKE_KEY_SIZE] = { 1 };
  g_autoptr (HandoffKeyState) state = NULL;
  guint8 *plaintext;

  if (size < 2 || size > HANDOFF_KEY_BLOB_MAX_SIZE)
    return 0;
  if (data[0] != 0)
    {
      state = handoff_key_blob_open (data + 1, size - 1, private_key, NULL);
      g_assert_null (state); /* it would have to be authentic */
      return 0;
    }
  plaintext = handoff_secret_new (size - 1, HANDOFF_SECRET_DEFAULT);
  memcpy (plaintext, data + 1, size - 1);
  state = handoff_key_state_parse (plaintext, size - 1, HANDOFF_BLOB_FORMAT, NULL);
  if (state != NULL)
    {
      g_assert_true (handoff_key_state_validate (state, NULL));
      check_canonical (state, data + 1, size - 1);
    }
  handoff_secret_free (plaintext);
  return 0;
}
