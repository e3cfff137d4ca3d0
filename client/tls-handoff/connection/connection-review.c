/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A certificate that the service does not trust, and what the application says to it: its own
 * database, if it has one, and then GTlsClientConnection:validation-flags and
 * GTlsConnection::accept-certificate, with GIO's own meaning. */

#include "connection/connection-review.h"

#include "call/certificates-variant.h"
#include "connection/gio-mapping.h"
#include "handshake/tls-certificate.h"
#include "keyblob/handoff-names.h"

static gboolean
has_handler (HandoffConnection *self)
{
  guint signal_id = g_signal_lookup ("accept-certificate", G_TYPE_TLS_CONNECTION);

  return g_signal_has_handler_pending (self, signal_id, 0, FALSE);
}

/* A client that cannot say who the server is. That is a fault of any certificate, and not one that
 * ends the handshake: what the application says to it counts. */
static gboolean
expects_nobody (HandoffConnection *self)
{
  g_autofree char *identity = NULL;

  if (self->is_server)
    return FALSE;
  identity = handoff_server_identity_from_connectable (self->server_identity);
  return *identity == '\0';
}

gboolean
handoff_connection_wants_review (HandoffConnection *self, const char *server_identity)
{
  /* A client that expects nobody has to be asked. */
  return self->judge != NULL || (!self->is_server && *server_identity == '\0') ||
         (!self->is_server && (self->validation_flags & G_TLS_CERTIFICATE_VALIDATE_ALL) !=
                                  G_TLS_CERTIFICATE_VALIDATE_ALL) ||
         has_handler (self);
}

/* What is wrong in the service's eyes. */
static GTlsCertificateFlags
get_errors (GVariant *details)
{
  g_autoptr (GVariant) verification_errors = NULL;
  GTlsCertificateFlags errors;

  verification_errors = g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFICATION_ERRORS,
                                                G_VARIANT_TYPE_STRING_ARRAY);
  errors = handoff_certificate_flags_from_variant (verification_errors);
  /* The service does not ask about a certificate without a fault: so the fault is one that we have
   * no flag for. */
  return errors != G_TLS_CERTIFICATE_NO_FLAGS ? errors : G_TLS_CERTIFICATE_GENERIC_ERROR;
}

/* (transfer full) (nullable): a certificate that cannot be shown cannot be judged */
static GTlsCertificate *
get_certificate (GVariant *details)
{
  g_autoptr (GVariant) certificates = NULL;
  g_autoptr (GVariant) path = NULL;
  g_autoptr (GPtrArray) sent = NULL;
  g_autoptr (GPtrArray) chain = NULL;

  certificates =
      g_variant_lookup_value (details, HANDOFF_DETAIL_PEER_CERTIFICATES, G_VARIANT_TYPE ("aay"));
  if (certificates == NULL)
    return NULL;
  sent = handoff_certificates_from_variant (certificates);
  path = g_variant_lookup_value (details, HANDOFF_DETAIL_VERIFIED_PATH, G_VARIANT_TYPE ("au"));
  chain = handoff_certificates_select (sent, path);
  return handoff_tls_certificate_new (chain);
}

/* The verdict of the application's database. What the service knows and the database cannot is
 * added: a revocation of which the server itself told, and that nobody is expected. failure:
 * (nullable) (transfer full): why it could not judge */
static void
take_verdict (HandoffConnection *self,
              GTlsCertificateFlags verdict,
              GError *failure,
              GVariant *details)
{
  if (failure != NULL)
    verdict |= G_TLS_CERTIFICATE_GENERIC_ERROR;
  if (expects_nobody (self))
    verdict |= G_TLS_CERTIFICATE_BAD_IDENTITY;
  g_mutex_lock (&self->lock);
  self->judged = TRUE;
  g_clear_error (&self->judge_failure);
  self->judge_failure = failure;
  self->verdict = verdict | (get_errors (details) & G_TLS_CERTIFICATE_REVOKED);
  g_mutex_unlock (&self->lock);
}

static const char *
get_purpose (HandoffConnection *self)
{
  return self->is_server ? G_TLS_DATABASE_PURPOSE_AUTHENTICATE_CLIENT
                         : G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER;
}

/* A database knows names and addresses of the internet; of others it says that it cannot judge.
 * (nullable) */
static GSocketConnectable *
get_identity (HandoffConnection *self)
{
  return G_IS_NETWORK_ADDRESS (self->server_identity) ||
                 G_IS_NETWORK_SERVICE (self->server_identity) ||
                 G_IS_INET_SOCKET_ADDRESS (self->server_identity)
             ? self->server_identity
             : NULL;
}

void
handoff_connection_judge (HandoffConnection *self, GVariant *details)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;
  GTlsCertificateFlags verdict;

  if (self->judge == NULL)
    return;
  certificate = get_certificate (details);
  if (certificate == NULL)
    return;

  verdict = g_tls_database_verify_chain (
      self->judge, certificate, get_purpose (self), get_identity (self), self->interaction,
      G_TLS_DATABASE_VERIFY_NONE, self->handshake_cancellable, &error);
  take_verdict (self, verdict, g_steal_pointer (&error), details);
}

/* What a judgement under way holds. */
typedef struct
{
  HandoffConnection *connection; /* (owned) */
  GVariant *details;             /* (owned) */
  HandoffJudgedFunc func;
  gpointer user_data;
} Judging;

static void
verified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Judging *judging = user_data;
  g_autoptr (GError) error = NULL;
  GTlsCertificateFlags verdict;

  verdict = g_tls_database_verify_chain_finish (G_TLS_DATABASE (source), result, &error);
  take_verdict (judging->connection, verdict, g_steal_pointer (&error), judging->details);
  judging->func (judging->user_data);

  g_object_unref (judging->connection);
  g_variant_unref (judging->details);
  g_free (judging);
}

void
handoff_connection_judge_async (HandoffConnection *self,
                                GVariant *details,
                                HandoffJudgedFunc func,
                                gpointer user_data)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  Judging *judging;

  if (self->judge != NULL)
    certificate = get_certificate (details);
  if (certificate == NULL)
    {
      func (user_data);
      return;
    }

  judging = g_new0 (Judging, 1);
  judging->connection = g_object_ref (self);
  judging->details = g_variant_ref (details);
  judging->func = func;
  judging->user_data = user_data;
  g_tls_database_verify_chain_async (
      self->judge, certificate, get_purpose (self), get_identity (self), self->interaction,
      G_TLS_DATABASE_VERIFY_NONE, self->handshake_cancellable, verified_cb, judging);
}

static GTlsCertificateFlags
get_judged_errors (HandoffConnection *self, GVariant *details)
{
  return self->judged ? self->verdict : get_errors (details);
}

/* A server's application is asked in any case, as in GIO. A certificate that the application's
 * database could not be shown is refused. */
gboolean
handoff_connection_must_decide (HandoffConnection *self, GVariant *details)
{
  return self->is_server || (self->judge != NULL && !self->judged) ||
         (get_judged_errors (self, details) & self->validation_flags) != 0;
}

gboolean
handoff_connection_decide (HandoffConnection *self, GVariant *details)
{
  g_autoptr (GTlsCertificate) certificate = get_certificate (details);

  return certificate != NULL &&
         g_tls_connection_emit_accept_certificate (G_TLS_CONNECTION (self), certificate,
                                                   get_judged_errors (self, details));
}
