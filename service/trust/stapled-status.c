/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/stapled-status.h"

#include <gnutls/ocsp.h>
#include <gnutls/x509-ext.h>

#include "keyblob/handoff-names.h"
#include "work/clock.h"

/* A response may be about many certificates; a stapled one is about one. */
#define MAX_SINGLE_RESPONSES 16
/* How far the clocks of responders may be ahead, in seconds. */
#define MAX_CLOCK_SKEW 300
/* How long a response holds that does not say it, in seconds; the same as GnuTLS's. */
#define DEFAULT_VALIDITY (3 * 24 * 60 * 60)
#define STATUS_REQUEST 5 /* RFC 6066 1.1 */

/* What a response says of one certificate. */
typedef struct
{
  unsigned int status; /* gnutls_ocsp_cert_status_t */
  time_t this_update, next_update;
} SingleResponse;

static void
be_invalid (HandoffStapledStatus *result, const char *problem, HandoffTrustProblems problems)
{
  result->status = HANDOFF_OCSP_INVALID;
  result->problem = problem;
  if (problems != 0)
    result->problems = problems | GNUTLS_CERT_INVALID;
}

/* Why a response has no status (RFC 6960 4.2.1). NULL: it has one. */
static const char *
get_refusal (gnutls_ocsp_resp_t response)
{
  switch (gnutls_ocsp_resp_get_status (response))
    {
    case GNUTLS_OCSP_RESP_SUCCESSFUL:
      return NULL;
    case GNUTLS_OCSP_RESP_MALFORMEDREQUEST:
      return HANDOFF_OCSP_PROBLEM_MALFORMED_REQUEST;
    case GNUTLS_OCSP_RESP_INTERNALERROR:
      return HANDOFF_OCSP_PROBLEM_INTERNAL_ERROR;
    case GNUTLS_OCSP_RESP_TRYLATER:
      return HANDOFF_OCSP_PROBLEM_TRY_LATER;
    case GNUTLS_OCSP_RESP_SIGREQUIRED:
      return HANDOFF_OCSP_PROBLEM_SIG_REQUIRED;
    case GNUTLS_OCSP_RESP_UNAUTHORIZED:
      return HANDOFF_OCSP_PROBLEM_UNAUTHORIZED;
    default:
      return HANDOFF_OCSP_PROBLEM_MALFORMED;
    }
}

static gboolean
find_single (gnutls_ocsp_resp_t response, gnutls_x509_crt_t certificate, SingleResponse *single)
{
  unsigned int i;

  for (i = 0; i < MAX_SINGLE_RESPONSES; i++)
    {
      if (gnutls_ocsp_resp_check_crt (response, i, certificate) >= 0)
        return gnutls_ocsp_resp_get_single (response, i, NULL, NULL, NULL, NULL, &single->status,
                                            &single->this_update, &single->next_update, NULL,
                                            NULL) >= 0;
    }
  return FALSE;
}

static gboolean
is_signed_for (gnutls_ocsp_resp_t response, gnutls_x509_crt_t issuer)
{
  unsigned int status = 0;

  return gnutls_ocsp_resp_verify_direct (response, issuer, &status, 0) >= 0 && status == 0;
}

static void
read_single (const SingleResponse *single, gboolean is_verified, HandoffStapledStatus *result)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  /* A revocation stays true. */
  if (single->status == GNUTLS_OCSP_CERT_REVOKED)
    {
      result->status = HANDOFF_OCSP_REVOKED;
      if (is_verified)
        result->problems = GNUTLS_CERT_REVOKED | GNUTLS_CERT_INVALID;
      return;
    }
  result->end = single->next_update != (time_t) -1
                    ? (gint64) single->next_update
                    : (gint64) single->this_update + DEFAULT_VALIDITY;
  if (single->this_update == (time_t) -1)
    be_invalid (result, HANDOFF_OCSP_PROBLEM_MALFORMED, GNUTLS_CERT_INVALID_OCSP_STATUS);
  else if ((gint64) single->this_update > now + MAX_CLOCK_SKEW)
    be_invalid (result, HANDOFF_OCSP_PROBLEM_NOT_YET_VALID,
                GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE);
  else if (result->end < now)
    be_invalid (result, HANDOFF_OCSP_PROBLEM_OUTDATED, GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED);
  else if (single->status != GNUTLS_OCSP_CERT_GOOD)
    result->status = HANDOFF_OCSP_UNKNOWN;
  else if (!is_verified)
    be_invalid (result, HANDOFF_OCSP_PROBLEM_NOT_VERIFIED, 0);
  else
    result->status = HANDOFF_OCSP_GOOD;
}

