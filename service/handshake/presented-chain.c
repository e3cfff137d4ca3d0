/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/presented-chain.h"

#include <gnutls/x509.h>
#include <string.h>

#include "certificate/certificate-parse.h"
#include "key/gnutls-support.h"
#include "keyblob/tls-handoff-error.h"

static void
free_chain (HandoffPresented *presented)
{
  HandoffPresentedChain *self = (HandoffPresentedChain *) presented;
  guint i;

  for (i = 0; i < self->n_pcerts; i++)
    gnutls_pcert_deinit (&self->pcerts[i]);
  g_free (self->pcerts);
  g_free (self);
}

/* (transfer full) (nullable) */
static HandoffPresented *
parse (GPtrArray *certificates, GError **error)
{
  HandoffPresentedChain *self = g_new0 (HandoffPresentedChain, 1);
  guint i;

  self->parent.free = free_chain;
  self->pcerts = g_new0 (gnutls_pcert_st, certificates->len);
  for (i = 0; i < certificates->len; i++)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (g_ptr_array_index (certificates, i), &size);
      const gnutls_datum_t der = { (unsigned char *) data, (unsigned int) size };
      int code = gnutls_pcert_import_x509_raw (&self->pcerts[i], &der, GNUTLS_X509_FMT_DER, 0);

      if (code < 0)
        {
          handoff_gnutls_set_error (error, code, "Cannot read the credential's certificates");
          free_chain (&self->parent);
          return NULL;
        }
      self->n_pcerts++;
    }
  return &self->parent;
}

const HandoffPresentedChain *
handoff_presented_chain_get (HandoffCredential *credential, GError **error)
{
  HandoffPresented *presented = g_atomic_pointer_get (&credential->presented);

  if (presented == NULL)
    {
      presented = parse (credential->description->certificates, error);
      if (presented == NULL)
        return NULL;
      if (!g_atomic_pointer_compare_and_exchange (&credential->presented, NULL, presented))
        {
          /* Another thread was faster. */
          free_chain (presented);
          presented = g_atomic_pointer_get (&credential->presented);
        }
    }
  return (const HandoffPresentedChain *) presented;
}

/* (transfer full) (nullable) */
static gnutls_x509_crt_t
parse_certificate (const HandoffCredential *credential, guint i)
{
  return handoff_certificate_parse (g_ptr_array_index (credential->description->certificates, i));
}

gboolean
handoff_presented_chain_is_for_name (const HandoffCredential *credential, const char *host_name)
{
  gnutls_x509_crt_t certificate =
      handoff_credential_has_certificate (credential) ? parse_certificate (credential, 0) : NULL;
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
handoff_presented_chain_is_issued_by (const HandoffCredential *credential,
                                      const gnutls_datum_t *authorities,
                                      guint n_authorities)
{
  gboolean found = FALSE;
  guint i;

  for (i = 0; i < credential->description->certificates->len && !found; i++)
    {
      gnutls_x509_crt_t certificate = parse_certificate (credential, i);
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
