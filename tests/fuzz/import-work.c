/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What an importer parses but keys (key-material.c): certificates and OCSP responses that callers
 * send, or that lie beside a key. An input is one byte, which says what is asked; for how long the
 * certificate is, two bytes, the higher first; the certificate, whose key is the credential's; the
 * rest. */

#include "config.h"

#include "fuzz.h"
#include "importer/import-work.h"
#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

/* (transfer full) (nullable): the certificate's public key */
static GBytes *
find_key (GBytes *der)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (der, &size);
  const gnutls_datum_t datum = { (unsigned char *) data, (unsigned int) size };
  gnutls_x509_crt_t certificate;
  gnutls_pubkey_t key;
  GBytes *found = NULL;

  gnutls_x509_crt_init (&certificate);
  gnutls_pubkey_init (&key);
  if (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER) >= 0 &&
      gnutls_pubkey_import_x509 (key, certificate, 0) >= 0)
    found = handoff_public_key_export (key, NULL);
  gnutls_pubkey_deinit (key);
  gnutls_x509_crt_deinit (certificate);
  return found;
}

static HandoffImported *
work (guint8 kind, GBytes *key, GBytes *der, GBytes *rest, GError **error)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  switch (kind % 4)
    {
    case 0:
      g_ptr_array_add (chain, g_bytes_ref (der));
      g_ptr_array_add (chain, g_bytes_ref (rest));
      return handoff_import_certify (key, chain, error);
    case 1:
      g_ptr_array_add (chain, g_bytes_ref (der));
      return handoff_import_staple (key, chain, rest, error);
    case 2:
      return handoff_import_describe (key, rest, NULL, error);
    default:
      return handoff_import_describe (key, NULL, rest, error);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GBytes) key = NULL;
  g_autoptr (HandoffImported) imported = NULL;
  g_autoptr (HandoffDescription) believed = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  if (size < 3)
    return 0;
  length = MIN ((gsize) (data[1] << 8 | data[2]), size - 3);
  der = g_bytes_new (data + 3, length);
  rest = g_bytes_new (data + 3 + length, size - 3 - length);
  key = find_key (der);
  if (key == NULL)
    return 0;
  imported = work (data[0], key, der, rest, &error);
  if (imported == NULL)
    {
      g_assert_true (error->domain == TLS_HANDOFF_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  /* The broker takes what an honest importer says. */
  believed = handoff_description_read (imported->description->variant, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (believed->public_key, key));
  g_assert_null (imported->key);
  return 0;
}
