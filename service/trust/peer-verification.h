/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "keyblob/key-state.h"
#include "keyblob/server-identity.h"
#include "trust/trust-problem.h"

/* The result of the verification of a peer's certificate. */
typedef struct
{
  HandoffTrustProblems problems; /* 0: trusted */
  char *explanation;             /* (owned) (nullable): explains the problems, for people */
  const char *ocsp_status;       /* HANDOFF_OCSP_… */
  const char *ocsp_problem;      /* (nullable): HANDOFF_OCSP_PROBLEM_… */
  GVariant
      *path;  /* (owned) (nullable): au: the places of the verified chain in what the peer sent */
  gint64 end; /* seconds since 1970: when the result ends: when the first certificate of the
                 verified chain expires, or an OCSP status of it is out of date. Other certificates
                 that the peer sent do not count. */
} HandoffPeerVerification;

/* For a peer that sent no certificate, and need not. */
HandoffPeerVerification *handoff_peer_verification_new_for_none (void);

/* Whether a server is the one that the caller meant, or a client the one that it says it is: chain,
 * validity, purpose, a server's name and stapled OCSP status. role: ours. identity: (nullable): the
 * server's. What cannot be verified, for whatever reason, is not trusted. */
HandoffPeerVerification *handoff_peer_verification_run (gnutls_session_t session,
                                                        HandoffRole role,
                                                        const HandoffServerIdentity *identity);
HandoffPeerVerification *handoff_peer_verification_copy (const HandoffPeerVerification *self);
void handoff_peer_verification_free (HandoffPeerVerification *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffPeerVerification, handoff_peer_verification_free)

/* For how many seconds from now the result holds. */
guint handoff_peer_verification_get_lifetime (const HandoffPeerVerification *self);
/* The chain as the peer sent it, DER: an aay, floating. */
GVariant *handoff_peer_verification_get_certificates (gnutls_session_t session);
