/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a handshake's result has of certificates: the peer's, and those that the peer asked for. */

#include "config.h"

#include "handshake/handshake-result.h"

/**
 * tls_handoff_handshake_result_get_peer_certificates:
 * @self: the result
 *
 * Returns: (transfer none) (element-type GBytes): the peer's certificate chain as it was sent, DER,
 *   its own certificate first
 *
 * Since: 0.1
 */
GPtrArray *
tls_handoff_handshake_result_get_peer_certificates (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return handoff_handshake_result_get_details (self)->peer_certificates;
}

/**
 * tls_handoff_handshake_result_get_verified_chain:
 * @self: the result
 *
 * Peers send certificates that nobody needs, too, in any order.
 *
 * Returns: (transfer none) (element-type GBytes): of the peer's certificates those that were needed
 *   to verify the first one, each issued by the next, DER; all, if the service does not tell
 *
 * Since: 0.2
 */
GPtrArray *
tls_handoff_handshake_result_get_verified_chain (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return handoff_handshake_result_get_details (self)->verified_chain;
}

/**
 * tls_handoff_handshake_result_get_certificate_requested:
 * @self: the result, a client's
 *
 * Returns: whether the server asked for a certificate; never in a session that was resumed
 *
 * Since: 0.2
 */
gboolean
tls_handoff_handshake_result_get_certificate_requested (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), FALSE);

  return handoff_handshake_result_get_details (self)->certificate_requested;
}

/**
 * tls_handoff_handshake_result_get_certificate_authorities:
 * @self: the result, a client's
 *
 * Returns: (transfer none) (nullable) (element-type GBytes): the names of the authorities whose
 *   certificates the server says that it takes, DER (RFC 5280, Name), in its order; empty if it
 *   takes any; %NULL if it asked for no certificate
 *
 * Since: 0.2
 */
GPtrArray *
tls_handoff_handshake_result_get_certificate_authorities (TlsHandoffHandshakeResult *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_HANDSHAKE_RESULT (self), NULL);

  return handoff_handshake_result_get_details (self)->certificate_authorities;
}
