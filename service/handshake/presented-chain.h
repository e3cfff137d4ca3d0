/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential.h"

#include <gnutls/abstract.h>

/* A credential's certificates as GnuTLS shows them to a peer. They are parsed when a handshake
 * first needs them, and kept as long as the credential. Any thread. */
typedef struct
{
  HandoffPresented parent;
  gnutls_pcert_st *pcerts; /* (owned) */
  guint n_pcerts;
} HandoffPresentedChain;

/* (transfer none): belongs to the credential. FAILED if a certificate cannot be parsed: its
 * description says what is not true. */
const HandoffPresentedChain *handoff_presented_chain_get (HandoffCredential *credential,
                                                          GError **error);

/* Whether its first certificate is for that DNS name (A-labels) (RFC 6125). */
gboolean handoff_presented_chain_is_for_name (const HandoffCredential *credential,
                                              const char *host_name);
/* Whether a certificate of its chain was issued by one of these authorities: distinguished names,
 * DER. */
gboolean handoff_presented_chain_is_issued_by (const HandoffCredential *credential,
                                               const gnutls_datum_t *authorities,
                                               guint n_authorities);
