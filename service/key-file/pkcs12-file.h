/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "key-file/key-parts.h"

/* Reads a PKCS#12 (RFC 7292), DER or BER: its certificates, and its key, which stays encrypted.
 * passphrase: if one of its forms is right, that form is chosen. INVALID_ARGUMENT. Bounded by
 * key-limits.h. */
gboolean handoff_pkcs12_read (gconstpointer data,
                              gsize size,
                              HandoffPassphrase *passphrase,
                              HandoffKeyParts *parts,
                              GError **error);
