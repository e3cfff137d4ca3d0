/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <openssl/ssl.h>

#include "support/gnutls-pair.h"

/* A real handshake between GnuTLS, whose side is then crossed, and OpenSSL, over memory. */

typedef struct
{
  GnutlsSide ours;
  SSL_CTX *context;
  SSL *peer;
  GnutlsPipe to_peer;
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t ticket_key;
} OpensslPair;

/* role: ours. Needs $HANDOFF_TEST_CERTS. */
OpensslPair *
openssl_pair_new (const HandoffCipherSuite *suite, HandoffRole role, gboolean mac_then_encrypt);
void openssl_pair_free (OpensslPair *pair);

/* What was written to to_peer goes to OpenSSL. */
void openssl_pair_deliver (OpensslPair *pair);
/* What OpenSSL wants sent goes to ours.in. */
void openssl_pair_collect (OpensslPair *pair);

void openssl_pair_send (OpensslPair *pair, const guint8 *data, gsize size);
/* Until size bytes are there. */
GBytes *openssl_pair_receive (OpensslPair *pair, gsize size);
