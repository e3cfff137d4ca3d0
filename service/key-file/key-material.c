/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-material.h"

#include <gnutls/abstract.h>
#include <string.h>

#include "certificate/certificate-chain.h"
#include "key/gnutls-support.h"
#include "key-file/key-file.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
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

static const struct
{
  const char *name;
  gnutls_pk_algorithm_t algorithm;
  unsigned int bits;
} key_types[] = {
  { HANDOFF_KEY_TYPE_ECDSA_P256, GNUTLS_PK_ECDSA,
    GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1) },
  { HANDOFF_KEY_TYPE_ECDSA_P384, GNUTLS_PK_ECDSA,
    GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP384R1) },
  { HANDOFF_KEY_TYPE_ED25519, GNUTLS_PK_EDDSA_ED25519, 0 },
  { HANDOFF_KEY_TYPE_RSA_2048, GNUTLS_PK_RSA, 2048 },
  { HANDOFF_KEY_TYPE_RSA_3072, GNUTLS_PK_RSA, 3072 },
  { HANDOFF_KEY_TYPE_RSA_4096, GNUTLS_PK_RSA, 4096 },
};

/* -1 if there is no such type. */
static int
find_type (const char *key_type)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      if (g_str_equal (key_types[i].name, key_type))
        return (int) i;
    }
  return -1;
}

gboolean
handoff_key_material_check_type (const char *key_type, GError **error)
{
  g_autoptr (GString) names = NULL;
  gsize i;

  if (find_type (key_type) >= 0)
    return TRUE;
  names = g_string_new (NULL);
  for (i = 0; i < G_N_ELEMENTS (key_types); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", key_types[i].name);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "key_type: must be one of %s", names->str);
  return FALSE;
}

gnutls_x509_privkey_t
handoff_key_material_generate (const char *key_type, GError **error)
{
  gnutls_x509_privkey_t key;
  int type = find_type (key_type);
  int code;

  if (type < 0)
    {
      handoff_key_material_check_type (key_type, error);
      return NULL;
    }
  gnutls_x509_privkey_init (&key);
  code = gnutls_x509_privkey_generate (key, key_types[type].algorithm, key_types[type].bits, 0);
  if (code >= 0)
    return key;
  gnutls_x509_privkey_deinit (key);
  handoff_gnutls_set_error (error, code, "Cannot make a key");
  return NULL;
}

GBytes *
handoff_key_material_serialize_key (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_datum_t pem;
  guint8 *secret;
  int code =
      gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);

  if (code < 0)
    {
      handoff_gnutls_set_error (error, code, "Cannot write the private key");
      return NULL;
    }
  secret = handoff_secret_new (pem.size, HANDOFF_SECRET_DEFAULT);
  memcpy (secret, pem.data, pem.size);
  handoff_wipe (pem.data, pem.size);
  gnutls_free (pem.data);
  return g_bytes_new_with_free_func (secret, handoff_secret_get_size (secret), handoff_secret_free,
                                     secret);
}
