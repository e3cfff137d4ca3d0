/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

#include "handshake/handshake-pause.h"
#include "handshake/signature-input.h"
#include "key/private-key.h"
#include "signature/signing-grant.h"

/* The key that GnuTLS signs with in one handshake. The signature is made with a private key,
 * wherever that is, and may take as long as a token likes; the handshake waits meanwhile. On the
 * worker. */
typedef struct _HandoffHandshakeKey HandoffHandshakeKey;

/* pause, input: must outlive it. grant: (nullable): the right to have it sign; NULL: the key
 * is asked without one, and refuses. (transfer full) (nullable): NULL if GnuTLS has no memory. */
HandoffHandshakeKey *handoff_handshake_key_new (HandoffHandshakePause *pause,
                                                HandoffSignatureInput *input,
                                                HandoffPrivateKey *key,
                                                HandoffSigningGrant *grant);
/* Only when the GnuTLS session that may use it is gone. */
void handoff_handshake_key_free (HandoffHandshakeKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeKey, handoff_handshake_key_free)

/* (transfer none): it signs on the fiber. */
gnutls_privkey_t handoff_handshake_key_get (HandoffHandshakeKey *self);
/* Why it could not sign. (transfer none) (nullable) */
const GError *handoff_handshake_key_get_error (HandoffHandshakeKey *self);
