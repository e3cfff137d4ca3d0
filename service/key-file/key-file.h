/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "key-file/key-parts.h"

/* Reads a key file: PEM with blocks in any order, or PKCS#12. passphrase: (nullable): NULL for PEM
 * alone. INVALID_ARGUMENT says what the file is, and what is wrong with it. (transfer full) */
HandoffKeyParts *
handoff_key_file_read (GBytes *data, HandoffPassphrase *passphrase, GError **error);
