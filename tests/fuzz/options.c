/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers give as arguments: the option table, on the bytes of an a{sv} that D-Bus would let
 * through, with a server identity before it. */

#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "policy/handshake-options.h"
#include "keyblob/server-identity.h"

static HandoffConfiguration *configuration;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;

  fuzz_silence ();
  configuration = handoff_configuration_new_from_data (NULL, 0, "fuzz.conf", &error);
  g_assert_no_error (error);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *end = memchr (data, '\0', size);
  g_autoptr (HandoffServerIdentity) identity = NULL;
  g_autoptr (HandoffHandshakeOptions) options = NULL;
  g_autoptr (GVariant) raw = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autofree guint8 *aligned = NULL;

  if (end == NULL)
    return 0;
  /* D-Bus strings are UTF-8. */
  if (g_utf8_validate ((const char *) data, -1, NULL))
    identity = handoff_server_identity_parse ((const char *) data, NULL);
  size -= (gsize) (end + 1 - data);
  aligned = g_memdup2 (end + 1, size);
  raw = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, aligned, size, FALSE, NULL, NULL));
  variant = g_variant_get_normal_form (raw);
  options = handoff_handshake_options_parse (variant, HANDOFF_ROLE_CLIENT, configuration, NULL);
  if (options != NULL)
    {
      g_assert_cmpuint (options->minimum_protocol, <=, options->maximum_protocol);
      g_assert_cmpuint (options->timeout, >=, 1);
      g_assert_cmpuint (options->timeout, <=, configuration->maximum_timeout);
    }
  return 0;
}
