/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What users import: keys and certificates in PEM or PKCS#12, with and without a passphrase.
 *
 * Input: the file. */

#include "config.h"

#include "fuzz.h"
#include "key-file/key-material.h"
#include "key/pkcs8.h"
#include "keyblob/tls-handoff-error.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

/* material: (transfer full) (nullable). error: (transfer full) (nullable) */
static void
check (HandoffKeyMaterial *parsed, GError *parse_error)
{
  g_autoptr (HandoffKeyMaterial) material = parsed;
  g_autoptr (GError) error = parse_error;
  g_autoptr (GBytes) der = NULL;

  /* What the caller is told is the service's own, and text. */
  if (error != NULL)
    {
      g_assert_true (error->domain == TLS_HANDOFF_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_assert_true ((material != NULL) == (error == NULL));
  if (material == NULL)
    return;
  g_assert_cmpuint (material->certificates->len, >, 0);
  /* As it goes to the keeper. */
  der = handoff_pkcs8_write (material->key, &error);
  g_assert_no_error (error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GBytes) passphrase = g_bytes_new_static ("passphrase", 10);
  GError *error = NULL;
  HandoffKeyMaterial *material;

  material = handoff_key_material_parse (bytes, NULL, &error);
  check (material, g_steal_pointer (&error));
  material = handoff_key_material_parse (bytes, passphrase, &error);
  check (material, g_steal_pointer (&error));
  material = handoff_key_material_parse_plain (bytes, &error);
  check (material, g_steal_pointer (&error));
  return 0;
}
