/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/x509.h>

/* The kinds of keys that can be made: "ecdsa-p256" (HANDOFF_KEY_TYPE_…). */

/* Whether there is such a type; for the check before. INVALID_ARGUMENT names those that there are.
 */
gboolean handoff_key_type_check (const char *key_type, GError **error);
/* Whether there is such a type, and what GnuTLS calls it. */
gboolean
handoff_key_type_find (const char *key_type, gnutls_pk_algorithm_t *algorithm, unsigned int *bits);
/* Makes a key. May take seconds. (transfer full) */
gnutls_x509_privkey_t handoff_key_type_generate (const char *key_type, GError **error);
