/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What users import: keys and certificates in PEM or PKCS#12, with and without a passphrase.
 *
 * Input: the file. */

#include "config.h"

#include "fuzz.h"
#include "key-material.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

static void
parse (const uint8_t *data, size_t size, GBytes *passphrase)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyMaterial) material = handoff_key_material_parse (bytes, passphrase, &error);
  g_autoptr (GBytes) pem = NULL;

  g_assert_true ((material != NULL) == (error == NULL));
  if (material == NULL)
    return;
  g_assert_cmpuint (material->certificates->len, >, 0);
  pem = handoff_key_material_serialize_key (material->key, &error);
  g_assert_no_error (error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) passphrase = g_bytes_new_static ("passphrase", 10);

  parse (data, size, NULL);
  parse (data, size, passphrase);
  return 0;
}
