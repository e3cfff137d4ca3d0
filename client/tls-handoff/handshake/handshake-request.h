/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/certificate-review.h"
#include "handshake/handshake-question.h"
#include "keyblob/key-state.h"
#include "tls-handoff-handshake-options.h"

/* What a handshake is told, whatever carries its bytes. Read when it starts. */
typedef struct
{
  HandoffRole role;
  const char *server_identity;              /* (nullable): of a client only */
  TlsHandoffHandshakeOptions *options;      /* (nullable) */
  const char *const *application_protocols; /* (nullable): win over those of options */
  gboolean application_protocol_optional;   /* of a server: it goes on without one in common */
  const char *credential; /* (nullable): label or path; wins over that of options */
  GBytes *credential_pem; /* (nullable): likewise */
  TlsHandoffCredentialChoice credential_choice; /* of a client, if options leave it to us */
  GPtrArray *trust_anchors; /* (nullable) (element-type GBytes): likewise; empty for nobody */
  GTlsAuthenticationMode client_certificate; /* of a server; NONE: that of options */
  gboolean interactive;        /* whether the service may ask the user for a password */
  gboolean review_certificate; /* whether to ask about a certificate that does not verify */
  gboolean ask_for_credential; /* of a client: whether to ask when the server wants one */
  HandoffAskFunc ask;          /* (nullable): in the context of the handshake, if it may ask */
  gpointer ask_data;
  HandoffCertificateReview
      *review; /* (nullable): asked about such a certificate, in place of ask */
} HandoffHandshakeRequest;
