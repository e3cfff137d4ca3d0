/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"
#include "trust/server-identity.h"
#include "trust/trust-problem.h"

/* What came of verifying a peer's certificate. */
typedef struct
{
  HandoffTrustProblems problems; /* 0: trusted */
  char *explanation;             /* (owned) (nullable): of the problems, for people */
  const char *ocsp_status;       /* HANDOFF_OCSP_… */
  const char *ocsp_problem;      /* (nullable): HANDOFF_OCSP_PROBLEM_… */
  GVariant *path; /* (owned) (nullable): au: where the chain that was verified is in what the peer
                   * sent */
  gint64 end; /* seconds since 1970: until when it holds: the first certificate of the chain that
               * was verified expires, or an OCSP status of it is out of date. What the peer sent
               * beside that does not count. */
} HandoffPeerVerification;

/* Of a peer that sent no certificate, and need not. */
HandoffPeerVerification *handoff_peer_verification_new_for_none (void);

/* Whether a server is whom the caller meant, or a client who it says: chain, validity, purpose, of
 * a server name and stapled OCSP status. role: ours. identity: (nullable): of a server. What cannot
 * be verified, whyever, is not trusted. */
HandoffPeerVerification *handoff_peer_verification_run (gnutls_session_t session,
                                                        HandoffRole role,
                                                        const HandoffServerIdentity *identity);
void handoff_peer_verification_free (HandoffPeerVerification *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPeerVerification, handoff_peer_verification_free)

/* Seconds from now for which what was verified holds. */
guint handoff_peer_verification_get_lifetime (const HandoffPeerVerification *self);
/* The chain as the peer sent it, DER: an aay, floating. */
GVariant *handoff_peer_verification_get_certificates (gnutls_session_t session);
