/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/abstract.h>

/* What a key signs but handshakes: both are made here, of values, and are about that key alone.
 *
 * Makes and signs a certificate request (PKCS #10, RFC 2986), or a certificate of the key's own
 * (RFC 5280), which is no authority's. request: a HANDOFF_CERTIFICATE_REQUEST_TYPE, whose names and
 * times the broker has checked. public_key: of key. der: (out) (transfer full): for gnutls_free();
 * what is in it is freed first. A GnuTLS code. Signs: may take as long as the key does. Any thread.
 */
int handoff_request_signing_sign (GVariant *request,
                                  gnutls_privkey_t key,
                                  gnutls_pubkey_t public_key,
                                  gnutls_datum_t *der);
