/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What our side authenticates with: GTlsConnection:certificate, which the application sets before
 * the handshake, or its GTlsInteraction when the server wants one, with GIO's own meaning.
 *
 *   a certificate with its key               the service is given the key
 *   one that stands for a credential         the service is told which
 *   none, or one without a key, and options  what the options say
 *   one without a key                        a client goes on without
 *   one whose key is in a PKCS#11 token      a clear error, if it is needed
 *   none, and an interaction                 a client asks that, if the server wants one
 *   none                                     a client: what the option credential-choice says
 *
 * A server that insists may say so after the handshake (TLS 1.3), or just hang up. So the end of a
 * connection on which nothing was read yet counts as that. */

#include "connection/connection-certificate.h"

#include "call/certificates-variant.h"
#include "handshake/handshake-options.h"
#include "handshake/handshake-result.h"
#include "handshake/tls-certificate.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"

void
handoff_connection_set_certificate (HandoffConnection *self, GTlsCertificate *certificate)
{
  g_autoptr (GTlsCertificate) old = NULL;

  /* An interaction sets it in the middle of the handshake, in any thread. */
  g_mutex_lock (&self->lock);
  old = g_steal_pointer (&self->certificate);
  g_set_object (&self->certificate, certificate);
  g_mutex_unlock (&self->lock);
}

GTlsCertificate *
handoff_connection_dup_certificate (HandoffConnection *self)
{
  GTlsCertificate *certificate = NULL;

  g_mutex_lock (&self->lock);
  g_set_object (&certificate, self->certificate);
  g_mutex_unlock (&self->lock);
  return certificate;
}

/* certificate: (nullable). FALSE if nobody can authenticate with it. */
static gboolean
use_certificate (GTlsCertificate *certificate, HandoffAnswer *answer)
{
  if (certificate == NULL)
    return FALSE;
  answer->credential = g_strdup (handoff_tls_certificate_get_credential (certificate));
  if (answer->credential == NULL)
    answer->credential_pem = handoff_tls_certificate_to_pem (certificate);
  return answer->credential != NULL || answer->credential_pem != NULL;
}

static GError *
new_token_error (void)
{
  return g_error_new_literal (
      TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
      _ ("The private key of the certificate is in a PKCS#11 token, which TLS Handoff uses only as "
         "a "
         "credential of its own: make one with tls-handoff credential link, and name it with the "
         "handshake option credential, or set its tls_handoff_credential_get_certificate()"));
}

gboolean
handoff_connection_resolve_certificate (HandoffConnection *self,
                                        HandoffAnswer *named,
                                        gboolean *ask,
                                        GError **error)
{
  g_autoptr (GTlsCertificate) certificate = handoff_connection_dup_certificate (self);

  *ask = FALSE;
  self->certificate_named =
      use_certificate (certificate, named) ||
      (self->options != NULL &&
       (self->options->credential_pem != NULL ||
        (self->options->credential != NULL && *self->options->credential != '\0')));
  if (self->certificate_named || handoff_handshake_options_name_credential (self->options))
    return TRUE;

  if (!self->is_server)
    {
      *ask = certificate != NULL || self->interaction != NULL;
      return TRUE;
    }
  if (certificate == NULL)
    return TRUE;
  if (handoff_tls_certificate_is_in_token (certificate))
    g_propagate_error (error, new_token_error ());
  else
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        _ ("The private key of the certificate cannot be had; let the TLS Handoff "
           "service keep it as a credential, and name that with the handshake option "
           "credential"));
  return FALSE;
}

/* With the lock. */
static void
take_authorities (HandoffConnection *self, GVariant *details)
{
  g_autoptr (GVariant) authorities = NULL;

  authorities = g_variant_lookup_value (details, HANDOFF_DETAIL_CERTIFICATE_AUTHORITIES,
                                        G_VARIANT_TYPE_BYTESTRING_ARRAY);
  if (authorities == NULL)
    return;
  g_clear_pointer (&self->accepted_cas, g_ptr_array_unref);
  self->accepted_cas = handoff_certificates_from_variant (authorities);
}

void
handoff_connection_take_request_details (HandoffConnection *self, GVariant *details)
{
  gboolean requested = FALSE;

  take_authorities (self, details);
  g_variant_lookup (details, HANDOFF_DETAIL_CERTIFICATE_REQUESTED, "b", &requested);
  self->certificate_requested |= requested;
}

void
handoff_connection_take_request_result (HandoffConnection *self, TlsHandoffHandshakeResult *result)
{
  GPtrArray *authorities = tls_handoff_handshake_result_get_certificate_authorities (result);

  if (authorities != NULL)
    {
      g_clear_pointer (&self->accepted_cas, g_ptr_array_unref);
      self->accepted_cas = g_ptr_array_ref (authorities);
    }
  self->certificate_requested |= tls_handoff_handshake_result_get_certificate_requested (result);
  self->certificate_named |= tls_handoff_handshake_result_get_credential (result) != NULL;
}

