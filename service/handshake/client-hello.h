/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#define HANDOFF_CLIENT_HELLO_MAX_SCHEMES 64
#define HANDOFF_CLIENT_HELLO_MAX_SHARES 16

/* What a server has to know of a ClientHello before GnuTLS reads it: the credential is chosen by
 * the server's name, the key exchange group by the key shares. */
typedef struct
{
  char *server_name; /* (owned) (nullable): A-labels, lower case; NULL if none, or no host's name */
  guint16 schemes[HANDOFF_CLIENT_HELLO_MAX_SCHEMES]; /* RFC 8446 4.2.3; more are left out */
  guint n_schemes;
  guint16 shares[HANDOFF_CLIENT_HELLO_MAX_SHARES]; /* RFC 8446 4.2.8: the groups of the key shares;
                                                      more are left out */
  guint n_shares;
} HandoffClientHello;

/* message: without the handshake header. A malformed extension counts as absent here; GnuTLS
 * refuses it. (transfer full) */
HandoffClientHello *handoff_client_hello_parse (const gnutls_datum_t *message);
void handoff_client_hello_free (HandoffClientHello *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffClientHello, handoff_client_hello_free)
