/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/peer-paths.h"

#include <string.h>

#include "certificate/certificate-chain.h"

typedef struct
{
  gnutls_datum_t *certificates; /* (unowned): the session's */
  guint n_certificates;
  gsize n_bytes; /* imported so far */
  gboolean (*verify) (gpointer user_data);
  gpointer user_data;
} Paths;

/* GnuTLS has no function that verifies other certificates as it would verify this session's: the
 * least strength of keys and signatures, which the priority string decides, cannot be asked for.
 * What GnuTLS looks at is a list of pointers, which it keeps until the session ends. So the
 * pointers are exchanged. Their number stays the same: the rest of the list is filled with the
 * peer's own certificate, which leads nowhere else. */
static gboolean
try_path (GPtrArray *path, gpointer user_data)
{
  Paths *self = user_data;
  const gsize size = self->n_certificates * sizeof (gnutls_datum_t);
  g_autofree gnutls_datum_t *sent = g_memdup2 (self->certificates, size);
  gboolean is_right;
  guint i;

  for (i = 0; i < self->n_certificates; i++)
    {
      gsize n_bytes;
      gconstpointer der = g_bytes_get_data (path->pdata[i < path->len ? i : 0], &n_bytes);

      self->n_bytes += n_bytes;
      self->certificates[i].data = (unsigned char *) der;
      self->certificates[i].size = (unsigned int) n_bytes;
    }
  is_right = self->n_bytes <= HANDOFF_PEER_PATHS_MAX_BYTES && self->verify (self->user_data);
  memcpy (self->certificates, sent, size);
  return is_right;
}

gboolean
handoff_peer_paths_try (gnutls_session_t session,
                        gboolean (*verify) (gpointer user_data),
                        gpointer user_data)
{
  g_autoptr (GPtrArray) sent = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  Paths self = { .verify = verify, .user_data = user_data };
  unsigned int i;

  self.certificates =
      (gnutls_datum_t *) gnutls_certificate_get_peers (session, &self.n_certificates);
  for (i = 0; self.certificates != NULL && i < self.n_certificates; i++)
    g_ptr_array_add (sent, g_bytes_new (self.certificates[i].data, self.certificates[i].size));
  /* With one certificate there is one path. */
  return sent->len > 1 && handoff_certificate_chain_try_paths (sent, try_path, &self);
}
