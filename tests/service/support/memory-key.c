/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/memory-key.h"

#include "key/gnutls-support.h"
#include "key/public-key.h"

static void
sign (gpointer data,
      gnutls_sign_algorithm_t algorithm,
      GBytes *input,
      HandoffKeySigned signed_func,
      gpointer user_data)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (input, &size);
  const gnutls_datum_t datum = { (guint8 *) bytes, (guint) size };
  gnutls_datum_t signature = { NULL, 0 };
  g_autoptr (GBytes) made = NULL;
  g_autoptr (GError) error = NULL;
  const int code = gnutls_privkey_sign_data2 (data, algorithm, 0, &datum, &signature);

  if (code < 0)
    handoff_gnutls_set_error (&error, code, "Cannot sign with the credential's key");
  else
    made = g_bytes_new_with_free_func (signature.data, signature.size, (GDestroyNotify) gnutls_free,
                                       signature.data);
  signed_func (made, error, user_data);
}

static void
free_key (gpointer data)
{
  gnutls_privkey_deinit (data);
}

static const HandoffPrivateKeyKind memory_kind = { sign, free_key };

HandoffPrivateKey *
test_memory_key_new (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_privkey_t private_key;
  gnutls_pubkey_t public_key = handoff_public_key_new_of (key, error);
  int code;

  if (public_key == NULL)
    {
      gnutls_x509_privkey_deinit (key);
      return NULL;
    }
  gnutls_privkey_init (&private_key);
  code = gnutls_privkey_import_x509 (private_key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
  g_assert_cmpint (code, >=, 0);
  return handoff_private_key_new (&memory_kind, public_key, private_key);
}