static void
read_parsed (gnutls_ocsp_resp_t response,
             gnutls_x509_crt_t certificate,
             gnutls_x509_crt_t issuer,
             HandoffStapledStatus *result)
{
  const char *refusal = get_refusal (response);
  SingleResponse single;

  if (refusal != NULL)
    be_invalid (result, refusal, 0);
  else if (!find_single (response, certificate, &single))
    be_invalid (result, HANDOFF_OCSP_PROBLEM_OTHER_CERTIFICATE, GNUTLS_CERT_INVALID_OCSP_STATUS);
  else if (issuer != NULL && !is_signed_for (response, issuer))
    be_invalid (result, HANDOFF_OCSP_PROBLEM_OTHER_SIGNER, GNUTLS_CERT_INVALID_OCSP_STATUS);
  else
    read_single (&single, issuer != NULL, result);
}

void
handoff_stapled_status_read (const gnutls_datum_t *response,
                             gnutls_x509_crt_t certificate,
                             gnutls_x509_crt_t issuer,
                             HandoffStapledStatus *result)
{
  gnutls_ocsp_resp_t parsed;

  *result = (HandoffStapledStatus){ .status = HANDOFF_OCSP_INVALID, .end = G_MAXINT64 };
  if (gnutls_ocsp_resp_init (&parsed) < 0)
    {
      be_invalid (result, HANDOFF_OCSP_PROBLEM_MALFORMED, GNUTLS_CERT_INVALID_OCSP_STATUS);
      return;
    }
  if (gnutls_ocsp_resp_import (parsed, response) >= 0)
    read_parsed (parsed, certificate, issuer, result);
  else
    be_invalid (result, HANDOFF_OCSP_PROBLEM_MALFORMED, GNUTLS_CERT_INVALID_OCSP_STATUS);
  gnutls_ocsp_resp_deinit (parsed);
}

const char *
handoff_stapled_status_explain (const char *problem)
{
  static const struct
  {
    const char *problem;
    const char *text;
  } texts[] = {
    { HANDOFF_OCSP_PROBLEM_MALFORMED_REQUEST, "the responder did not understand the question" },
    { HANDOFF_OCSP_PROBLEM_INTERNAL_ERROR, "the responder had an internal error" },
    { HANDOFF_OCSP_PROBLEM_TRY_LATER, "the responder answered only: try later" },
    { HANDOFF_OCSP_PROBLEM_SIG_REQUIRED, "the responder wants signed questions" },
    { HANDOFF_OCSP_PROBLEM_UNAUTHORIZED, "the responder is not one for this certificate" },
    { HANDOFF_OCSP_PROBLEM_MALFORMED, "it cannot be read" },
    { HANDOFF_OCSP_PROBLEM_OTHER_CERTIFICATE, "it is about another certificate" },
    { HANDOFF_OCSP_PROBLEM_OTHER_SIGNER, "its signer may not sign it" },
    { HANDOFF_OCSP_PROBLEM_NOT_YET_VALID, "it is from the future" },
    { HANDOFF_OCSP_PROBLEM_OUTDATED, "it is out of date" },
    { HANDOFF_OCSP_PROBLEM_NOT_VERIFIED, "the issuer of the certificate is not known for sure" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      if (g_str_equal (texts[i].problem, problem))
        return texts[i].text;
    }
  return problem;
}

gboolean
handoff_stapled_status_is_required (gnutls_x509_crt_t certificate)
{
  gnutls_x509_tlsfeatures_t features;
  unsigned int i, feature;
  gboolean is_required = FALSE;

  if (gnutls_x509_tlsfeatures_init (&features) < 0)
    return FALSE;
  if (gnutls_x509_crt_get_tlsfeatures (certificate, features, 0, NULL) >= 0)
    {
      for (i = 0; gnutls_x509_tlsfeatures_get (features, i, &feature) >= 0; i++)
        is_required = is_required || feature == STATUS_REQUEST;
    }
  gnutls_x509_tlsfeatures_deinit (features);
  return is_required;
}
