/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What an importer says of OCSP responses that callers send. */

#include "config.h"

#include "importer/import-work.h"

#include "key/public-key.h"
#include "keyblob/tls-handoff-error.h"
#include "support/credential-fixture.h"

static HandoffImported *
staple (const char *certificate, const char *response, GError **error)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new (certificate);
  g_autoptr (GBytes) public_key =
      handoff_public_key_export (handoff_private_key_get_public_key (key), NULL);
  g_autoptr (GPtrArray) chain = test_certificates_new (certificate, NULL);
  g_autoptr (GBytes) bytes = test_file_new (response);

  return handoff_import_staple (public_key, chain, bytes, error);
}

/* Breaks if a good response is refused, or is described as another. */
static void
test_good (void)
{
  g_autoptr (GBytes) response = test_file_new ("ecdsa.ocsp");
  g_autoptr (GBytes) certificate = test_certificate_new ("ecdsa");
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffImported) imported = staple ("ecdsa", "ecdsa.ocsp", &error);

  g_assert_no_error (error);
  g_assert_null (imported->key);
  g_assert_true (g_bytes_equal (imported->description->ocsp_response, response));
  g_assert_cmpint (imported->description->ocsp_not_after, >, 0);
  g_assert_true (g_bytes_equal (imported->description->certificates->pdata[0], certificate));
}

/* Breaks if a response is taken for which clients would refuse the server, or if the reason is not
 * told. */
static void
test_useless (void)
{
  static const struct
  {
    const char *certificate;
    const char *response;
    const char *reason;
  } cases[] = {
    { "rsa", "ecdsa.ocsp", "it is about another certificate" },
    { "ecdsa", "ecdsa.pem", "it cannot be read" },
    { "ecdsa", "try-later.ocsp", "the responder answered only: try later" },
    { "revoked", "revoked.ocsp", "it says that the certificate is revoked" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expected =
          g_strconcat ("response: this OCSP response cannot be stapled: ", cases[i].reason, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (staple (cases[i].certificate, cases[i].response, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (error->message, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/import-work/good", test_good);
  g_test_add_func ("/service/import-work/useless", test_useless);
  return g_test_run ();
}
