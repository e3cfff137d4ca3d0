/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "policy/configuration.h"
#include "policy/handshake-options.h"
#include "policy/server-groups.h"
#include "trust/anchor-stores.h"
#include "trust/trust-store.h"
#include "trust/verified-chains.h"

/* What the configuration decides for every handshake: trust, priorities. Made as a whole when the
 * configuration is read, shared by all threads, replaced as a whole on reload. */
typedef struct _HandoffTlsPolicy HandoffTlsPolicy;

/* trust_store: (transfer none): that the configuration names */
HandoffTlsPolicy *handoff_tls_policy_new (HandoffConfiguration *configuration,
                                          HandoffTrustStore *trust_store);
HandoffTlsPolicy *handoff_tls_policy_ref (HandoffTlsPolicy *self);
void handoff_tls_policy_unref (HandoffTlsPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTlsPolicy, handoff_tls_policy_unref)

/* (transfer none) */
HandoffConfiguration *handoff_tls_policy_get_configuration (HandoffTlsPolicy *self);
/* A number that changes each time the configuration is read. */
guint64 handoff_tls_policy_get_serial (HandoffTlsPolicy *self);
/* (transfer none): of the configuration, not of a handshake's own trust anchors */
HandoffTrustStore *handoff_tls_policy_get_trust_store (HandoffTlsPolicy *self);
/* (transfer none): those of handshakes that bring their own */
HandoffAnchorStores *handoff_tls_policy_get_anchor_stores (HandoffTlsPolicy *self);
/* (transfer none): the chains that verified under this policy, and are forgotten with it */
HandoffVerifiedChains *handoff_tls_policy_get_verified_chains (HandoffTlsPolicy *self);
/* (transfer none): likewise which servers took another group than our first */
HandoffServerGroups *handoff_tls_policy_get_server_groups (HandoffTlsPolicy *self);
/* The key exchange group that comes first, and of which a client sends a key share. */
gnutls_group_t handoff_tls_policy_get_first_group (HandoffTlsPolicy *self);
/* The first of our groups of which a client sent a key share. numbers: the groups of its shares, as
 * TLS numbers them (RFC 8446 4.2.7). GNUTLS_GROUP_INVALID: it sent none that we have. */
gnutls_group_t
handoff_tls_policy_find_group (HandoffTlsPolicy *self, const guint16 *numbers, gsize n_numbers);
/* Whether the configuration lets the service negotiate the suite at all. */
gboolean handoff_tls_policy_has_suite (HandoffTlsPolicy *self, const HandoffCipherSuite *suite);
/* Lets session negotiate what configuration and options both allow. first: the group to put before
 * the others, if it is one of them; GNUTLS_GROUP_INVALID leaves them in order. Any thread. */
gboolean handoff_tls_policy_apply (HandoffTlsPolicy *self,
                                   gnutls_session_t session,
                                   HandoffRole role,
                                   const HandoffHandshakeOptions *options,
                                   gnutls_group_t first,
                                   GError **error);
