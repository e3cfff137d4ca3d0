/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a handshaker that somebody took over asks the holder of a key to sign. The first byte
 * chooses the role, the two after it are the scheme. */

#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "grant/signature-form.h"
#include "grant/signature-scheme.h"

#define CONTEXT_SIZE 34
#define TLS13_MIN_SIZE (64 + CONTEXT_SIZE + 32)

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  return 0;
}

static HandoffSignatureForm
find (HandoffSignatureRole role, guint scheme, const uint8_t *data, size_t size)
{
  return handoff_signature_form_find (role, scheme, data, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  HandoffSignatureRole role, other;
  HandoffSignatureForm form;
  guint scheme;

  if (size < 3)
    return 0;
  role = data[0] & 1 ? HANDOFF_SIGNATURE_SERVER : HANDOFF_SIGNATURE_CLIENT;
  other = role == HANDOFF_SIGNATURE_SERVER ? HANDOFF_SIGNATURE_CLIENT : HANDOFF_SIGNATURE_SERVER;
  scheme = (guint) data[1] << 8 | data[2];
  data += 3;
  size -= 3;

  form = find (role, scheme, data, size);
  if (form == HANDOFF_SIGNATURE_FORM_NONE)
    return 0;
  /* Nothing counts in both roles, and nothing counts with a byte more or less. */
  g_assert_nonnull (handoff_signature_scheme_find (scheme));
  g_assert_cmpint (find (other, scheme, data, size), ==, HANDOFF_SIGNATURE_FORM_NONE);
  g_assert_cmpint (find (role, scheme, data, size - 1), !=, HANDOFF_SIGNATURE_FORM_TLS12);
  if (form == HANDOFF_SIGNATURE_FORM_TLS13)
    {
      g_assert_cmpuint (size, >=, TLS13_MIN_SIZE);
      g_assert_cmpint (memcmp (data + 64, "TLS 1.3, ", 9), ==, 0);
    }
  return 0;
}
