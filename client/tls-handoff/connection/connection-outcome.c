/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/connection-outcome.h"

#include "call/certificates-variant.h"
#include "connection/connection-certificate.h"
#include "connection/gio-mapping.h"
#include "handshake/tls-certificate.h"
#include "handshake/handshake-result.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

/* With the lock. */
static void
take_error_details (HandoffConnection *self, const GError *error)
{
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GVariant) verification_errors = NULL;
  GVariant *details = tls_handoff_error_get_details (error);

  if (details == NULL)
    return;

  self->error_details = g_variant_ref (details);
  handoff_connection_take_request_details (self, details);
  certificates =
      g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  if (certificates != NULL)
    self->peer_certificates = handoff_certificates_from_variant (certificates);
  verification_errors = g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                                G_VARIANT_TYPE_STRING_ARRAY);
  self->peer_certificate_errors =
      self->judged ? self->verdict : handoff_certificate_flags_from_variant (verification_errors);
}

/* What to say in place of the service, which knows only that it trusted nobody. (transfer full) */
static char *
describe_judgement (HandoffConnection *self)
{
  g_autofree char *faults = handoff_certificate_flags_describe (self->verdict);

  if (self->judge_failure != NULL)
    return g_strdup_printf (_ ("%s could not say whether it trusts the peer's certificate: %s"),
                            _ (self->judge_name), self->judge_failure->message);
  if (self->verdict == G_TLS_CERTIFICATE_NO_FLAGS)
    return g_strdup_printf (_ ("%s trusts the client's certificate, but no handler of "
                               "“accept-certificate” accepted it, which a server needs as well"),
                            _ (self->judge_name));
  return g_strdup_printf (_ ("%s does not trust the peer's certificate: %s"), _ (self->judge_name),
                          faults);
}

/* With the lock. The service does not know that the application chose whom it trusts. */
static void
tell_who_judged (HandoffConnection *self, GError *error)
{
  char *message = NULL;

  if (!g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED))
    return;
  if (self->judged)
    message = describe_judgement (self);
  else if (self->trusted != NULL && (self->peer_certificate_errors & G_TLS_CERTIFICATE_UNKNOWN_CA))
    message =
        g_strdup_printf (_ ("%s (trusted authorities: %s)"), error->message, _ (self->trusted));
  if (message == NULL)
    return;
  g_free (error->message);
  error->message = message;
}

/* With the lock. */
static void
remember_result (HandoffConnection *self,
                 TlsHandoffHandshakeResult *result,
                 HandoffRecordStream *stream)
{
  self->result = result;
  self->stream = stream;
  handoff_connection_take_request_result (self, result);
  self->peer_certificates =
      g_ptr_array_ref (tls_handoff_handshake_result_get_verified_chain (result));
  self->peer_certificate_errors =
      self->judged ? self->verdict
                   : handoff_certificate_flags_from_variant (
                         handoff_handshake_result_get_details (result)->verification_errors);
}

/* Whether the error makes our side send an alert to the peer, if anybody is left to send one. */
static gboolean
is_refusal (const GError *error)
{
  static const TlsHandoffError codes[] = {
    TLS_HANDOFF_ERROR_NOT_AUTHORIZED,        TLS_HANDOFF_ERROR_HANDSHAKE_FAILED,
    TLS_HANDOFF_ERROR_CERTIFICATE_UNTRUSTED, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
    TLS_HANDOFF_ERROR_CREDENTIAL_LOCKED,     TLS_HANDOFF_ERROR_FAILED,
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (g_error_matches (error, TLS_HANDOFF_ERROR, codes[i]))
        return TRUE;
    }
  return FALSE;
}

/* With the lock. */
static void
end (HandoffConnection *self, HandshakeState state)
{
  self->state = state;
  self->changes_are_untold = TRUE;
  g_cond_broadcast (&self->changed);
}

static void
records_opened_cb (gpointer result)
{
  tls_handoff_handshake_result_forward_session_tickets (result);
}

static HandoffRecordStream *
make_stream (HandoffConnection *self, TlsHandoffHandshakeResult *result)
{
  HandoffRecordStream *stream = handoff_record_stream_new (
      self->base_io_stream, tls_handoff_handshake_result_get_record_layer (result));

  /* The connection has the result for as long as the stream. */
  handoff_record_stream_set_opened_func (stream, records_opened_cb, result);
  return stream;
}

void
handoff_connection_take_result (HandoffConnection *self,
                                TlsHandoffHandshakeResult *result,
                                GBytes *received)
{
  HandoffRecordStream *stream = make_stream (self, result);

  if (received != NULL)
    handoff_record_stream_give_input (stream, received);

  g_mutex_lock (&self->lock);
  remember_result (self, result, stream);
  end (self, HANDSHAKE_DONE);
  g_mutex_unlock (&self->lock);
}

void
handoff_connection_take_failure (HandoffConnection *self, GError *error)
{
  g_mutex_lock (&self->lock);
  take_error_details (self, error);
  tell_who_judged (self, error);
  self->handshake_refused = is_refusal (error);
  self->handshake_error =
      handoff_connection_explain_end (self, handoff_error_for_connection (error, TRUE));
  end (self, HANDSHAKE_FAILED);
  g_mutex_unlock (&self->lock);
}

GTlsCertificate *
handoff_connection_dup_peer_certificate (HandoffConnection *self)
{
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;

  g_mutex_lock (&self->lock);
  if (self->peer_certificate == NULL && self->peer_certificates != NULL)
    chain = g_ptr_array_ref (self->peer_certificates);
  g_mutex_unlock (&self->lock);

  /* Made when asked for only: parsing certificates is what the service saves applications. */
  if (chain != NULL)
    certificate = handoff_tls_certificate_new (chain);

  /* Another thread may have been faster: then there is one already. */
  g_mutex_lock (&self->lock);
  if (self->peer_certificate == NULL)
    self->peer_certificate = g_steal_pointer (&certificate);
  g_set_object (&certificate, self->peer_certificate);
  g_mutex_unlock (&self->lock);

  return g_steal_pointer (&certificate);
}
