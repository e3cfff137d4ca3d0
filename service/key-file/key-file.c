/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key-file/key-file.h"

#include "key/der.h"
#include "key-file/key-file-kind.h"
#include "keyblob/tls-handoff-error.h"
#include "key-file/pem-file.h"
#include "key-file/pkcs12-file.h"

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, what);
  return FALSE;
}

static const struct
{
  const char *label;
  HandoffKeyForm form;
  gboolean is_encrypted;
} key_labels[] = {
  { "PRIVATE KEY", HANDOFF_KEY_FORM_PKCS8, FALSE },
  { "ENCRYPTED PRIVATE KEY", HANDOFF_KEY_FORM_PKCS8, TRUE },
  { "RSA PRIVATE KEY", HANDOFF_KEY_FORM_RSA, FALSE },
  { "EC PRIVATE KEY", HANDOFF_KEY_FORM_EC, FALSE },
};

static gboolean
add_certificate (HandoffKeyParts *parts, GBytes *der, gboolean is_trusted, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (der, &size);
  HandoffDer rest = { data, size };

  /* OpenSSL's kind has more behind the certificate: what it is trusted for. */
  if (is_trusted && handoff_der_take (&rest, HANDOFF_DER_SEQUENCE, NULL))
    size -= rest.size;
  return handoff_key_parts_add_certificate (parts, data, size, error);
}

static gboolean
add_key (HandoffKeyParts *parts, const HandoffPemBlock *block, gsize i, GError **error)
{
  if (!handoff_key_parts_set_key (parts, block->der, key_labels[i].form, key_labels[i].is_encrypted,
                                  error))
    return FALSE;
  g_free (parts->dek_info);
  parts->dek_info = g_strdup (block->dek_info);
  return TRUE;
}

static gboolean
read_pkcs12_block (HandoffKeyParts *parts,
                   const HandoffPemBlock *block,
                   HandoffPassphrase *passphrase,
                   GError **error)
{
  gsize size;
  gconstpointer data;

  if (passphrase == NULL)
    return refuse (error, "is PKCS#12, and not PEM with a certificate and its private key");
  if (block->der == NULL)
    return refuse (error, "is damaged: its PKCS#12 is no base64");
  data = g_bytes_get_data (block->der, &size);
  return handoff_pkcs12_read (data, size, passphrase, parts, error);
}

static gboolean
read_block (HandoffKeyParts *parts,
            const HandoffPemBlock *block,
            HandoffPassphrase *passphrase,
            GError **error)
{
  gsize i;

  if (g_str_equal (block->label, "CERTIFICATE") || g_str_equal (block->label, "X509 CERTIFICATE"))
    return add_certificate (parts, block->der, FALSE, error);
  if (g_str_equal (block->label, "TRUSTED CERTIFICATE"))
    return add_certificate (parts, block->der, TRUE, error);
  if (g_str_equal (block->label, "PKCS12"))
    return read_pkcs12_block (parts, block, passphrase, error);
  for (i = 0; i < G_N_ELEMENTS (key_labels); i++)
    {
      if (g_str_equal (block->label, key_labels[i].label))
        return add_key (parts, block, i, error);
    }
  return handoff_key_file_check_label (block->label, error);
}

static gboolean
read_pem (HandoffKeyParts *parts,
          const guint8 *data,
          gsize size,
          HandoffPassphrase *passphrase,
          GError **error)
{
  g_autoptr (GPtrArray) blocks = handoff_pem_parse (data, size, error);
  gboolean has_request = FALSE;
  guint i;

  for (i = 0; blocks != NULL && i < blocks->len; i++)
    {
      const HandoffPemBlock *block = g_ptr_array_index (blocks, i);

      if (!read_block (parts, block, passphrase, error))
        return FALSE;
      has_request |= g_str_has_suffix (block->label, "CERTIFICATE REQUEST");
    }
  if (blocks == NULL)
    return FALSE;
  if (parts->key != NULL && parts->certificates->len == 0 && has_request)
    return refuse (error, "has a certificate request, and no certificate: an authority makes that "
                          "of the request");
  return TRUE;
}

HandoffKeyParts *
handoff_key_file_read (GBytes *data, HandoffPassphrase *passphrase, GError **error)
{
  g_autoptr (HandoffKeyParts) parts = handoff_key_parts_new ();
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  gboolean success;

  if (handoff_pem_is_pem (bytes, size))
    success = read_pem (parts, bytes, size, passphrase, error);
  else if (!handoff_key_file_is_pkcs12 (bytes, size))
    success = handoff_key_file_refuse (bytes, size, passphrase == NULL, error);
  else if (passphrase == NULL)
    success = refuse (error, "is PKCS#12, and not PEM with a certificate and its private key");
  else
    success = handoff_pkcs12_read (bytes, size, passphrase, parts, error);
  if (!success)
    return NULL;

  if (parts->key == NULL)
    refuse (error, "has no private key; it must be there together with its certificate");
  else if (parts->certificates->len == 0)
    refuse (error, "has no certificate; it must be there together with its private key");
  else
    return g_steal_pointer (&parts);
  return NULL;
}
