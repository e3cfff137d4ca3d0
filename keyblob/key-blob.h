/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "hpke.h"
#include "key-state.h"

/* The key blob: a 48-byte header (magic, format, HPKE suite, what opens it), then the HPKE
 * ciphertext of the serialized key state, with the header as associated data. */

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

/* The parts of which channel-seal.c makes the blobs of a channel. */

/* Instead of a KEM: RFC 9180 7.1 reserves this number, no KEM has it. */
#define HANDOFF_KEY_BLOB_KEM_OF_CHANNEL 0x0000
/* What opens it: the encapsulated key, or its number in the channel. */
#define HANDOFF_KEY_BLOB_OPENER_OFFSET 16
#define HANDOFF_KEY_BLOB_OPENER_SIZE 32

/* The next message of the sender's end of a context. */
GBytes *handoff_key_blob_seal_in_context (HandoffHpkeContext *context,
                                          guint16 kem_id,
                                          const guint8 opener[HANDOFF_KEY_BLOB_OPENER_SIZE],
                                          const HandoffKeyState *state,
                                          GError **error);
/* Size, magic, format, suite: all but what opens it. */
gboolean
handoff_key_blob_check_header (const guint8 *blob, gsize blob_size, guint16 kem_id, GError **error);
/* The rest. stranger: who else may have sealed it, for the error. */
HandoffKeyState *handoff_key_blob_open_in_context (HandoffHpkeContext *context,
                                                   const guint8 *blob,
                                                   gsize blob_size,
                                                   const char *stranger,
                                                   GError **error);
