/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gnutls/abstract.h>

#include "description/description.h"

/* Parses a credential's certificates, and says what others have to know of them. May take
 * milliseconds; any thread. */

/* key: the credential's. certificates: (element-type GBytes) (nullable): DER, its own first, the
 * others in the order in which they are sent. ocsp_response: (nullable): for the first; one that
 * clients would refuse is left out, and the description says why. INVALID_ARGUMENT if a certificate
 * cannot be read, or the first one is not the key's. */
HandoffDescription *handoff_description_make (gnutls_pubkey_t key,
                                              GPtrArray *certificates,
                                              GBytes *ocsp_response,
                                              GError **error);
