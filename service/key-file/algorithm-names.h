/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/crypto.h>

/* The algorithms that key files are encrypted with, known by OID and, in traditional PEM, by name.
 */

/* FALSE: not possible here. oid_or_name: of a cipher in CBC mode */
gboolean handoff_algorithm_find_cipher (const char *oid_or_name, gnutls_cipher_algorithm_t *cipher);
/* Of HMAC, as PBKDF2's pseudorandom function or as a MAC. */
gboolean handoff_algorithm_find_mac (const char *oid, gnutls_mac_algorithm_t *mac);

/* What people call it; the OID itself, if it is not known. */
const char *handoff_algorithm_get_name (const char *oid);
