/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keyblob/key-state.h"
#include "tls-handoff-import-key.h"

/* Opens the key blob in the sealed memfd key_blob_fd (not closed) and wipes the private key,
 * whatever comes of it. TLS_HANDOFF_ERROR_KEY_USED if there is no private key any more, or none in
 * this process; TLS_HANDOFF_ERROR_KEY_BLOB_INVALID or TLS_HANDOFF_ERROR_NOT_SUPPORTED for what is
 * wrong with the blob. */
HandoffKeyState *
handoff_import_key_open_key_blob (TlsHandoffImportKey *self, int key_blob_fd, GError **error);
