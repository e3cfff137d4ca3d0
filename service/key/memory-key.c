/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/private-key.h"

#include "key/gnutls-support.h"
#include "key/public-key.h"

/* Keys in the memory of this process: a file of its own, so that programs without such keys are not
 * linked with it. */

/* A key in memory is used in the thread that asks: nobody has to wait for it. */
static void
use_memory (gpointer data, HandoffKeyUse use, HandoffKeyUsed used, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  int code = use (data, user_data);

  if (code < 0)
    handoff_gnutls_set_error (&error, code, "Cannot sign with the credential's key");
  used (error, user_data);
}

static void
free_memory (gpointer data)
{
  gnutls_privkey_deinit (data);
}

static const HandoffPrivateKeyKind memory_kind = { use_memory, free_memory };

HandoffPrivateKey *
handoff_private_key_new_x509 (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_privkey_t private_key;
  gnutls_pubkey_t public_key;
  int code;

  gnutls_privkey_init (&private_key);
  code = gnutls_privkey_import_x509 (private_key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
  if (code < 0)
    {
      gnutls_x509_privkey_deinit (key);
      gnutls_privkey_deinit (private_key);
      handoff_gnutls_set_error (error, code, "Cannot use the private key");
      return NULL;
    }
  gnutls_pubkey_init (&public_key);
  code = gnutls_pubkey_import_privkey (public_key, private_key, 0, 0);
  if (code >= 0)
    return handoff_private_key_new (&memory_kind, public_key, private_key);

  gnutls_pubkey_deinit (public_key);
  gnutls_privkey_deinit (private_key);
  handoff_gnutls_set_error (error, code, "Cannot use the private key");
  return NULL;
}

gnutls_pubkey_t
handoff_public_key_new_of (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_pubkey_t public_key;
  gnutls_privkey_t private_key;
  int code;

  gnutls_privkey_init (&private_key);
  gnutls_pubkey_init (&public_key);
  code = gnutls_privkey_import_x509 (private_key, key, 0);
  if (code >= 0)
    code = gnutls_pubkey_import_privkey (public_key, private_key, 0, 0);
  gnutls_privkey_deinit (private_key);
  if (code >= 0)
    return public_key;
  gnutls_pubkey_deinit (public_key);
  handoff_gnutls_set_error (error, code, "Cannot use the private key");
  return NULL;
}
