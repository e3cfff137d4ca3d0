/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/peer-verification.h"

#include <gnutls/x509.h>

#include "certificate/certificate-parse.h"
#include "keyblob/handoff-names.h"
#include "trust/peer-paths.h"
#include "trust/stapled-status.h"
#include "trust/verification-trace.h"
#include "work/clock.h"

HandoffPeerVerification *
handoff_peer_verification_new_for_none (void)
{
  HandoffPeerVerification *self = g_new0 (HandoffPeerVerification, 1);

  self->ocsp_status = HANDOFF_OCSP_NONE;
  return self;
}

HandoffPeerVerification *
handoff_peer_verification_copy (const HandoffPeerVerification *self)
{
  HandoffPeerVerification *copy = g_memdup2 (self, sizeof *self);

  copy->explanation = g_strdup (self->explanation);
  if (self->path != NULL)
    g_variant_ref (copy->path);
  return copy;
}

void
handoff_peer_verification_free (HandoffPeerVerification *self)
{
  g_free (self->explanation);
  g_clear_pointer (&self->path, g_variant_unref);
  g_free (self);
}

static int
verify_client (gnutls_session_t session, guint *status)
{
  gnutls_typed_vdata_st data[] = {
    { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, 0 },
  };

  return gnutls_certificate_verify_peers (session, data, G_N_ELEMENTS (data), status);
}

static int
verify_server (gnutls_session_t session, const HandoffServerIdentity *identity, guint *status)
{
  gnutls_typed_vdata_st data[] = {
    { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_SERVER, 0 },
    { GNUTLS_DT_DNS_HOSTNAME, (unsigned char *) identity->host_name, 0 },
  };

  if (identity->host_name == NULL)
    {
      data[1].type = GNUTLS_DT_IP_ADDRESS;
      data[1].data = (unsigned char *) identity->address;
      data[1].size = (unsigned int) identity->address_size;
    }
  return gnutls_certificate_verify_peers (
      session, data, handoff_server_identity_is_nobody (identity) ? 1 : G_N_ELEMENTS (data),
      status);
}

/* What an error code of GnuTLS means, in place of a status. */
static HandoffTrustProblems
get_problem_of_code (int code)
{
  switch (code)
    {
    case GNUTLS_E_CONSTRAINT_ERROR:
      return HANDOFF_TRUST_CHAIN_TOO_LONG;
    case GNUTLS_E_MEMORY_ERROR:
    case GNUTLS_E_INTERNAL_ERROR:
    case GNUTLS_E_INVALID_REQUEST:
    case GNUTLS_E_INSUFFICIENT_CREDENTIALS:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
      return HANDOFF_TRUST_NOT_VERIFIED;
    default:
      return HANDOFF_TRUST_MALFORMED; /* codes of the decoder */
    }
}

/* All that the peer sent, where no chain was verified. */
static GPtrArray *
new_sent_chain (gnutls_session_t session)
{
  GPtrArray *chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  unsigned int i, n_certificates = 0;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers (session, &n_certificates);

  for (i = 0; i < n_certificates; i++)
    g_ptr_array_add (chain, g_bytes_new (certificates[i].data, certificates[i].size));
  return chain;
}

/* Where a certificate is in the peer's message; -1 if it is not there. */
static int
find_position (gnutls_session_t session, GBytes *certificate)
{
  unsigned int i, n_certificates = 0;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers (session, &n_certificates);
  gsize size;
  gconstpointer data = g_bytes_get_data (certificate, &size);

  for (i = 0; i < n_certificates; i++)
    {
      if (certificates[i].size == size && memcmp (certificates[i].data, data, size) == 0)
        return (int) i;
    }
  return -1;
}

