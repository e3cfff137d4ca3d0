/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "keyblob/key-state.h"
#include "tls-handoff-handshake-options.h"

/* Asks whether to go on with a peer whose certificate did not verify. It calls answer, at once or
 * later, in the context of the handshake. details: a{sv}, with peer-certificates and
 * verification-errors */
typedef void (*HandoffReviewAnswer) (GTask *handshake, gboolean accept);
typedef void (*HandoffReviewFunc) (GVariant *details,
                                   GTask *handshake,
                                   HandoffReviewAnswer answer,
                                   gpointer user_data);

/* What a handshake is told, whatever carries its bytes. Read when it starts. */
typedef struct
{
  HandoffRole role;
  const char *server_identity;              /* (nullable): of a client only */
  TlsHandoffHandshakeOptions *options;      /* (nullable) */
  const char *const *application_protocols; /* (nullable): win over those of options */
  gboolean application_protocol_optional;   /* of a server: it goes on without one in common */
  GBytes *credential_pem;                   /* (nullable): wins over that of options */
  GPtrArray *trust_anchors; /* (nullable) (element-type GBytes): likewise; empty for nobody */
  GTlsAuthenticationMode client_certificate; /* of a server; NONE: that of options */
  gboolean interactive;     /* whether the service may ask the user for a password */
  HandoffReviewFunc review; /* (nullable): in the context of the handshake; NULL: refuse */
  gpointer review_data;
} HandoffHandshakeRequest;
