/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* How helpers of modules know a key. public_key: SubjectPublicKeyInfo. SHA-256: (transfer full) */
GBytes *handoff_key_digest_dup (GBytes *public_key);
/* Bytes as an "ay"; NULL: an empty one. (transfer floating) */
GVariant *handoff_key_digest_to_variant (GBytes *bytes);
