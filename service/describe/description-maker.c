/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "describe/description-maker.h"

#include <gnutls/x509.h>

#include "certificate/certificate-parse.h"
#include "key/gnutls-support.h"
#include "key/public-key.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "trust/stapled-status.h"

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "certificates: %s",
               what);
  return FALSE;
}

static gnutls_datum_t
get_datum (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return (gnutls_datum_t){ (unsigned char *) data, (unsigned int) size };
}

/* Whether GnuTLS can show the certificate to a peer, and, if it is the first one, it is the key's.
 */
static gboolean
check_certificate (GPtrArray *certificates, guint i, gnutls_pubkey_t key, GError **error)
{
  const gnutls_datum_t datum = get_datum (g_ptr_array_index (certificates, i));
  gnutls_pcert_st pcert;
  int code = gnutls_pcert_import_x509_raw (&pcert, &datum, GNUTLS_X509_FMT_DER, 0);
  gboolean is_right;

  if (code < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "certificates: number %u is no X.509 certificate in DER that can be used: %s",
                   i + 1, gnutls_strerror (code));
      return FALSE;
    }
  is_right = i > 0 || handoff_gnutls_is_same_public_key (key, pcert.pubkey) ||
             refuse (error, "the first one is for another key");
  gnutls_pcert_deinit (&pcert);
  return is_right;
}

static gboolean
check_certificates (GPtrArray *certificates, gnutls_pubkey_t key, GError **error)
{
  guint i;

  if (!handoff_description_check_chain (certificates, error))
    return FALSE;
  for (i = 0; i < certificates->len; i++)
    {
      if (!check_certificate (certificates, i, key, error))
        return FALSE;
    }
  return TRUE;
}

/* (transfer full) (nullable): the issuer of the first certificate, if the chain has it. */
static gnutls_x509_crt_t
find_issuer (GPtrArray *certificates, gnutls_x509_crt_t first)
{
  guint i;

  for (i = 1; i < certificates->len; i++)
    {
      gnutls_x509_crt_t issuer = handoff_certificate_parse (g_ptr_array_index (certificates, i));

      if (issuer != NULL && gnutls_x509_crt_check_issuer (first, issuer) != 0)
        return issuer;
      g_clear_pointer (&issuer, gnutls_x509_crt_deinit);
    }
  return NULL;
}

static gint64
to_time (gint64 time)
{
  return CLAMP (time, 0, HANDOFF_MAX_CERTIFICATE_TIME);
}

/* When the response is out of date; 0, with the reason, if it may not be stapled: peers refuse a
 * connection for a response that is out of date or about another certificate, such as the one
 * before a renewal. If the chain lacks the issuer, the signature cannot be verified here. */
static gint64
read_ocsp_response (GBytes *response,
                    gnutls_x509_crt_t first,
                    GPtrArray *certificates,
                    const char **problem)
{
  const gnutls_datum_t datum = get_datum (response);
  gnutls_x509_crt_t issuer;
  HandoffStapledStatus status = { NULL };

  if (g_bytes_get_size (response) > HANDOFF_MAX_STAPLE_SIZE)
    {
      *problem = "it has more than 16 KiB";
      return 0;
    }
  issuer = find_issuer (certificates, first);
  handoff_stapled_status_read (&datum, first, issuer, &status);
  g_clear_pointer (&issuer, gnutls_x509_crt_deinit);
  if (g_str_equal (status.status, HANDOFF_OCSP_GOOD) ||
      g_strcmp0 (status.problem, HANDOFF_OCSP_PROBLEM_NOT_VERIFIED) == 0)
    return to_time (status.end);
  if (status.problem != NULL)
    *problem = handoff_stapled_status_explain (status.problem);
  else if (g_str_equal (status.status, HANDOFF_OCSP_REVOKED))
    *problem = "it says that the certificate is revoked";
  else
    *problem = "the responder does not know the certificate";
  return 0;
}

HandoffDescription *
handoff_description_make (gnutls_pubkey_t key,
                          GPtrArray *certificates,
                          GBytes *ocsp_response,
                          GError **error)
{
  g_autoptr (GBytes) public_key = NULL;
  g_autofree char *algorithm = handoff_public_key_dup_algorithm (key);
  gnutls_x509_crt_t first = NULL;
  gint64 not_before = 0, not_after = 0, ocsp_not_after = 0;
  const char *ocsp_problem = NULL;

  if (certificates != NULL && !check_certificates (certificates, key, error))
    return NULL;
  public_key = handoff_public_key_export (key, error);
  if (public_key == NULL)
    return NULL;
  if (certificates != NULL && certificates->len > 0)
    first = handoff_certificate_parse (g_ptr_array_index (certificates, 0));
  if (first != NULL)
    {
      not_before = to_time ((gint64) gnutls_x509_crt_get_activation_time (first));
      not_after = to_time ((gint64) gnutls_x509_crt_get_expiration_time (first));
    }
  if (ocsp_response != NULL && first != NULL)
    ocsp_not_after = read_ocsp_response (ocsp_response, first, certificates, &ocsp_problem);
  else if (ocsp_response != NULL)
    ocsp_problem = "the credential has no certificate";
  g_clear_pointer (&first, gnutls_x509_crt_deinit);
  return handoff_description_new (public_key, algorithm, certificates, not_before, not_after,
                                  ocsp_not_after > 0 ? ocsp_response : NULL, ocsp_not_after,
                                  ocsp_problem, error);
}
