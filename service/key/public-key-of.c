/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/public-key.h"

#include "key/gnutls-support.h"

/* In a file of its own, so that programs without private keys are not linked with it. */

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
