/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"

/* What a handshake signs, in full. GnuTLS gives a key that is elsewhere only the hash of it, except
 * for EdDSA; but who has the key wants to see that it is a TLS handshake. So this finds the bytes
 * which have that hash:
 *
 * - TLS 1.3 (RFC 8446 4.4.3): 64 spaces, the context, and the transcript's hash;
 * - TLS 1.2 as a server (RFC 5246 7.4.3): both randoms and the parameters of the key exchange;
 *   each of these two is in a block that GnuTLS allocated just before it signs;
 * - TLS 1.2 as a client (RFC 5246 7.4.8): all messages of the handshake so far, which are collected
 *   here as they pass.
 *
 * What is found is hashed and compared: it is what GnuTLS signs, or nothing is found. On the
 * worker. */
typedef struct _HandoffSignatureInput HandoffSignatureInput;

/* session: must outlive its use. */
HandoffSignatureInput *handoff_signature_input_new (gnutls_session_t session, HandoffRole role);
void handoff_signature_input_free (HandoffSignatureInput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSignatureInput, handoff_signature_input_free)

/* The handshake has no credential, and gets none: nothing is collected. */
void handoff_signature_input_close (HandoffSignatureInput *self);
/* A message is about to be sent, or was received and not read yet. type: a
 * gnutls_handshake_description_t. message: without its header */
void handoff_signature_input_note_message (HandoffSignatureInput *self,
                                           guint type,
                                           const gnutls_datum_t *message);
/* Within GnuTLS's call to sign: (transfer full) (nullable): NULL if it is not found. */
GBytes *handoff_signature_input_find (HandoffSignatureInput *self,
                                      gnutls_digest_algorithm_t algorithm,
                                      const gnutls_datum_t *digest);
