/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "hpke.h"
#include "key-state.h"

/* The key blob: a 48-byte header (magic, format, HPKE suite, encapsulated key), then the
 * HPKE ciphertext of the serialized key state, with the header as associated data. */

#define HANDOFF_KEY_BLOB_HEADER_SIZE 48

/* Seals state to the recipient's one-time public key. */
GBytes *handoff_key_blob_seal (const HandoffKeyState *state,
                               const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                               GError **error);
/* TLS_HANDOFF_ERROR_KEY_BLOB_INVALID for whatever is wrong with it, with a message that does not
 * tell one failed authentication from another; TLS_HANDOFF_ERROR_NOT_SUPPORTED for a newer format.
 */
HandoffKeyState *handoff_key_blob_open (const guint8 *blob,
                                        gsize blob_size,
                                        const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                        GError **error);
