/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/credential.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "key/gnutls-support.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "trust/stapled-status.h"
#include "work/clock.h"

/* Peers with OpenSSL take chains of 100 KiB, those with GnuTLS 128. Larger ones would take long to
 * parse. */
#define MAX_CHAIN_SIZE (96 * 1024)

static char *
make_id (void)
{
  guint64 random[2];

  if (gnutls_rnd (GNUTLS_RND_NONCE, random, sizeof random) < 0)
    g_error ("No random numbers");
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", random[0],
                          random[1]);
}

/* Credentials are made on several threads. */
static guint64
next_serial (void)
{
  static gsize last_serial;

  return (guint64) g_atomic_pointer_add (&last_serial, 1) + 1;
}

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

/* Whether the first certificate is the key's. */
static gboolean
check_key (HandoffCredential *self, GError **error)
{
  return handoff_gnutls_is_same_public_key (handoff_private_key_get_public_key (self->key),
                                            self->pcerts[0].pubkey) ||
         refuse (error, "the first one is for another key");
}

static gint64
get_not_after (GBytes *der)
{
  gnutls_x509_crt_t certificate = handoff_gnutls_parse_certificate (der);
  gint64 time;

  if (certificate == NULL)
    return 0;
  time = (gint64) gnutls_x509_crt_get_expiration_time (certificate);
  gnutls_x509_crt_deinit (certificate);
  return MAX (time, 0);
}

gboolean
handoff_credential_check_chain (GPtrArray *certificates, GError **error)
{
  gsize size = 0;
  guint i;

  if (certificates->len > HANDOFF_MAX_CERTIFICATES)
    return refuse (error,
                   "at most " G_STRINGIFY (HANDOFF_MAX_CERTIFICATES) " of them are possible");
  for (i = 0; i < certificates->len; i++)
    size += g_bytes_get_size (g_ptr_array_index (certificates, i));
  return size <= MAX_CHAIN_SIZE || refuse (error, "they have more than the 96 KiB that peers take");
}

static gboolean
take_certificates (HandoffCredential *self, GPtrArray *certificates, GError **error)
{
  guint i;

  if (!handoff_credential_check_chain (certificates, error))
    return FALSE;
  self->pcerts = g_new0 (gnutls_pcert_st, certificates->len);
  for (i = 0; i < certificates->len; i++)
    {
      GBytes *der = g_ptr_array_index (certificates, i);
      gnutls_datum_t datum = get_datum (der);

      int code = gnutls_pcert_import_x509_raw (&self->pcerts[i], &datum, GNUTLS_X509_FMT_DER, 0);

      if (code < 0)
        {
          g_set_error (
              error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
              "certificates: number %u is no X.509 certificate in DER that can be used: %s", i + 1,
              gnutls_strerror (code));
          return FALSE;
        }
      self->n_pcerts++;
      g_ptr_array_add (self->certificates, g_bytes_ref (der));
    }
  if (certificates->len == 0)
    return TRUE;
  self->not_after = get_not_after (g_ptr_array_index (certificates, 0));
  return check_key (self, error);
}

/* (transfer full) (nullable): the issuer of the first certificate, if the chain has it. */
static gnutls_x509_crt_t
find_issuer (const HandoffCredential *self, gnutls_x509_crt_t first)
{
  guint i;

  for (i = 1; i < self->certificates->len; i++)
    {
      gnutls_x509_crt_t issuer =
          handoff_gnutls_parse_certificate (g_ptr_array_index (self->certificates, i));

      if (issuer != NULL && gnutls_x509_crt_check_issuer (first, issuer) != 0)
        return issuer;
      g_clear_pointer (&issuer, gnutls_x509_crt_deinit);
    }
  return NULL;
}

/* Staples only a good response. Peers refuse a connection for a response that is out of date or
 * about another certificate, such as the one before a renewal. If the chain lacks the issuer, the
 * signature cannot be verified here. */
static void
take_ocsp_response (HandoffCredential *self, GBytes *response)
{
  gnutls_x509_crt_t first =
      self->certificates->len > 0
          ? handoff_gnutls_parse_certificate (g_ptr_array_index (self->certificates, 0))
          : NULL;
  gnutls_x509_crt_t issuer = first != NULL ? find_issuer (self, first) : NULL;
  const gnutls_datum_t datum = get_datum (response);
  HandoffStapledStatus status = { NULL };

  self->ocsp_response = g_bytes_ref (response);
  self->ocsp_problem = "the credential has no certificate";
  if (first == NULL)
    return;
  handoff_stapled_status_read (&datum, first, issuer, &status);
  if (g_str_equal (status.status, HANDOFF_OCSP_GOOD) ||
      g_strcmp0 (status.problem, HANDOFF_OCSP_PROBLEM_NOT_VERIFIED) == 0)
    {
      self->ocsp_not_after = status.end;
      self->ocsp_problem = NULL;
    }
  else
    self->ocsp_problem = status.problem != NULL ? handoff_stapled_status_explain (status.problem)
                                                : "it does not say that the certificate is good";
  gnutls_x509_crt_deinit (first);
  g_clear_pointer (&issuer, gnutls_x509_crt_deinit);
}

