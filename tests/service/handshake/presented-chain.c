/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A credential's certificates, as handshakes see them. */

#include "config.h"

#include "handshake/presented-chain.h"

#include <gnutls/x509.h>

#include "keyblob/tls-handoff-error.h"
#include "support/credential-fixture.h"

/* Breaks if a credential fits a name or an authority that is not its own. */
static void
test_fits (void)
{
  g_autoptr (HandoffCredential) rsa = test_credential_new (NULL, "x", 0, "rsa");
  g_autoptr (HandoffCredential) other = test_credential_new (NULL, "x", 0, "wrong-name");
  g_autoptr (HandoffCredential) client = test_credential_new (NULL, "x", 0, "client");
  g_autoptr (GBytes) client_ca = test_certificate_new ("client-ca");
  gnutls_datum_t der = { (unsigned char *) g_bytes_get_data (client_ca, NULL),
                         (unsigned int) g_bytes_get_size (client_ca) };
  gnutls_x509_crt_t authority;
  gnutls_datum_t name;

  g_assert_true (handoff_presented_chain_is_for_name (rsa, "www.handoff.test"));
  g_assert_false (handoff_presented_chain_is_for_name (rsa, "other.handoff.test"));
  g_assert_true (handoff_presented_chain_is_for_name (other, "other.handoff.test"));

  gnutls_x509_crt_init (&authority);
  g_assert_cmpint (gnutls_x509_crt_import (authority, &der, GNUTLS_X509_FMT_DER), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_get_raw_dn (authority, &name), ==, 0);
  g_assert_true (handoff_presented_chain_is_issued_by (client, &name, 1));
  g_assert_false (handoff_presented_chain_is_issued_by (rsa, &name, 1));
  g_assert_false (handoff_presented_chain_is_issued_by (client, NULL, 0));
  gnutls_free (name.data);
  gnutls_x509_crt_deinit (authority);
}

/* Breaks if the certificates are parsed anew for each handshake, or are others than those of the
 * credential. */
static void
test_once (void)
{
  g_autoptr (HandoffCredential) credential = test_credential_new (NULL, "x", 0, "rsa");
  const HandoffPresentedChain *chain = handoff_presented_chain_get (credential, NULL);

  g_assert_nonnull (chain);
  g_assert_cmpuint (chain->n_pcerts, ==, 1);
  g_assert_cmpuint (chain->pcerts[0].cert.size, ==,
                    g_bytes_get_size (credential->description->certificates->pdata[0]));
  g_assert_true (handoff_presented_chain_get (credential, NULL) == chain);
}

/* Breaks if a description that lies is more than a handshake that fails. */
static void
test_lie (void)
{
  g_autoptr (HandoffCredential) real = test_credential_new (NULL, "x", 0, "rsa");
  g_autoptr (GPtrArray) certificates = test_certificates_new ("rsa", NULL);
  g_autoptr (HandoffDescription) lie = NULL;
  g_autoptr (HandoffCredential) credential = NULL;
  g_autoptr (GError) error = NULL;
  const gnutls_datum_t name = { NULL, 0 };

  g_ptr_array_add (certificates, g_bytes_new_static ("\x30\x03xyz", 5));
  g_ptr_array_insert (certificates, 0, g_bytes_new_static ("\x30\x03xyz", 5));
  lie = handoff_description_new (real->description->public_key, "rsa-2048", certificates, 0,
                                 HANDOFF_MAX_CERTIFICATE_TIME, NULL, 0, NULL, &error);
  g_assert_no_error (error);
  credential =
      handoff_credential_new (NULL, "x", 0, HANDOFF_CREDENTIAL_ROLE_BOTH, real->key, NULL, lie);
  g_assert_false (handoff_presented_chain_is_for_name (credential, "localhost"));
  g_assert_false (handoff_presented_chain_is_issued_by (credential, &name, 1));
  g_assert_null (handoff_presented_chain_get (credential, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/presented-chain/fits", test_fits);
  g_test_add_func ("/service/presented-chain/once", test_once);
  g_test_add_func ("/service/presented-chain/lie", test_lie);
  return g_test_run ();
}
