/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "keyblob/channel-seal.h"
#include "keyblob/handoff-names.h"
#include "keyblob/key-state.h"

/* Collects, while the handshake runs, what GnuTLS tells about the record keys at no other time: the
 * TLS 1.3 traffic secrets and the peer's record size limit. Then takes the keys out of the
 * completed session, to be sealed. */
typedef struct _HandoffKeyExport HandoffKeyExport;

/* role: ours */
HandoffKeyExport *handoff_key_export_new (HandoffRole role);
/* Wipes what it holds. */
void handoff_key_export_free (HandoffKeyExport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffKeyExport, handoff_key_export_free)

/* From the session's secret function: returns a GnuTLS code. */
int handoff_key_export_take_secrets (HandoffKeyExport *self,
                                     gnutls_record_encryption_level_t level,
                                     const void *secret_read,
                                     const void *secret_write,
                                     gsize size);
/* From the session's hook function, for each message that was received; without its header. */
void
handoff_key_export_take_message (HandoffKeyExport *self, guint type, const gnutls_datum_t *message);

/* The suite that the server chose (IANA), as soon as its ServerHello says so. In TLS 1.2 GnuTLS
 * tells only at the end. 0: not known, or the server is us. */
guint16 handoff_key_export_get_cipher_suite (HandoffKeyExport *self);

/* The keys of a completed session, both directions as they are now. The session must be
 * deinitialised right afterwards. blob_format: the newest that the recipient reads.
 * own_certificate: (nullable): what we sent as a server, or would send again if nothing was
 * resumed: DER. (transfer full) (nullable): in secret memory: to be sealed and freed soon.
 */
HandoffKeyState *handoff_key_export_take (HandoffKeyExport *self,
                                          gnutls_session_t session,
                                          guint blob_format,
                                          GBytes *own_certificate,
                                          GError **error);

/* Any thread. Seals what was taken: to a recipient's key, or as the next key blob of a channel.
 * Returns a sealed memfd, (transfer full), or -1. */
int handoff_key_export_seal_to (const guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                                const HandoffKeyState *state,
                                GError **error);
int
handoff_key_export_seal (HandoffBlobSealer *sealer, const HandoffKeyState *state, GError **error);
