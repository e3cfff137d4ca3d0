/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/tls-policy.h"

/* text: of a configuration file: "": all defaults. (transfer full) */
HandoffConfiguration *test_configuration_new (const char *text);
/* Likewise, with the trust store that it names. (transfer full) */
HandoffTlsPolicy *test_policy_new (const char *text);
