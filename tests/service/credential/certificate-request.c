/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Requests for certificates, read by OpenSSL. */

#include "config.h"

#include "credential/certificate-request.h"

#include "support/credential-fixture.h"
#include "keyblob/tls-handoff-error.h"
#include "signatory/request-signing.h"

static HandoffCertificateRequest *
parse (const char *options, GError **error)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed (options));

  return handoff_certificate_request_parse (variant, error);
}

/* What `openssl req` shows of the request, after it has verified the signature. */
static char *
show (const char *key_name, const char *options)
{
  gnutls_x509_privkey_t x509 = test_x509_key_new (key_name);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCertificateRequest) request = parse (options, &error);
  g_autoptr (GVariant) variant = NULL;
  gnutls_datum_t datum = { NULL, 0 };
  gnutls_privkey_t key;
  gnutls_pubkey_t public_key;

  g_assert_no_error (error);
  variant = g_variant_ref_sink (handoff_certificate_request_to_variant (request, "id", 1000));
  gnutls_privkey_init (&key);
  gnutls_pubkey_init (&public_key);
  g_assert_cmpint (gnutls_privkey_import_x509 (key, x509, 0), ==, 0);
  g_assert_cmpint (gnutls_pubkey_import_privkey (public_key, key, 0, 0), ==, 0);
  g_assert_cmpint (handoff_request_signing_sign (variant, key, public_key, &datum), ==, 0);
  der = g_bytes_new (datum.data, datum.size);
  gnutls_free (datum.data);
  gnutls_privkey_deinit (key);
  gnutls_pubkey_deinit (public_key);
  gnutls_x509_privkey_deinit (x509);

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                  G_SUBPROCESS_FLAGS_STDERR_MERGE,
                              &error, "openssl", "req", "-inform", "DER", "-noout", "-verify",
                              "-text", "-nameopt", "RFC2253,utf8,-esc_msb", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate (process, der, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  return g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

/* Breaks if an authority could not read the request, if another key signed it, or if a name is lost
 * or changed. */
static void
test_contents (void)
{
  static const char *const keys[] = { "rsa", "ecdsa", "ed25519" };
  static const char *const expected[] = { "verify OK",
                                          "O=Büro",
                                          "CN=www.example.org",
                                          "DNS:www.example.org",
                                          "DNS:*.example.org",
                                          "DNS:xn--bcher-kva.example",
                                          "IP Address:192.0.2.1",
                                          "IP Address:2001:DB8:0:0:0:0:0:1",
                                          "email:a@example.org" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *text =
          show (keys[i], "{'subject': <'CN=www.example.org,O=Büro'>,"
                         " 'dns-names': <['www.example.org', '*.example.org', 'bücher.example']>,"
                         " 'ip-addresses': <['192.0.2.1', '2001:db8::1']>,"
                         " 'email-addresses': <['a@example.org']>}");

      g_test_message ("%s", text);
      for (guint j = 0; j < G_N_ELEMENTS (expected); j++)
        g_assert_nonnull (strstr (text, expected[j]));
    }
}

/* Breaks if a subject without names, or names without a subject, are refused; or if a part of a
 * subject is lost, or changed. */
static void
test_parts (void)
{
  g_autofree char *subject = show ("ecdsa", "{'subject': <'CN=x'>}");
  g_autofree char *name = show ("ecdsa", "{'subject': <''>, 'dns-names': <['x.example']>}");
  g_autofree char *several =
      show ("ecdsa", "{'subject': <'CN=x,OU=one,OU=two,O=B\\\\, C,1.2.3.4=#0c0468657265'>}");

  g_assert_null (strstr (subject, "Alternative Name"));
  g_assert_nonnull (strstr (name, "DNS:x.example"));
  g_test_message ("%s", several);
  g_assert_nonnull (
      strstr (several, "Subject: CN=x,OU=one,OU=two,O=B\\, C,1.2.3.4=#0C0468657265\n"));
}

/* Breaks if nonsense ends in a certificate. */
static void
test_errors (void)
{
  static const char *const bad[] = {
    "@a{sv} {}",
    "{'subject': <''>}",
    "{'subject': <'x'>}",
    "{'subject': <1>}",
    "{'dns-names': <['']>}",
    "{'dns-names': <['a/b']>}",
    "{'dns-names': <['https://x.example']>}",
    "{'dns-names': <'x.example'>}",
    "{'ip-addresses': <['192.0.2']>}",
    "{'ip-addresses': <['fe80::1%lo']>}",
    "{'email-addresses': <['nobody']>}",
    "{'email-addresses': <['a <a@example.org>']>}",
    "{'nonsense': <1>, 'subject': <'CN=x'>}",
    "{'subject': <'CN=x'>, 'subject': <'CN=y'>}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (parse (bad[i], &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/certificate-request/contents", test_contents);
  g_test_add_func ("/service/certificate-request/parts", test_parts);
  g_test_add_func ("/service/certificate-request/errors", test_errors);
  return g_test_run ();
}
