/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/certificate-review.h"
#include "tls-handoff-handshake-options.h"

struct _TlsHandoffHandshakeOptions
{
  GObject parent_instance;

  char **application_protocols; /* (nullable) (owned) */
  GTlsProtocolVersion minimum_protocol;
  GTlsProtocolVersion maximum_protocol;
  GPtrArray *trust_anchors; /* (nullable) (owned) (element-type GBytes nullable): DER */
  guint timeout;            /* seconds; 0: the service's default */
  gboolean resumption;
  GArray *cipher_suites;  /* (nullable) (owned) (element-type guint16): NULL for all */
  char *server_name;      /* (nullable) (owned) */
  char *credential;       /* (nullable) (owned) */
  GBytes *credential_pem; /* (nullable) (owned) */
  TlsHandoffCredentialChoice credential_choice;
  GTlsAuthenticationMode client_certificate;
  HandoffCertificateReview *review; /* (nullable) (owned) */
};

/* Seconds; 0 for the service's default. self: (nullable) */
guint handoff_handshake_options_get_timeout (TlsHandoffHandshakeOptions *self);
/* Whether it names something to authenticate with, or says that there is nothing. self: (nullable)
 */
gboolean handoff_handshake_options_name_credential (TlsHandoffHandshakeOptions *self);
/* self: (nullable) */
gboolean handoff_handshake_options_get_resumption (TlsHandoffHandshakeOptions *self);