static GVariant *
new_path (gnutls_session_t session, GPtrArray *chain)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("au"));
  for (i = 0; i < chain->len; i++)
    {
      int position = find_position (session, chain->pdata[i]);

      if (position >= 0)
        g_variant_builder_add (&builder, "u", (guint) position);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gboolean
find_response (gnutls_session_t session, GBytes *certificate, gnutls_datum_t *response)
{
  int position = find_position (session, certificate);

  return position >= 0 &&
         gnutls_ocsp_status_request_get2 (session, (unsigned int) position, response) >= 0 &&
         response->size > 0;
}

/* A revoked intermediate is reported like a revoked peer. */
static void
take_status (HandoffPeerVerification *self, const HandoffStapledStatus *status, gboolean is_first)
{
  self->problems |= status->problems;
  self->end = MIN (self->end, status->end);
  if (is_first || (status->problems & GNUTLS_CERT_REVOKED) != 0)
    {
      self->ocsp_status = status->status;
      self->ocsp_problem = status->problem;
    }
}

/* One certificate of the chain: its time, and the status that was stapled for it. certificate:
 * (nullable): NULL if it cannot be read. issuer: (nullable). may_require: whether it may demand a
 * status. */
static void
take_certificate (HandoffPeerVerification *self,
                  gnutls_session_t session,
                  HandoffVerificationTrace *trace,
                  GBytes *der,
                  gnutls_x509_crt_t certificate,
                  gnutls_x509_crt_t issuer,
                  gboolean is_first,
                  gboolean may_require)
{
  HandoffStapledStatus status = { .status = HANDOFF_OCSP_NONE, .end = G_MAXINT64 };
  gnutls_datum_t response;

  if (certificate == NULL)
    {
      self->end = 0;
      return;
    }
  self->end = MIN (self->end, (gint64) gnutls_x509_crt_get_expiration_time (certificate));
  if (find_response (session, der, &response))
    handoff_stapled_status_read (&response, certificate, issuer, &status);
  take_status (self, &status, is_first);
  if (status.problems != 0)
    handoff_verification_trace_add (trace, status.problems & ~GNUTLS_CERT_INVALID, certificate);
  /* A status that is wrong in itself says already why it is not good. */
  else if (is_first && may_require && !g_str_equal (status.status, HANDOFF_OCSP_GOOD) &&
           handoff_stapled_status_is_required (certificate))
    self->problems |= GNUTLS_CERT_MISSING_OCSP_STATUS | GNUTLS_CERT_INVALID;
}

static void
take_chain (HandoffPeerVerification *self,
            gnutls_session_t session,
            HandoffRole role,
            HandoffVerificationTrace *trace)
{
  GPtrArray *path = handoff_verification_trace_get_path (trace);
  g_autoptr (GPtrArray) chain = path != NULL ? g_ptr_array_ref (path) : new_sent_chain (session);
  /* An anchor itself is trusted, whatever it demands. */
  gboolean may_require = role == HANDOFF_ROLE_CLIENT && (path == NULL || path->len > 1);
  /* Of a chain that leads nowhere, only the peer's own certificate is of interest. */
  guint i, n = path == NULL && self->problems != 0 ? MIN (chain->len, 1) : chain->len;
  gnutls_x509_crt_t certificate = n > 0 ? handoff_certificate_parse (chain->pdata[0]) : NULL;

  if (path != NULL)
    self->path = new_path (session, path);
  self->end = chain->len > 0 ? G_MAXINT64 : 0;
  for (i = 0; i < n; i++)
    {
      gnutls_x509_crt_t next = i + 1 < n ? handoff_certificate_parse (chain->pdata[i + 1]) : NULL;

      take_certificate (self, session, trace, chain->pdata[i], certificate,
                        path != NULL ? next : NULL, i == 0, may_require);
      g_clear_pointer (&certificate, gnutls_x509_crt_deinit);
      certificate = next;
    }
}

/* What to say of the status, where the reason alone does not say it. (nullable) */
static const char *
explain_status (const HandoffPeerVerification *self, const HandoffTrustReason *reason)
{
  if ((reason->mask & (GNUTLS_CERT_MISSING_OCSP_STATUS | GNUTLS_CERT_INVALID_OCSP_STATUS)) == 0)
    return NULL;
  if (self->ocsp_problem != NULL)
    return handoff_stapled_status_explain (self->ocsp_problem);
  return g_str_equal (self->ocsp_status, HANDOFF_OCSP_UNKNOWN)
             ? "the responder does not know the certificate"
             : NULL;
}

static void
append_problem (GString *text, const HandoffTrustReason *reason, HandoffVerificationTrace *trace)
{
  const char *subject, *remark;

  handoff_verification_trace_get_finding (trace, reason->mask, &subject, &remark);
  if (subject != NULL && reason->of_other != NULL)
    g_string_append_printf (text, "“%s” in its chain %s", subject, reason->of_other);
  else
    g_string_append (text, reason->own);
  if (remark != NULL)
    g_string_append_printf (text, " (%s)", remark);
}

/* code: negative if GnuTLS gave an error code */
static char *
explain (const HandoffPeerVerification *self,
         HandoffRole role,
         const HandoffServerIdentity *identity,
         HandoffVerificationTrace *trace,
         int code)
{
  HandoffTrustProblems unknown = handoff_trust_problems_get_unknown (self->problems);
  const HandoffTrustReason *reason;
  const char *status;
  const char *separator = ": ";
  GString *text = g_string_new (NULL);
  guint i;

  g_string_printf (text, "The certificate of %s is not trusted",
                   role == HANDOFF_ROLE_CLIENT ? handoff_server_identity_describe (identity)
                                               : "the client");
  for (i = 0; (reason = handoff_trust_reason_get (i)) != NULL; i++)
    {
      if ((self->problems & reason->mask) == 0)
        continue;
      g_string_append (text, separator);
      if (reason->mask == GNUTLS_CERT_UNEXPECTED_OWNER && identity != NULL &&
          handoff_server_identity_is_nobody (identity))
        g_string_append (text, "the caller does not say whose it should be");
      else
        append_problem (text, reason, trace);
      status = explain_status (self, reason);
      if (status != NULL)
        g_string_append_printf (text, " (%s)", status);
      separator = "; ";
    }
  if (unknown != 0)
    g_string_append_printf (text, "%sit did not verify, and GnuTLS does not say why (status 0x%x)",
                            separator, (guint) unknown);
  if (code < 0 && code != GNUTLS_E_CONSTRAINT_ERROR)
    g_string_append_printf (text, " (%s)", gnutls_strerror (code));
  return g_string_free (text, FALSE);
}

/* What GnuTLS says of the session's certificates. */
typedef struct
{
  gnutls_session_t session;
  HandoffRole role;
  const HandoffServerIdentity *identity; /* (nullable) */
  HandoffVerificationTrace *trace;       /* (owned) (nullable) */
  guint status;
  int code;
} Verifying;

static void
verify (Verifying *self)
{
  unsigned int n_certificates = 0;
  const gnutls_datum_t *certificates =
      gnutls_certificate_get_peers (self->session, &n_certificates);

  self->trace = handoff_verification_trace_new ();
  handoff_verification_trace_begin (self->trace, certificates);
  gnutls_session_set_verify_output_function (self->session, handoff_verification_trace_step);
  self->code = self->role == HANDOFF_ROLE_SERVER
                   ? verify_client (self->session, &self->status)
                   : verify_server (self->session, self->identity, &self->status);
  gnutls_session_set_verify_output_function (self->session, NULL);
  handoff_verification_trace_end (self->trace);
}

/* A better path replaces the one that user_data has. */
static gboolean
verify_other_path (gpointer user_data)
{
  Verifying *self = user_data;
  Verifying other = { self->session, self->role, self->identity, NULL, 0, 0 };
  gboolean is_trusted;

  verify (&other);
  is_trusted = other.code >= 0 && other.status == 0;
  if (is_trusted)
    {
      handoff_verification_trace_free (self->trace);
      *self = other;
    }
  else
    handoff_verification_trace_free (other.trace);
  return is_trusted;
}

HandoffPeerVerification *
handoff_peer_verification_run (gnutls_session_t session,
                               HandoffRole role,
                               const HandoffServerIdentity *identity)
{
  HandoffPeerVerification *self = handoff_peer_verification_new_for_none ();
  Verifying verifying = { session, role, identity, NULL, 0, 0 };
  g_autoptr (HandoffVerificationTrace) trace = NULL;

  verify (&verifying);
  /* The name does not change with the path. */
  if (verifying.code >= 0 && verifying.status != 0 &&
      (verifying.status & GNUTLS_CERT_UNEXPECTED_OWNER) == 0)
    handoff_peer_paths_try (session, verify_other_path, &verifying);
  trace = verifying.trace;

  if (verifying.status & GNUTLS_CERT_UNEXPECTED_OWNER)
    handoff_verification_trace_find_names (trace);
  self->problems = verifying.code < 0 ? get_problem_of_code (verifying.code)
                                      : handoff_verification_trace_refine (trace, verifying.status);
  /* Whoever the peer is, it is not whom the caller expects. */
  if (identity != NULL && handoff_server_identity_is_nobody (identity))
    self->problems |= GNUTLS_CERT_UNEXPECTED_OWNER | GNUTLS_CERT_INVALID;
  take_chain (self, session, role, trace);
  if (self->problems != 0)
    self->explanation = explain (self, role, identity, trace, verifying.code);
  return self;
}

guint
handoff_peer_verification_get_lifetime (const HandoffPeerVerification *self)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  return (guint) CLAMP (self->end - now, 0, G_MAXINT32);
}

GVariant *
handoff_peer_verification_get_certificates (gnutls_session_t session)
{
  unsigned int i, n_certificates = 0;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers (session, &n_certificates);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  for (i = 0; certificates != NULL && i < n_certificates; i++)
    g_variant_builder_add_value (&builder, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                                      certificates[i].data,
                                                                      certificates[i].size, 1));
  return g_variant_builder_end (&builder);
}
