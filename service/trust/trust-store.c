/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/trust-store.h"

#include <gnutls/x509.h>

#include "certificate/certificate-limits.h"
#include "key/gnutls-support.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

struct _HandoffTrustStore
{
  gatomicrefcount ref_count;
  gnutls_certificate_credentials_t credentials; /* (owned) */
};

static int
retrieve (gnutls_session_t session,
          const struct gnutls_cert_retr_st *info,
          gnutls_pcert_st **pcerts,
          unsigned int *n_pcerts,
          gnutls_ocsp_data_st **ocsp,
          unsigned int *n_ocsp,
          gnutls_privkey_t *key,
          unsigned int *flags)
{
  const HandoffCertificateSource *source = gnutls_session_get_ptr (session);

  return source->retrieve (session, info, pcerts, n_pcerts, ocsp, n_ocsp, key, flags);
}

static HandoffTrustStore *
trust_store_new (GError **error)
{
  HandoffTrustStore *self;
  gnutls_certificate_credentials_t credentials;
  int code = gnutls_certificate_allocate_credentials (&credentials);

  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot make a trust store");
      return NULL;
    }

  self = g_new0 (HandoffTrustStore, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->credentials = credentials;
  /* Set here once, since it is shared; each handshake has a credential of its own. */
  gnutls_certificate_set_retrieve_function3 (credentials, retrieve);
  /* OCSP responses, too, are not checked here, against all that the peer sent, but against the
   * chain that was verified (stapled-status.h). There are no CRLs. */
  gnutls_certificate_set_verify_flags (credentials,
                                       gnutls_certificate_get_verify_flags (credentials) |
                                           GNUTLS_VERIFY_DISABLE_CRL_CHECKS);
  /* For DHE with clients that name no group (RFC 7919). */
  gnutls_certificate_set_known_dh_params (credentials, GNUTLS_SEC_PARAM_MEDIUM);
  return self;
}

static const char *
get_name (const char *path)
{
  return *path == '\0' ? "of the system" : path;
}

/* n_certificates: that it has, or an error code of GnuTLS's. self: (transfer full) */
static HandoffTrustStore *
finish_loading (HandoffTrustStore *owned, const char *path, int n_certificates, GError **error)
{
  g_autoptr (HandoffTrustStore) self = owned;

  if (n_certificates < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Cannot load the trust store %s: %s", get_name (path),
                   gnutls_strerror (n_certificates));
      return NULL;
    }
  if (n_certificates == 0)
    g_warning ("The trust store %s is empty: no server will be trusted", get_name (path));
  else
    g_info ("Loaded %d trust anchors", n_certificates);
  return g_steal_pointer (&self);
}

HandoffTrustStore *
handoff_trust_store_new_for_pem (const char *path, GBytes *pem, GError **error)
{
  HandoffTrustStore *self = trust_store_new (error);
  int n_certificates = 0;

  if (self == NULL)
    return NULL;

  if (pem != NULL)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (pem, &size);
      const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };

      n_certificates =
          gnutls_certificate_set_x509_trust_mem (self->credentials, &datum, GNUTLS_X509_FMT_PEM);
    }
  return finish_loading (self, path, n_certificates, error);
}

/* Whether the certificate can be read, and chains can be verified with it, in a bounded time. */
static gboolean
check_anchor (const gnutls_datum_t *der, guint number, GError **error)
{
  HandoffCertificateSum sum = { 0 };

  if (handoff_certificate_sum_add (&sum, der->data, der->size, error))
    return TRUE;
  g_prefix_error (error, "Option %s: certificate %u ", HANDOFF_OPTION_TRUST_ANCHORS, number);
  return FALSE;
}

HandoffTrustStore *
handoff_trust_store_new_for_anchors (GPtrArray *anchors, GError **error)
{
  g_autoptr (HandoffTrustStore) self = trust_store_new (error);
  guint i;

  if (self == NULL)
    return NULL;

  for (i = 0; i < anchors->len; i++)
    {
      GBytes *anchor = g_ptr_array_index (anchors, i);
      gsize size;
      gconstpointer data = g_bytes_get_data (anchor, &size);
      gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
      int code;

      if (!check_anchor (&datum, i, error))
        return NULL;
      code = gnutls_certificate_set_x509_trust_mem (self->credentials, &datum, GNUTLS_X509_FMT_DER);
      if (code < 0)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                       "Option %s: certificate %u is no X.509 certificate in DER: %s",
                       HANDOFF_OPTION_TRUST_ANCHORS, i, gnutls_strerror (code));
          return NULL;
        }
    }
  return g_steal_pointer (&self);
}

HandoffTrustStore *
handoff_trust_store_ref (HandoffTrustStore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_trust_store_unref (HandoffTrustStore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  gnutls_certificate_free_credentials (self->credentials);
  g_free (self);
}

gnutls_certificate_credentials_t
handoff_trust_store_get_credentials (HandoffTrustStore *self)
{
  return self->credentials;
}
