/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "trust/peer-verification.h"

/* The chains that verified a short while ago: a client connects again and again to the same
 * servers, and to build and verify a chain takes a third of a handshake. Only what was trusted is
 * remembered. That the peer has the key of its certificate is not: GnuTLS verifies the peer's
 * signature in each handshake, or the secret of the session that is resumed.
 *
 * Whoever owns it lets it go with the authorities and priorities under which the chains verified.
 * Any thread. */
typedef struct _HandoffVerifiedChains HandoffVerifiedChains;

/* Seconds after its verification for which a chain is remembered, by boot time; less if it ends
 * sooner, by wall time: with the first certificate of the verified chain or the first OCSP status.
 * If somebody sets the wall clock back before the verification, it is not remembered, either. */
#define HANDOFF_VERIFIED_CHAINS_MAX_AGE (10 * 60)
/* An entry has some 300 bytes: no certificate. */
#define HANDOFF_VERIFIED_CHAINS_MAX_PER_USER 256
#define HANDOFF_VERIFIED_CHAINS_MAX_TOTAL 2048

/* What decides whether a chain is trusted, beside the chain with its OCSP responses as the peer
 * sent them, and what the owner of the memory stands for. */
typedef struct
{
  guint uid;                             /* whose handshake it is */
  HandoffRole role;                      /* ours */
  const HandoffServerIdentity *identity; /* (nullable): the server's */
  const guint8 *anchors_digest; /* (nullable): of the authorities that the handshake brought along:
                                   SHA-256 */
} HandoffVerificationConditions;

HandoffVerifiedChains *handoff_verified_chains_new (void);
void handoff_verified_chains_free (HandoffVerifiedChains *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffVerifiedChains, handoff_verified_chains_free)

/* As handoff_peer_verification_run(), or what that said of the same chain under the same conditions
 * before. */
HandoffPeerVerification *
handoff_verified_chains_verify (HandoffVerifiedChains *self,
                                gnutls_session_t session,
                                const HandoffVerificationConditions *conditions);
guint handoff_verified_chains_get_size (HandoffVerifiedChains *self);
