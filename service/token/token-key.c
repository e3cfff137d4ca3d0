/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "token/token-key.h"

#include <gnutls/crypto.h>
#include <gnutls/pkcs11.h>

#include "key/gnutls-support.h"

#define MAXIMUM_ID 255 /* bytes */
/* What one answer of the helper can have. */
#define MAXIMUM_CERTIFICATES 5
#define MAXIMUM_CERTIFICATE (16 * 1024) /* bytes */

typedef struct gnutls_pubkey_st HandoffGnutlsPublicKey;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGnutlsPublicKey, gnutls_pubkey_deinit)

void
handoff_token_key_free (HandoffTokenKey *self)
{
  g_clear_pointer (&self->public_key, gnutls_pubkey_deinit);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_free (self);
}

/* (nullable) (transfer full) */
static GBytes *
export_certificate (gnutls_pkcs11_obj_t object)
{
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes = NULL;

  if (gnutls_pkcs11_obj_export2 (object, &der) >= 0 && der.size <= MAXIMUM_CERTIFICATE)
    bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

/* (nullable) (transfer full) */
static gnutls_pubkey_t
dup_certificate_key (GBytes *certificate)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (certificate, &size);
  const gnutls_datum_t der = { (unsigned char *) data, (unsigned int) size };
  g_autoptr (HandoffGnutlsPublicKey) key = NULL;

  gnutls_pubkey_init (&key);
  return gnutls_pubkey_import_x509_raw (key, &der, GNUTLS_X509_FMT_DER, 0) >= 0
             ? g_steal_pointer (&key)
             : NULL;
}

/* Takes the certificates that are of the key: several, if it was certified again. Which one is sent
 * is not decided here. If the key has no public key yet, it gets that of the first certificate. */
static void
take_certificates (HandoffTokenKey *self, gnutls_pkcs11_obj_t *objects, guint n_objects)
{
  guint i;

  for (i = 0; i < n_objects && self->certificates->len < MAXIMUM_CERTIFICATES; i++)
    {
      g_autoptr (GBytes) certificate = export_certificate (objects[i]);
      g_autoptr (HandoffGnutlsPublicKey) key =
          certificate != NULL ? dup_certificate_key (certificate) : NULL;

      if (key == NULL)
        continue;
      if (self->public_key == NULL)
        self->public_key = g_steal_pointer (&key);
      else if (!handoff_gnutls_is_same_public_key (key, self->public_key))
        continue;
      g_ptr_array_add (self->certificates, g_steal_pointer (&certificate));
    }
}

/* The id of the key, which its URI may lack, from the token. The token is open. */
static int
read_id (const HandoffTokenUri *uri, guint8 *id, size_t *size)
{
  g_autofree char *text = handoff_token_uri_to_string (uri);
  gnutls_pkcs11_obj_t object;
  int code = gnutls_pkcs11_obj_init (&object);

  if (code < 0)
    return code;
  code = gnutls_pkcs11_obj_import_url (object, text, 0);
  if (code >= 0)
    code = gnutls_pkcs11_obj_get_info (object, GNUTLS_PKCS11_OBJ_ID, id, size);
  gnutls_pkcs11_obj_deinit (object);
  return code;
}

/* A token without a certificate is no error. */
static void
read_certificates (HandoffTokenKey *self, const HandoffTokenUri *uri)
{
  gnutls_pkcs11_obj_t *objects = NULL;
  guint8 id[MAXIMUM_ID];
  size_t id_size = sizeof id;
  unsigned int n_objects = 0;
  g_autofree char *certificates_uri = NULL;
  guint i;

  if (read_id (uri, id, &id_size) < 0 || id_size == 0)
    return;

  certificates_uri = handoff_token_uri_to_certificates (uri, id, id_size);
  if (gnutls_pkcs11_obj_list_import_url4 (&objects, &n_objects, certificates_uri,
                                          GNUTLS_PKCS11_OBJ_FLAG_CRT) < 0)
    return;
  take_certificates (self, objects, n_objects);
  for (i = 0; i < n_objects; i++)
    gnutls_pkcs11_obj_deinit (objects[i]);
  gnutls_free (objects);
}

/* Some tokens have the public key only in a certificate. */
static int
read_objects (HandoffTokenKey *self,
              gnutls_privkey_t key,
              const HandoffTokenUri *uri,
              gboolean with_certificates)
{
  int code;

  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gnutls_pubkey_init (&self->public_key);
  code = gnutls_pubkey_import_privkey (self->public_key, key, 0, 0);
  if (code < 0)
    g_clear_pointer (&self->public_key, gnutls_pubkey_deinit);
  if (with_certificates || self->public_key == NULL)
    read_certificates (self, uri);
  return self->public_key != NULL ? GNUTLS_E_SUCCESS : code;
}

int
handoff_token_key_read_public_key (gnutls_privkey_t key,
                                   const HandoffTokenUri *uri,
                                   gnutls_pubkey_t *public_key)
{
  g_autoptr (HandoffTokenKey) found = g_new0 (HandoffTokenKey, 1);
  const int code = read_objects (found, key, uri, FALSE);

  *public_key = g_steal_pointer (&found->public_key);
  return code;
}

GBytes *
handoff_token_key_dup_id (gnutls_privkey_t key, const HandoffTokenUri *uri)
{
  g_autoptr (HandoffTokenKey) found = g_new0 (HandoffTokenKey, 1);

  return read_objects (found, key, uri, FALSE) >= 0 ? handoff_gnutls_dup_key_id (found->public_key)
                                                    : NULL;
}

static gnutls_sign_algorithm_t
choose_algorithm (gnutls_pubkey_t key)
{
  gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
  gnutls_pk_algorithm_t algorithm =
      (gnutls_pk_algorithm_t) gnutls_pubkey_get_pk_algorithm (key, NULL);

  switch (algorithm)
    {
    case GNUTLS_PK_EDDSA_ED25519:
      return GNUTLS_SIGN_EDDSA_ED25519;
    case GNUTLS_PK_EDDSA_ED448:
      return GNUTLS_SIGN_EDDSA_ED448;
    default:
      if (gnutls_pubkey_get_preferred_hash_algorithm (key, &hash, NULL) < 0)
        hash = GNUTLS_DIG_SHA256;
      return gnutls_pk_to_sign (algorithm, hash);
    }
}

static int
prove (gnutls_privkey_t key, gnutls_pubkey_t public_key)
{
  const gnutls_sign_algorithm_t algorithm = choose_algorithm (public_key);
  guint8 random[32];
  const gnutls_datum_t data = { random, sizeof random };
  gnutls_datum_t signature = { NULL, 0 };
  int code;

  if (algorithm == GNUTLS_SIGN_UNKNOWN)
    return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
  code = gnutls_rnd (GNUTLS_RND_NONCE, random, sizeof random);
  if (code >= 0)
    code = gnutls_privkey_sign_data2 (key, algorithm, 0, &data, &signature);
  if (code >= 0)
    code = gnutls_pubkey_verify_data2 (public_key, algorithm, 0, &data, &signature);
  gnutls_free (signature.data);
  return code;
}

int
handoff_token_key_read (gnutls_privkey_t key, const HandoffTokenUri *uri, HandoffTokenKey *result)
{
  int code = read_objects (result, key, uri, TRUE);

  return code >= 0 ? prove (key, result->public_key) : code;
}
