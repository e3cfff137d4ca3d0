/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a handshake negotiated, and what its caller gets to know of the peer. It has no key and no
 * GnuTLS session. */
typedef struct
{
  const char *protocol;        /* (nullable): HANDOFF_PROTOCOL_…; NULL: not known yet */
  const char *cipher_suite;    /* (nullable): IANA name; likewise */
  char *application_protocol;  /* (owned) (nullable) */
  char *server_name;           /* (owned) (nullable): sent, or, as a server, received */
  char *credential;            /* (owned) (nullable): our credential's label */
  const char *ocsp_status;     /* (nullable): HANDOFF_OCSP_…; NULL: not known yet */
  const char *ocsp_problem;    /* (nullable): HANDOFF_OCSP_PROBLEM_… */
  GVariant *peer_certificates; /* (owned): aay */
  GVariant *verified_path; /* (owned) (nullable): au: those of them that the verified chain has */
  char **verification_errors; /* (owned) (nullable): if the certificate did not verify */
  /* (owned) (nullable): aay, DER names: as a client whom the server asked for a certificate */
  GVariant *certificate_authorities;
  gboolean resumed;
  gboolean certificate_requested; /* as a client: the server asked for one */
} HandoffHandshakeOutcome;

HandoffHandshakeOutcome *handoff_handshake_outcome_copy (const HandoffHandshakeOutcome *self);
void handoff_handshake_outcome_free (HandoffHandshakeOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffHandshakeOutcome, handoff_handshake_outcome_free)

/* Adds what the D-Bus API has as details, without a key blob. */
void handoff_handshake_outcome_add_details (const HandoffHandshakeOutcome *self,
                                            GVariantDict *details);
