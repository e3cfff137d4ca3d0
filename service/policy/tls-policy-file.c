/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/tls-policy.h"

/* Policies out of files: for programs that open files. */

HandoffTlsPolicy *
handoff_tls_policy_new (HandoffConfiguration *configuration, GError **error)
{
  g_autoptr (HandoffTrustStore) trust_store =
      handoff_trust_store_load (configuration->trust_file, error);

  return trust_store != NULL ? handoff_tls_policy_new_with_trust (configuration, trust_store)
                             : NULL;
}
