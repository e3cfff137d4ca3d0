/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/policy-fixture.h"

#include <string.h>

HandoffConfiguration *
test_configuration_new (const char *text)
{
  g_autoptr (GError) error = NULL;
  HandoffConfiguration *configuration =
      handoff_configuration_new_from_data (text, strlen (text), "test.conf", &error);

  g_assert_no_error (error);
  return configuration;
}

HandoffTlsPolicy *
test_policy_new (const char *text)
{
  g_autoptr (HandoffConfiguration) configuration = test_configuration_new (text);
  const char *trust_file = configuration->trust_file;
  g_autoptr (HandoffTrustStore) trust_store = NULL;
  g_autoptr (GBytes) pem = NULL;
  g_autoptr (GError) error = NULL;
  char *bundle;
  gsize size;

  g_file_get_contents (*trust_file == '\0' ? SYSTEM_TRUST_FILE : trust_file, &bundle, &size,
                       &error);
  g_assert_no_error (error);
  pem = g_bytes_new_take (bundle, size);
  trust_store = handoff_trust_store_new_for_pem (trust_file, pem, &error);
  g_assert_no_error (error);
  return handoff_tls_policy_new (configuration, trust_store);
}
