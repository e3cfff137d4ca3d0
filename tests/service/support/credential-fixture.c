/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/memory-key.h"
#include "support/credential-fixture.h"

#include <gnutls/x509.h>
#include <stdarg.h>

#include "describe/description-maker.h"

GBytes *
test_file_new (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), name, NULL);
  g_autoptr (GError) error = NULL;
  char *content;
  gsize size;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (content, size);
}

GBytes *
test_certificate_new (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pem", NULL);
  g_autoptr (GBytes) content = test_file_new (file);
  gsize size;
  const gnutls_datum_t pem = { (unsigned char *) g_bytes_get_data (content, &size),
                               (unsigned int) g_bytes_get_size (content) };
  gnutls_datum_t der;
  GBytes *bytes;

  g_assert_cmpint (gnutls_pem_base64_decode2 ("CERTIFICATE", &pem, &der), ==, 0);
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  return bytes;
}

GPtrArray *
test_certificates_new (const char *name, ...)
{
  GPtrArray *certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  va_list names;

  va_start (names, name);
  for (; name != NULL; name = va_arg (names, const char *))
    g_ptr_array_add (certificates, test_certificate_new (name));
  va_end (names);
  return certificates;
}

gnutls_x509_privkey_t
test_x509_key_new (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".key", NULL);
  g_autoptr (GBytes) content = test_file_new (file);
  gsize size;
  const gnutls_datum_t pem = { (unsigned char *) g_bytes_get_data (content, &size),
                               (unsigned int) g_bytes_get_size (content) };
  gnutls_x509_privkey_t key;

  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_import (key, &pem, GNUTLS_X509_FMT_PEM), ==, 0);
  return key;
}

HandoffPrivateKey *
test_private_key_new (const char *name)
{
  g_autoptr (GError) error = NULL;
  HandoffPrivateKey *key = test_memory_key_new (test_x509_key_new (name), &error);

  g_assert_no_error (error);
  return key;
}

HandoffCredential *
test_credential_make (const char *id,
                      const char *label,
                      guint owner,
                      HandoffCredentialRoles roles,
                      HandoffPrivateKey *key,
                      const char *token_uri,
                      GPtrArray *certificates,
                      GBytes *ocsp_response,
                      GError **error)
{
  g_autoptr (HandoffDescription) description = handoff_description_make (
      handoff_private_key_get_public_key (key), certificates, ocsp_response, error);

  if (description == NULL)
    return NULL;
  return handoff_credential_new (id, label, owner, roles, key, token_uri, description);
}

HandoffCredential *
test_credential_new (const char *id, const char *label, guint owner, const char *name)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new (name);
  g_autoptr (GPtrArray) certificates = test_certificates_new (name, NULL);
  g_autoptr (GError) error = NULL;
  HandoffCredential *credential = test_credential_make (
      id, label, owner, HANDOFF_CREDENTIAL_ROLE_BOTH, key, NULL, certificates, NULL, &error);

  g_assert_no_error (error);
  return credential;
}
