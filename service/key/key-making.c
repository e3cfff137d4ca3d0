/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/key-type.h"

#include "key/gnutls-support.h"

/* In a file of its own, so that programs without private keys are not linked with it. */

gnutls_x509_privkey_t
handoff_key_type_generate (const char *key_type, GError **error)
{
  gnutls_x509_privkey_t key;
  gnutls_pk_algorithm_t algorithm;
  unsigned int bits;
  int code;

  if (!handoff_key_type_find (key_type, &algorithm, &bits))
    {
      handoff_key_type_check (key_type, error);
      return NULL;
    }
  gnutls_x509_privkey_init (&key);
  code = gnutls_x509_privkey_generate (key, algorithm, bits, 0);
  if (code >= 0)
    return key;
  gnutls_x509_privkey_deinit (key);
  handoff_gnutls_set_error (error, code, "Cannot make a key");
  return NULL;
}
