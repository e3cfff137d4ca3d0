/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gunixfdlist.h>

#include "tls-handoff-handshake-options.h"
#include "manager/manager.h"

struct _TlsHandoffHandshakeOptions
{
  GObject parent_instance;

  char **application_protocols; /* (nullable) (owned) */
  GTlsProtocolVersion minimum_protocol;
  GTlsProtocolVersion maximum_protocol;
  GPtrArray *trust_anchors; /* (nullable) (owned) (element-type GBytes nullable): DER */
  guint timeout;            /* seconds; 0: the service's default */
  gboolean resumption;
  char *credential;       /* (nullable) (owned) */
  GBytes *credential_pem; /* (nullable) (owned) */
  GTlsAuthenticationMode client_certificate;
};

/* request's options as an a{sv} (floating). Always sends what we can take: the cipher suites that
 * our record layer speaks, the blob format that we read. The session object goes by itself:
 * transient. fds: a key of the application's own is appended to it.
 * TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a protocol version that is neither TLS 1.2 nor 1.3. */
GVariant *handoff_handshake_options_to_variant (const HandoffHandshakeRequest *request,
                                                GUnixFDList *fds,
                                                GError **error);
/* Seconds; 0 for the service's default. self: (nullable) */
guint handoff_handshake_options_get_timeout (TlsHandoffHandshakeOptions *self);
/* self: (nullable) */
gboolean handoff_handshake_options_get_resumption (TlsHandoffHandshakeOptions *self);
