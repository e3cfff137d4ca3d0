/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/handshake-options.h"

/**
 * tls_handoff_handshake_options_set_review:
 * @self: the options
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about a
 *   certificate that does not verify, or %NULL (the default) to refuse each
 * @user_data: for @func
 * @destroy: (nullable): called with @user_data when @func is not needed any more
 *
 * Lets the application go on with a peer whose certificate does not verify. polkit's rules see that
 * in the detail `review-certificate`, and may not allow it.
 *
 * When @func is called, nothing was sent yet in answer to the certificate. The service waits for
 * some time (DecisionTimeout in its configuration), and then takes the missing answer for a
 * refusal, which is %TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED. A certificate that verifies is not
 * shown to @func; to be asked about each one, trust nobody:
 * [method@HandshakeOptions.set_trust_anchors] with an empty list. A session that @func accepted is
 * never resumed.
 *
 * @func is called in the thread of a synchronous handshake, and in the thread-default main context
 * of an asynchronous one. During a synchronous one the thread-default main context is one of the
 * handshake's: what @func begins asynchronously ends in that, and a #GMainLoop of the
 * application's, of another context, would wait for it in vain. It is for the handshakes of a
 * [class@Manager]; connections have the signal #GTlsConnection::accept-certificate.
 *
 * Since: 0.2
 */
void
tls_handoff_handshake_options_set_review (TlsHandoffHandshakeOptions *self,
                                          TlsHandoffReviewFunc func,
                                          gpointer user_data,
                                          GDestroyNotify destroy)
{
  g_return_if_fail (TLS_HANDOFF_IS_HANDSHAKE_OPTIONS (self));

  g_clear_pointer (&self->review, handoff_certificate_review_unref);
  if (func != NULL)
    self->review = handoff_certificate_review_new (func, user_data, destroy);
}
