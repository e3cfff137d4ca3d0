/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "hpke.h"
#include "key-state.h"

/* The key blobs of a channel: one HPKE context for all of them, made when the channel opens. Each
 * blob has a key of its own, and opens once, in the order in which they were sealed, in the process
 * that opened the channel. When a blob was sealed or opened, its key is wiped at that end, and
 * cannot be computed from what is left. docs/KEY-BLOB.md has the bytes.
 *
 * Both ends lie in secret memory. Neither has a lock: sealing and sending must be one step, and so
 * must receiving and opening, which only their owner can see to. */

/* The service's end. */
typedef struct _HandoffBlobSealer HandoffBlobSealer;

/* recipient_key: the application's one-time X25519 public key. enc: gets what the application makes
 * its end from. (transfer full) (nullable): NULL with TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a key
 * of small order. Takes as long as X25519 does: not on the main thread. */
HandoffBlobSealer *handoff_blob_sealer_new (const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                                            guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                            GError **error);
/* Wipes. */
void handoff_blob_sealer_free (HandoffBlobSealer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBlobSealer, handoff_blob_sealer_free)

/* The next blob. Whoever got one must send it, or close the channel: the other end opens no blob
 * that comes after one that is missing. (transfer full) (nullable): NULL for a state that is not
 * valid or too large: then no blob was made, and the next one has this one's number. */
GBytes *
handoff_blob_sealer_seal (HandoffBlobSealer *self, const HandoffKeyState *state, GError **error);

/* The application's end. A forked child finds it empty. */
typedef struct _HandoffBlobOpener HandoffBlobOpener;

/* private_key: the one-time private key, which the caller wipes. The library makes it by
 * handoff_import_key_new_opener(). (transfer full) (nullable): NULL with
 * TLS_HANDOFF_ERROR_KEY_BLOB_INVALID for an enc of small order. */
HandoffBlobOpener *handoff_blob_opener_new (const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                            const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                            GError **error);
/* Wipes. */
void handoff_blob_opener_free (HandoffBlobOpener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffBlobOpener, handoff_blob_opener_free)

/* Opens the next blob, in the sealed memfd blob_fd (not closed). What does not open, for whatever
 * reason, ends the opener: it is wiped, and opens nothing more (TLS_HANDOFF_ERROR_KEY_USED). Then
 * the channel is of no more use. (transfer full) (nullable): NULL with
 * TLS_HANDOFF_ERROR_KEY_BLOB_INVALID or TLS_HANDOFF_ERROR_NOT_SUPPORTED for what is wrong with the
 * blob; TLS_HANDOFF_ERROR_KEY_USED after that, and in a forked child. */
HandoffKeyState *handoff_blob_opener_open (HandoffBlobOpener *self, int blob_fd, GError **error);
/* Whether it will open no blob any more: an earlier one did not open, or this is a forked child. */
gboolean handoff_blob_opener_is_dead (const HandoffBlobOpener *self);
