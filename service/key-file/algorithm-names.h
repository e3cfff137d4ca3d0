/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/crypto.h>

/* The algorithms that encrypt key files, by OID and, in traditional PEM, by name. */

/* FALSE: the service cannot do it. oid_or_name: of a cipher in CBC mode */
gboolean handoff_algorithm_find_cipher (const char *oid_or_name, gnutls_cipher_algorithm_t *cipher);
/* The same for HMAC, as the pseudorandom function of PBKDF2 or as a MAC. */
gboolean handoff_algorithm_find_mac (const char *oid, gnutls_mac_algorithm_t *mac);

/* The usual name; the OID itself, if no name is known. */
const char *handoff_algorithm_get_name (const char *oid);
