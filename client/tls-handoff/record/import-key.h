/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keyblob/channel-seal.h"
#include "keyblob/key-state.h"
#include "tls-handoff-import-key.h"

/* Opens the key blob in the sealed memfd key_blob_fd (not closed) and wipes the private key,
 * whatever comes of it. TLS_HANDOFF_ERROR_KEY_USED if there is no private key any more, or none in
 * this process; TLS_HANDOFF_ERROR_KEY_BLOB_INVALID or TLS_HANDOFF_ERROR_NOT_SUPPORTED for what is
 * wrong with the blob. */
HandoffKeyState *
handoff_import_key_open_key_blob (TlsHandoffImportKey *self, int key_blob_fd, GError **error);

/* The application's end of a channel whose service's end was made for self and said enc: opens the
 * channel's key blobs. Wipes the private key, whatever comes of it; errors as above. (transfer
 * full)
 */
HandoffBlobOpener *handoff_import_key_new_opener (TlsHandoffImportKey *self,
                                                  const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                                  GError **error);
