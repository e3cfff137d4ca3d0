/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A certificate that does not verify, and what the application says to it: with GIO's own meaning
 * of GTlsClientConnection:validation-flags and GTlsConnection::accept-certificate. */

#include "connection-private.h"

#include "certificates-variant.h"
#include "gio-mapping.h"
#include "keyblob/handoff-names.h"

gboolean
handoff_connection_wants_review (TlsHandoffConnection *self)
{
  guint signal_id = g_signal_lookup ("accept-certificate", G_TYPE_TLS_CONNECTION);

  return (!self->is_server && (self->validation_flags & G_TLS_CERTIFICATE_VALIDATE_ALL) !=
                                  G_TLS_CERTIFICATE_VALIDATE_ALL) ||
         g_signal_has_handler_pending (self, signal_id, 0, FALSE);
}

gboolean
handoff_connection_review (TlsHandoffConnection *self, GVariant *details)
{
  g_autoptr (GVariant) verification_errors = NULL;
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  GTlsCertificateFlags errors;

  verification_errors = g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                                G_VARIANT_TYPE_STRING_ARRAY);
  errors = handoff_certificate_flags_from_variant (verification_errors);
  /* A certificate without a fault is not asked about: then it is one that we have no word for. */
  if (errors == G_TLS_CERTIFICATE_NO_FLAGS)
    errors = G_TLS_CERTIFICATE_GENERIC_ERROR;
  if (!self->is_server && (errors & self->validation_flags) == 0)
    return TRUE;

  certificates =
      g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  if (certificates == NULL)
    return FALSE;
  chain = handoff_certificates_from_variant (certificates);
  certificate = handoff_certificate_from_chain (chain);
  /* What cannot be shown cannot be judged. */
  return certificate != NULL &&
         g_tls_connection_emit_accept_certificate (G_TLS_CONNECTION (self), certificate, errors);
}
