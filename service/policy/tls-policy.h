/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/configuration.h"
#include "policy/handshake-options.h"
#include "trust/trust-store.h"
#include "trust/verified-chains.h"

/* What the configuration decides for every handshake: trust, priorities. Made as a whole when the
 * configuration is read, shared by all threads, replaced as a whole on reload. */
typedef struct _HandoffTlsPolicy HandoffTlsPolicy;

HandoffTlsPolicy *handoff_tls_policy_new (HandoffConfiguration *configuration, GError **error);
HandoffTlsPolicy *handoff_tls_policy_ref (HandoffTlsPolicy *self);
void handoff_tls_policy_unref (HandoffTlsPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTlsPolicy, handoff_tls_policy_unref)

/* (transfer none) */
HandoffConfiguration *handoff_tls_policy_get_configuration (HandoffTlsPolicy *self);
/* A number that changes each time the configuration is read. */
guint64 handoff_tls_policy_get_serial (HandoffTlsPolicy *self);
/* (transfer none): of the configuration, not of a handshake's own trust anchors */
HandoffTrustStore *handoff_tls_policy_get_trust_store (HandoffTlsPolicy *self);
/* (transfer none): the chains that verified under this policy, and are forgotten with it */
HandoffVerifiedChains *handoff_tls_policy_get_verified_chains (HandoffTlsPolicy *self);
/* Whether the configuration lets the service negotiate the suite at all. */
gboolean handoff_tls_policy_has_suite (HandoffTlsPolicy *self, const HandoffCipherSuite *suite);
/* Lets session negotiate what configuration and options both allow. Any thread. */
gboolean handoff_tls_policy_apply (HandoffTlsPolicy *self,
                                   gnutls_session_t session,
                                   HandoffRole role,
                                   const HandoffHandshakeOptions *options,
                                   GError **error);
