/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What an importer that was taken over says of a credential, as the broker reads it off its link.
 */

#include "config.h"

#include "description/description.h"
#include "fuzz.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) raw = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (HANDOFF_DESCRIPTION_TYPE), bytes, FALSE));
  /* Links let nothing else through. */
  g_autoptr (GVariant) variant = g_variant_get_normal_form (raw);
  g_autoptr (HandoffDescription) read = handoff_description_read (variant, NULL);
  g_autoptr (HandoffDescription) made = NULL;
  g_autoptr (GError) error = NULL;

  if (read == NULL)
    return 0;
  g_assert_true (handoff_description_check_chain (read->certificates, NULL));
  g_assert_cmpint ((read->ocsp_response != NULL), ==, (read->ocsp_not_after > 0));
  g_assert_true (read->ocsp_response == NULL || read->certificates->len > 0);
  /* What was understood is what was said. */
  made = handoff_description_new (read->public_key, read->algorithm, read->certificates,
                                  read->not_before, read->not_after, read->ocsp_response,
                                  read->ocsp_not_after, read->ocsp_problem, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (made->variant, read->variant));
  return 0;
}