HandoffCredential *
handoff_credential_new (const char *id,
                        const char *label,
                        guint owner,
                        HandoffCredentialRoles roles,
                        HandoffPrivateKey *key,
                        const char *token_uri,
                        GPtrArray *certificates,
                        GBytes *ocsp_response,
                        GError **error)
{
  g_autoptr (HandoffCredential) self = g_new0 (HandoffCredential, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->id = id != NULL ? g_strdup (id) : make_id ();
  self->label = g_strdup (label);
  self->owner = owner;
  self->roles = roles;
  self->key = handoff_private_key_ref (key);
  self->token_uri = g_strdup (token_uri);
  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->serial = next_serial ();
  if (certificates != NULL && !take_certificates (self, certificates, error))
    return NULL;
  if (ocsp_response != NULL)
    take_ocsp_response (self, ocsp_response);
  return g_steal_pointer (&self);
}

HandoffCredential *
handoff_credential_ref (HandoffCredential *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_credential_unref (HandoffCredential *self)
{
  guint i;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (i = 0; i < self->n_pcerts; i++)
    gnutls_pcert_deinit (&self->pcerts[i]);
  g_free (self->pcerts);
  g_ptr_array_unref (self->certificates);
  g_clear_pointer (&self->ocsp_response, g_bytes_unref);
  g_clear_pointer (&self->pem_digest, g_bytes_unref);
  handoff_private_key_unref (self->key);
  g_free (self->id);
  g_free (self->label);
  g_free (self->token_uri);
  g_free (self);
}

const char *
handoff_credential_get_action (const HandoffCredential *self, guint uid)
{
  return self->owner == uid ? HANDOFF_ACTION_USE_OWN_CREDENTIAL : HANDOFF_ACTION_USE_ANY_CREDENTIAL;
}

gboolean
handoff_credential_is_usable (const HandoffCredential *self)
{
  const gint64 now = handoff_clock_get_wall_seconds ();
  gnutls_x509_crt_t certificate;
  gboolean has_begun;

  if (self->n_pcerts == 0 || self->not_after < now)
    return FALSE;
  certificate = handoff_gnutls_parse_certificate (g_ptr_array_index (self->certificates, 0));
  if (certificate == NULL)
    return FALSE;
  has_begun = (gint64) gnutls_x509_crt_get_activation_time (certificate) <= now;
  gnutls_x509_crt_deinit (certificate);
  return has_begun;
}

const char *
handoff_credential_get_problem (const HandoffCredential *self, gint64 warning, gboolean locked)
{
  const gint64 now = handoff_clock_get_wall_seconds ();

  if (self->n_pcerts == 0)
    return HANDOFF_PROBLEM_NO_CERTIFICATE;
  if (self->not_after < now)
    return HANDOFF_PROBLEM_EXPIRED;
  if (locked)
    return HANDOFF_PROBLEM_LOCKED;
  return self->not_after - warning < now ? HANDOFF_PROBLEM_EXPIRING : "";
}

gboolean
handoff_credential_is_for_name (const HandoffCredential *self, const char *host_name)
{
  gnutls_x509_crt_t certificate =
      self->n_pcerts > 0
          ? handoff_gnutls_parse_certificate (g_ptr_array_index (self->certificates, 0))
          : NULL;
  gboolean fits;

  if (certificate == NULL)
    return FALSE;
  fits = gnutls_x509_crt_check_hostname (certificate, host_name) != 0;
  gnutls_x509_crt_deinit (certificate);
  return fits;
}

static gboolean
is_one_of (const gnutls_datum_t *name, const gnutls_datum_t *names, guint n_names)
{
  guint i;

  for (i = 0; i < n_names; i++)
    {
      if (names[i].size == name->size && memcmp (names[i].data, name->data, name->size) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
handoff_credential_is_issued_by (const HandoffCredential *self,
                                 const gnutls_datum_t *authorities,
                                 guint n_authorities)
{
  gboolean found = FALSE;
  guint i;

  for (i = 0; i < self->n_pcerts && !found; i++)
    {
      gnutls_x509_crt_t certificate =
          handoff_gnutls_parse_certificate (g_ptr_array_index (self->certificates, i));
      gnutls_datum_t issuer = { NULL, 0 };

      if (certificate == NULL)
        continue;
      if (gnutls_x509_crt_get_raw_issuer_dn (certificate, &issuer) >= 0)
        found = is_one_of (&issuer, authorities, n_authorities);
      gnutls_free (issuer.data);
      gnutls_x509_crt_deinit (certificate);
    }
  return found;
}
