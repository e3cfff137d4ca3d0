/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer-verification.h"

#include <gnutls/ocsp.h>
#include <gnutls/x509.h>

#include "gnutls-support.h"
#include "keyblob/handoff-names.h"

typedef struct
{
  guint mask; /* gnutls_certificate_status_t */
  const char *name;
  const char *explanation;
  gnutls_alert_description_t alert;
} Reason;

/* RFC 8446 6.2; GnuTLS 3.7 has no name for it. */
#define BAD_CERTIFICATE_STATUS_RESPONSE ((gnutls_alert_description_t) 113)

/* What GnuTLS says only together with one of the reasons below. */
#define NO_REASON_OF_ITS_OWN ((guint) GNUTLS_CERT_INVALID)

/* The first that applies decides the alert. */
static const Reason reasons[] = {
  { GNUTLS_CERT_REVOKED, HANDOFF_VERIFICATION_REVOKED, "it was revoked",
    GNUTLS_A_CERTIFICATE_REVOKED },
  { GNUTLS_CERT_EXPIRED, HANDOFF_VERIFICATION_EXPIRED, "it has expired",
    GNUTLS_A_CERTIFICATE_EXPIRED },
  { GNUTLS_CERT_NOT_ACTIVATED, HANDOFF_VERIFICATION_NOT_ACTIVATED, "it is not valid yet",
    GNUTLS_A_CERTIFICATE_EXPIRED },
  { GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA |
        GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
    HANDOFF_VERIFICATION_UNKNOWN_AUTHORITY, "no trusted authority issued it", GNUTLS_A_UNKNOWN_CA },
  { GNUTLS_CERT_UNEXPECTED_OWNER, HANDOFF_VERIFICATION_WRONG_NAME, "it is for another name",
    GNUTLS_A_BAD_CERTIFICATE },
  { GNUTLS_CERT_PURPOSE_MISMATCH, HANDOFF_VERIFICATION_WRONG_PURPOSE,
    "it is not meant for this side of a TLS connection", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
  { GNUTLS_CERT_INSECURE_ALGORITHM, HANDOFF_VERIFICATION_INSECURE,
    "its chain uses an insecure algorithm", GNUTLS_A_BAD_CERTIFICATE },
  { GNUTLS_CERT_MISSING_OCSP_STATUS | GNUTLS_CERT_INVALID_OCSP_STATUS |
        GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
    HANDOFF_VERIFICATION_OCSP, "its OCSP status is missing, invalid or out of date",
    BAD_CERTIFICATE_STATUS_RESPONSE },
};

static gboolean
verify (gnutls_session_t session,
        gnutls_typed_vdata_st *data,
        guint n_data,
        guint *status,
        const char *what,
        GError **error)
{
  int code = gnutls_certificate_verify_peers (session, data, n_data, status);

  return code >= 0 || handoff_gnutls_set_error (error, code, what);
}

static gboolean
verify_client (gnutls_session_t session, guint *status, GError **error)
{
  gnutls_typed_vdata_st data[] = {
    { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, 0 },
  };

  return verify (session, data, G_N_ELEMENTS (data), status,
                 "Cannot verify the client's certificate", error);
}

gboolean
handoff_peer_verification_run (gnutls_session_t session,
                               HandoffRole role,
                               const HandoffServerIdentity *identity,
                               guint *status,
                               GError **error)
{
  gnutls_typed_vdata_st data[] = {
    { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) GNUTLS_KP_TLS_WWW_SERVER, 0 },
    { GNUTLS_DT_DNS_HOSTNAME, NULL, 0 },
  };

  if (role == HANDOFF_ROLE_SERVER)
    return verify_client (session, status, error);
  data[1].data = (unsigned char *) identity->host_name;
  if (identity->host_name == NULL)
    {
      data[1].type = GNUTLS_DT_IP_ADDRESS;
      data[1].data = (unsigned char *) identity->address;
      data[1].size = (unsigned int) identity->address_size;
    }

  return verify (session, data, G_N_ELEMENTS (data), status,
                 "Cannot verify the server's certificate", error);
}

GStrv
handoff_peer_verification_describe (guint status)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint unnamed = status & ~NO_REASON_OF_ITS_OWN;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if (status & reasons[i].mask)
        g_strv_builder_add (builder, reasons[i].name);
      unnamed &= ~reasons[i].mask;
    }
  if (unnamed != 0 || status == NO_REASON_OF_ITS_OWN)
    g_strv_builder_add (builder, HANDOFF_VERIFICATION_OTHER);
  return g_strv_builder_end (builder);
}