/* What the application, which was asked, says. failure: (transfer full) (nullable) */
static void
take_choice (HandoffConnection *self,
             GTlsInteractionResult result,
             GError *failure,
             HandoffAnswer *answer)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  gboolean usable;

  /* As GIO has it: what an interaction did that does not say that it failed counts. */
  if (result != G_TLS_INTERACTION_FAILED)
    certificate = handoff_connection_dup_certificate (self);
  usable = use_certificate (certificate, answer);
  if (!usable && certificate != NULL && handoff_tls_certificate_is_in_token (certificate))
    answer->failure = new_token_error ();
  /* A person who wants none is an error (GTlsInteractionResult). A failure without one is what
   * libsoup gives where its application does not look at the question. */
  answer->automatic = certificate == NULL && failure == NULL;

  g_mutex_lock (&self->lock);
  self->certificate_named = usable;
  g_clear_error (&self->interaction_error);
  self->interaction_error = failure;
  g_mutex_unlock (&self->lock);
}

gboolean
handoff_connection_must_request (HandoffConnection *self, GVariant *details, HandoffAnswer *answer)
{
  gboolean is_set;

  g_mutex_lock (&self->lock);
  self->certificate_requested = TRUE;
  take_authorities (self, details);
  is_set = self->certificate != NULL;
  g_mutex_unlock (&self->lock);

  if (!is_set && self->interaction != NULL)
    return TRUE;
  take_choice (self, G_TLS_INTERACTION_UNHANDLED, NULL, answer);
  return FALSE;
}

void
handoff_connection_request_certificate (HandoffConnection *self, HandoffAnswer *answer)
{
  GError *failure = NULL;
  GTlsInteractionResult result;

  result = g_tls_interaction_invoke_request_certificate (self->interaction, G_TLS_CONNECTION (self),
                                                         0, self->handshake_cancellable, &failure);
  take_choice (self, result, failure, answer);
}

/* The interaction belongs to a main context that we do not know; this finds it, and waits. */
static void
invoke_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  HandoffConnection *self = source;
  GError *error = NULL;
  GTlsInteractionResult result;

  result = g_tls_interaction_invoke_request_certificate (self->interaction, G_TLS_CONNECTION (self),
                                                         0, cancellable, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, result);
}

/* A request that waits for the application. */
typedef struct
{
  HandoffAnswer *answer; /* (unowned) */
  HandoffRequestedFunc func;
  gpointer user_data;
} Request;

static void
invoked_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autofree Request *request = user_data;
  GError *error = NULL;
  GTlsInteractionResult result;

  result = (GTlsInteractionResult) g_task_propagate_int (G_TASK (async_result), &error);
  if (error != NULL)
    result = G_TLS_INTERACTION_FAILED;
  take_choice ((HandoffConnection *) source, result, error, request->answer);
  request->func (request->user_data);
}

void
handoff_connection_request_certificate_async (HandoffConnection *self,
                                              HandoffAnswer *answer,
                                              HandoffRequestedFunc func,
                                              gpointer user_data)
{
  Request *request = g_new0 (Request, 1);
  g_autoptr (GTask) task = NULL;

  request->answer = answer;
  request->func = func;
  request->user_data = user_data;
  task = g_task_new (self, self->handshake_cancellable, invoked_cb, request);
  g_task_set_source_tag (task, handoff_connection_request_certificate_async);
  /* A handshake that was cancelled ends, whatever the interaction does. */
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, invoke_in_thread);
}

GList *
handoff_connection_get_accepted_cas (HandoffConnection *self)
{
  GList *list = NULL;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = self->accepted_cas != NULL ? self->accepted_cas->len : 0; i > 0; i--)
    list = g_list_prepend (list,
                           g_bytes_unref_to_array (g_bytes_ref (self->accepted_cas->pdata[i - 1])));
  g_mutex_unlock (&self->lock);
  return list;
}

/* Whether the peer may have ended the connection because it misses something. */
static gboolean
is_end (const GError *error)
{
  static const GTlsError codes[] = { G_TLS_ERROR_CERTIFICATE_REQUIRED, G_TLS_ERROR_EOF,
                                     G_TLS_ERROR_HANDSHAKE, G_TLS_ERROR_MISC, G_TLS_ERROR_NOT_TLS };
  gsize i;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return TRUE;
  for (i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      if (g_error_matches (error, G_TLS_ERROR, codes[i]))
        return TRUE;
    }
  return FALSE;
}

GError *
handoff_connection_explain_end (HandoffConnection *self, GError *error)
{
  GError *reason;

  if (!self->certificate_requested || !is_end (error) ||
      (!self->is_server && (self->certificate_named || self->data_came)))
    return error;

  if (self->is_server)
    reason = g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED, error->message);
  else if (self->interaction_error != NULL)
    reason = g_error_copy (self->interaction_error);
  else
    /* What the other error says is of no more use: a reset, or an alert with the same words. */
    reason = g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED,
                                  _ ("The server insists on a certificate, and got none"));
  g_error_free (error);
  return reason;
}

void
handoff_connection_note_data (HandoffConnection *self)
{
  /* It stays so. */
  if (g_atomic_int_get (&self->data_came))
    return;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->data_came, TRUE);
  g_mutex_unlock (&self->lock);
}
