/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-material.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs12.h>
#include <string.h>

#include "certificate-chain.h"
#include "gnutls-support.h"
#include "keyblob/handoff-names.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define MIN_RSA_BITS 2048
#define MAX_RSA_BITS 8192 /* more would keep a worker for long */

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

/* A passphrase as GnuTLS wants it: NUL-terminated, in secret memory; NULL without. */
static char *
dup_passphrase (GBytes *passphrase)
{
  gsize size;
  gconstpointer data;
  char *text;

  if (passphrase == NULL)
    return NULL;
  data = g_bytes_get_data (passphrase, &size);
  text = handoff_secret_new (size + 1, HANDOFF_SECRET_DEFAULT);
  if (size > 0)
    memcpy (text, data, size);
  return text;
}

static gboolean
refuse_passphrase (GError **error, const char *passphrase)
{
  return refuse (error, passphrase == NULL
                            ? "is encrypted, and needs its passphrase (ImportCredential takes one, "
                              "with the option " HANDOFF_OPTION_PASSPHRASE ")"
                            : "the passphrase is wrong");
}

/* Keys that no peer should have to accept, or that nobody's TLS does. */
static gboolean
check_key (gnutls_x509_privkey_t key, GError **error)
{
  unsigned int bits = 0;

  switch (gnutls_x509_privkey_get_pk_algorithm2 (key, &bits))
    {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
        return refuse (error, "an RSA key must have " G_STRINGIFY (
                                  MIN_RSA_BITS) " to " G_STRINGIFY (MAX_RSA_BITS) " bits");
      break;
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
      break;
    default:
      return refuse (error, "the private key is of a kind that TLS does not use (RSA, ECDSA, "
                            "Ed25519 and Ed448 are possible)");
    }
  if (gnutls_x509_privkey_verify_params (key) < 0)
    return refuse (error, "the private key is damaged: its numbers do not fit each other");
  return TRUE;
}

/* PEM: all certificates, in the order in which they are. */
static gboolean
read_pem_certificates (const gnutls_datum_t *data,
                       gnutls_x509_crt_t **certificates,
                       guint *n_certificates,
                       GError **error)
{
  int code =
      gnutls_x509_crt_list_import2 (certificates, n_certificates, data, GNUTLS_X509_FMT_PEM, 0);

  if (code >= 0)
    return TRUE;
  *certificates = NULL;
  *n_certificates = 0;
  if (code == GNUTLS_E_NO_CERTIFICATE_FOUND || code == GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR ||
      code == GNUTLS_E_BASE64_DECODING_ERROR)
    return refuse (error, "has no certificate that can be read");
  return refuse (error, gnutls_strerror (code));
}

/* How often text is in data. */
static guint
count (const gnutls_datum_t *data, const char *text)
{
  const guint8 *p = data->data;
  gsize left = data->size;
  guint n = 0;

  while ((p = memmem (p, left, text, strlen (text))) != NULL)
    {
      n++;
      p += strlen (text);
      left = (gsize) (data->data + data->size - p);
    }
  return n;
}

static gboolean
read_pem_key (const gnutls_datum_t *data,
              const char *passphrase,
              gnutls_x509_privkey_t *key,
              GError **error)
{
  guint n_keys = count (data, "PRIVATE KEY-----") / 2;
  int code;

  if (n_keys == 0)
    return refuse (error, "has no private key; it must be there together with its certificate");
  if (n_keys > 1)
    return refuse (error, "has more than one private key");

  gnutls_x509_privkey_init (key);
  code = gnutls_x509_privkey_import2 (*key, data, GNUTLS_X509_FMT_PEM, passphrase,
                                      passphrase == NULL ? GNUTLS_PKCS_PLAIN : 0);
  if (code >= 0)
    return TRUE;
  g_clear_pointer (key, gnutls_x509_privkey_deinit);
  if (code == GNUTLS_E_DECRYPTION_FAILED || count (data, "ENCRYPTED") > 0)
    return refuse_passphrase (error, passphrase);
  return refuse (error, "the private key cannot be read");
}

static gboolean
read_pem (const gnutls_datum_t *data,
          const char *passphrase,
          gnutls_x509_privkey_t *key,
          gnutls_x509_crt_t **certificates,
          guint *n_certificates,
          GError **error)
{
  return read_pem_key (data, passphrase, key, error) &&
         read_pem_certificates (data, certificates, n_certificates, error);
}

static gboolean
parse_pkcs12 (gnutls_pkcs12_t p12,
              const char *passphrase,
              gnutls_x509_privkey_t *key,
              gnutls_x509_crt_t **certificates,
              guint *n_certificates,
              GError **error)
{
  gnutls_x509_crt_t *chain = NULL, *others = NULL;
  unsigned int n_chain = 0, n_others = 0, i;
  int code;

  if (gnutls_pkcs12_verify_mac (p12, passphrase != NULL ? passphrase : "") < 0)
    return refuse_passphrase (error, passphrase);
  code = gnutls_pkcs12_simple_parse (p12, passphrase != NULL ? passphrase : "", key, &chain,
                                     &n_chain, &others, &n_others, NULL, 0);
  if (code == GNUTLS_E_DECRYPTION_FAILED)
    return refuse_passphrase (error, passphrase);
  if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
    return refuse (error, "has no private key, or no certificate that belongs to it");
  if (code < 0)
    return refuse (error, gnutls_strerror (code));

  *certificates = gnutls_calloc (n_chain + n_others, sizeof **certificates);
  for (i = 0; i < n_chain; i++)
    (*certificates)[(*n_certificates)++] = chain[i];
  for (i = 0; i < n_others; i++)
    (*certificates)[(*n_certificates)++] = others[i];
  gnutls_free (chain);
  gnutls_free (others);
  return *key != NULL || refuse (error, "has no private key");
}

static gboolean
read_pkcs12 (const gnutls_datum_t *data,
             const char *passphrase,
             gnutls_x509_privkey_t *key,
             gnutls_x509_crt_t **certificates,
             guint *n_certificates,
             GError **error)
{
  gnutls_pkcs12_t p12;
  gboolean success;

  gnutls_pkcs12_init (&p12);
  if (gnutls_pkcs12_import (p12, data, GNUTLS_X509_FMT_DER, 0) < 0)
    success = refuse (error, "is neither PEM nor PKCS#12");
  else
    success = parse_pkcs12 (p12, passphrase, key, certificates, n_certificates, error);
  gnutls_pkcs12_deinit (p12);
  return success;
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

HandoffKeyMaterial *
handoff_key_material_parse (GBytes *data, GBytes *passphrase, GError **error)
{
  g_autoptr (HandoffKeyMaterial) self = g_new0 (HandoffKeyMaterial, 1);
  char *secret = dup_passphrase (passphrase);
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);
  const gnutls_datum_t datum = { (unsigned char *) bytes, (unsigned int) size };
  gnutls_x509_crt_t *certificates = NULL;
  guint i, n_certificates = 0;
  gboolean is_pem, success;

  is_pem = size > 0 && memmem (bytes, size, "-----BEGIN ", strlen ("-----BEGIN ")) != NULL;
  success = (is_pem ? read_pem : read_pkcs12) (&datum, secret, &self->key, &certificates,
                                               &n_certificates, error);
  handoff_secret_free (secret);
  if (success && check_key (self->key, error))
    self->certificates = make_chain (self->key, certificates, n_certificates, error);
  for (i = 0; i < n_certificates; i++)
    gnutls_x509_crt_deinit (certificates[i]);
  gnutls_free (certificates);
  return self->certificates != NULL ? g_steal_pointer (&self) : NULL;
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
