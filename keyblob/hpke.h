/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "hpke-kem.h"

/* HPKE, RFC 9180: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-GCM.
 * HKDF and AES-GCM are GnuTLS's. */

#define HANDOFF_HPKE_KDF_SHA256 0x0001
#define HANDOFF_HPKE_AEAD_AES_128_GCM 0x0001 /* for the published test vectors only */
#define HANDOFF_HPKE_AEAD_AES_256_GCM 0x0002
#define HANDOFF_HPKE_NONCE_SIZE 12 /* Nn: bytes */
#define HANDOFF_HPKE_TAG_SIZE 16   /* Nt: bytes */

/* One end of an encryption context (RFC 9180 5): what is sealed at one end opens at the other, in
 * the same order. Secret: it belongs in secret memory, or in a variable on the stack, to be wiped
 * by handoff_hpke_context_clear(). Not safe for threads. */
typedef struct
{
  guint16 aead_id;
  guint8 key[32]; /* the first 16 bytes, for AES-128-GCM */
  guint8 base_nonce[HANDOFF_HPKE_NONCE_SIZE];
  guint8 exporter_secret[HANDOFF_HPKE_HASH_SIZE];
  guint64 sequence_number; /* of the next message */
} HandoffHpkeContext;

/* SetupBaseS (RFC 9180 5.1.1): enc gets the encapsulated key. ephemeral_private_key: NULL, or the
 * sender's ephemeral key, for test vectors. A public key of small order is refused. */
gboolean handoff_hpke_setup_sender (HandoffHpkeContext *context,
                                    guint16 aead_id,
                                    const guint8 public_key[HANDOFF_HPKE_KEY_SIZE],
                                    const guint8 *info,
                                    gsize info_size,
                                    const guint8 *ephemeral_private_key,
                                    guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                    GError **error);
/* SetupBaseR (RFC 9180 5.1.1). */
gboolean handoff_hpke_setup_recipient (HandoffHpkeContext *context,
                                       guint16 aead_id,
                                       const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                                       const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                                       const guint8 *info,
                                       gsize info_size,
                                       GError **error);
/* Wipes it. */
void handoff_hpke_context_clear (HandoffHpkeContext *context);

/* Context.Seal (RFC 9180 5.2): ciphertext gets plaintext_size + HANDOFF_HPKE_TAG_SIZE bytes. */
gboolean handoff_hpke_context_seal (HandoffHpkeContext *context,
                                    const guint8 *aad,
                                    gsize aad_size,
                                    const guint8 *plaintext,
                                    gsize plaintext_size,
                                    guint8 *ciphertext,
                                    GError **error);
/* Context.Open (RFC 9180 5.2): plaintext gets ciphertext_size - HANDOFF_HPKE_TAG_SIZE bytes, zeros
 * on failure. */
gboolean handoff_hpke_context_open (HandoffHpkeContext *context,
                                    const guint8 *aad,
                                    gsize aad_size,
                                    const guint8 *ciphertext,
                                    gsize ciphertext_size,
                                    guint8 *plaintext,
                                    GError **error);
/* Context.Export (RFC 9180 5.3): a secret of output_size bytes, which the caller wipes. */
gboolean handoff_hpke_context_export (const HandoffHpkeContext *context,
                                      const guint8 *exporter_context,
                                      gsize exporter_context_size,
                                      guint8 *output,
                                      gsize output_size,
                                      GError **error);
/* Replaces all secrets of the context by what Context.Export makes of them: from what there is
 * then, nothing can be computed that there was before. The sequence number goes on. Both ends must
 * do so after the same message. If it fails, the context must be cleared. */
gboolean handoff_hpke_context_ratchet (HandoffHpkeContext *context, GError **error);