char *
handoff_peer_verification_explain (guint status,
                                   HandoffRole role,
                                   const HandoffServerIdentity *identity)
{
  GString *text = g_string_new (NULL);
  const char *separator = ": ";
  gsize i;

  g_string_printf (text, "The certificate of %s is not trusted",
                   role == HANDOFF_ROLE_CLIENT ? identity->text : "the client");
  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if (status & reasons[i].mask)
        {
          g_string_append_printf (text, "%s%s", separator, reasons[i].explanation);
          separator = "; ";
        }
    }
  return g_string_free (text, FALSE);
}

gnutls_alert_description_t
handoff_peer_verification_get_alert (guint status)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if (status & reasons[i].mask)
        return reasons[i].alert;
    }
  return GNUTLS_A_BAD_CERTIFICATE;
}

/* What the response itself says of the first certificate in it, trusted or not. */
static const char *
get_response_status (const gnutls_datum_t *response)
{
  gnutls_ocsp_resp_t parsed;
  unsigned int cert_status = GNUTLS_OCSP_CERT_UNKNOWN;
  int code = gnutls_ocsp_resp_init (&parsed);

  if (code < 0)
    return HANDOFF_OCSP_INVALID;

  code = gnutls_ocsp_resp_import (parsed, response);
  if (code >= 0)
    code = gnutls_ocsp_resp_get_single (parsed, 0, NULL, NULL, NULL, NULL, &cert_status, NULL, NULL,
                                        NULL, NULL);
  gnutls_ocsp_resp_deinit (parsed);

  if (code < 0)
    return HANDOFF_OCSP_INVALID;
  switch (cert_status)
    {
    case GNUTLS_OCSP_CERT_REVOKED:
      return HANDOFF_OCSP_REVOKED;
    case GNUTLS_OCSP_CERT_UNKNOWN:
      return HANDOFF_OCSP_UNKNOWN;
    default:
      /* It claims to be good, but is not the valid response that is_checked would have told of. */
      return HANDOFF_OCSP_INVALID;
    }
}

const char *
handoff_peer_verification_get_ocsp_status (gnutls_session_t session, guint status)
{
  gnutls_datum_t response;

  if (gnutls_ocsp_status_request_get (session, &response) < 0 || response.size == 0)
    return HANDOFF_OCSP_NONE;
  if (status & GNUTLS_CERT_REVOKED)
    return HANDOFF_OCSP_REVOKED;
  if (gnutls_ocsp_status_request_is_checked (session, 0) != 0)
    return HANDOFF_OCSP_GOOD;
  return get_response_status (&response);
}

/* -1 if it cannot be told. */
static time_t
get_expiration (const gnutls_datum_t *certificate)
{
  gnutls_x509_crt_t parsed;
  time_t expiration = -1;

  if (gnutls_x509_crt_init (&parsed) < 0)
    return -1;
  if (gnutls_x509_crt_import (parsed, certificate, GNUTLS_X509_FMT_DER) >= 0)
    expiration = gnutls_x509_crt_get_expiration_time (parsed);
  gnutls_x509_crt_deinit (parsed);
  return expiration;
}

/* When a response is to be replaced; -1 if it cannot be told. GnuTLS takes one that does not say
 * for three days (its MAX_OCSP_VALIDITY_SECS). */
static time_t
get_next_update (const gnutls_datum_t *response)
{
  const time_t default_validity = 3 * 24 * 60 * 60;
  gnutls_ocsp_resp_t parsed;
  time_t this_update = -1, next_update = -1;
  int code;

  if (gnutls_ocsp_resp_init (&parsed) < 0)
    return -1;
  code = gnutls_ocsp_resp_import (parsed, response);
  if (code >= 0)
    code = gnutls_ocsp_resp_get_single (parsed, 0, NULL, NULL, NULL, NULL, NULL, &this_update,
                                        &next_update, NULL, NULL);
  gnutls_ocsp_resp_deinit (parsed);
  if (code < 0)
    return -1;
  return next_update != (time_t) -1 ? next_update : this_update + default_validity;
}

guint
handoff_peer_verification_get_lifetime (gnutls_session_t session)
{
  unsigned int i, n_certificates = 0;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers (session, &n_certificates);
  gint64 now = g_get_real_time () / G_TIME_SPAN_SECOND;
  gint64 end = n_certificates > 0 ? G_MAXINT64 : now;
  gnutls_datum_t response;

  for (i = 0; i < n_certificates; i++)
    end = MIN (end, (gint64) get_expiration (&certificates[i]));
  for (i = 0; gnutls_ocsp_status_request_get2 (session, i, &response) >= 0; i++)
    if (response.size > 0)
      end = MIN (end, (gint64) get_next_update (&response));
  return (guint) CLAMP (end - now, 0, G_MAXINT32);
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
