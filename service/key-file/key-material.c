/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-material.h"

#include <gnutls/abstract.h>

#include "certificate/certificate-chain.h"
#include "key-file/key-file.h"
#include "keyblob/tls-handoff-error.h"

void
handoff_key_material_free (HandoffKeyMaterial *self)
{
  g_clear_pointer (&self->key, gnutls_x509_privkey_deinit);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_free (self);
}

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

/* (transfer full): the key's certificate with those of its issuers that are there */
static GPtrArray *
make_chain (gnutls_x509_privkey_t key, gnutls_x509_crt_t *certificates, guint n, GError **error)
{
  guint8 id[32];
  size_t size = sizeof id;
  g_autoptr (GBytes) key_id = NULL;
  int code = gnutls_x509_privkey_get_key_id (key, GNUTLS_KEYID_USE_SHA256, id, &size);

  if (code < 0)
    {
      refuse (error, gnutls_strerror (code));
      return NULL;
    }
  key_id = g_bytes_new (id, size);
  return handoff_certificate_chain_find (certificates, n, key_id, error);
}

/* Certificates whose key GnuTLS does not read, which may be why none is the key's. (transfer full)
 * (nullable) */
static char *
dup_unreadable (GPtrArray *certificates)
{
  guint i;

  for (i = 0; i < certificates->len; i++)
    {
      gnutls_pubkey_t public_key;
      int code;

      gnutls_pubkey_init (&public_key);
      code = gnutls_pubkey_import_x509 (public_key, g_ptr_array_index (certificates, i), 0);
      gnutls_pubkey_deinit (public_key);
      if (code < 0)
        return g_strdup_printf (
            "; the public key in certificate number %u is of a form that TLS does "
            "not use (an EC key has to name its curve, and to be uncompressed)",
            i + 1);
    }
  return NULL;
}

/* passphrase: (nullable): NULL if nothing is decrypted */
static HandoffKeyMaterial *
parse (GBytes *data, HandoffPassphrase *passphrase, GError **error)
{
  g_autoptr (HandoffKeyMaterial) self = g_new0 (HandoffKeyMaterial, 1);
  g_autoptr (HandoffKeyParts) parts = handoff_key_file_read (data, passphrase, error);
  g_autofree char *unreadable = NULL;

  if (parts == NULL)
    return NULL;
  self->key = handoff_key_parts_open_key (parts, passphrase, error);
  if (self->key == NULL)
    return NULL;
  self->certificates = make_chain (self->key, (gnutls_x509_crt_t *) parts->certificates->pdata,
                                   parts->certificates->len, error);
  if (self->certificates != NULL)
    return g_steal_pointer (&self);
  unreadable = dup_unreadable (parts->certificates);
  if (unreadable != NULL && error != NULL)
    {
      g_autofree char *message = g_strconcat ((*error)->message, unreadable, NULL);

      g_clear_error (error);
      refuse (error, message);
    }
  return NULL;
}

HandoffKeyMaterial *
handoff_key_material_parse (GBytes *data, GBytes *passphrase, GError **error)
{
  g_autoptr (HandoffPassphrase) tries = handoff_passphrase_new (passphrase, error);

  return tries != NULL ? parse (data, tries, error) : NULL;
}

HandoffKeyMaterial *
handoff_key_material_parse_plain (GBytes *pem, GError **error)
{
  return parse (pem, NULL, error);
}
