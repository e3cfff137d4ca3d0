/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Requests for certificates, read by OpenSSL. */

#include "config.h"

#include "credential/certificate-request.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "support/credential-fixture.h"
#include "keyblob/tls-handoff-error.h"
#include "signatory/request-signing.h"

static HandoffCertificateRequest *
parse (const char *options, gboolean is_certificate, GError **error)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed (options));

  return handoff_certificate_request_parse (variant, is_certificate, error);
}

/* What `openssl req` shows of the request, after it has verified the signature; or `openssl x509`
 * of a certificate. roles: of the credential */
static char *
show (const char *key_name,
      const char *options,
      gboolean is_certificate,
      HandoffCredentialRoles roles)
{
  const char *const show_request[] = { "openssl", "req",      "-inform",
                                       "DER",     "-noout",   "-verify",
                                       "-text",   "-nameopt", "RFC2253,utf8,-esc_msb",
                                       NULL };
  const char *const show_certificate[] = {
    "openssl", "x509", "-inform", "DER", "-text", "-nameopt", "RFC2253,utf8,-esc_msb", NULL
  };
  gnutls_x509_privkey_t x509 = test_x509_key_new (key_name);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCertificateRequest) request = parse (options, is_certificate, &error);
  g_autoptr (GVariant) variant = NULL;
  gnutls_datum_t datum = { NULL, 0 };
  gnutls_privkey_t key;
  gnutls_pubkey_t public_key;

  g_assert_no_error (error);
  variant =
      g_variant_ref_sink (handoff_certificate_request_to_variant (request, "id", roles, 1000));
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

  process = g_subprocess_newv (is_certificate ? show_certificate : show_request,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                   G_SUBPROCESS_FLAGS_STDERR_MERGE,
                               &error);
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
          show (keys[i],
                "{'subject': <'CN=www.example.org,O=Büro'>,"
                " 'dns-names': <['www.example.org', '*.example.org', 'bücher.example']>,"
                " 'ip-addresses': <['192.0.2.1', '2001:db8::1']>,"
                " 'email-addresses': <['a@example.org']>}",
                FALSE, HANDOFF_CREDENTIAL_ROLE_BOTH);

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
  const HandoffCredentialRoles roles = HANDOFF_CREDENTIAL_ROLE_BOTH;
  g_autofree char *subject = show ("ecdsa", "{'subject': <'CN=x'>}", FALSE, roles);
  g_autofree char *name =
      show ("ecdsa", "{'subject': <''>, 'dns-names': <['x.example']>}", FALSE, roles);
  g_autofree char *several =
      show ("ecdsa", "{'subject': <'CN=x,OU=one,OU=two,O=B\\\\, C,1.2.3.4=#0c0468657265'>}", FALSE,
            roles);

  g_assert_null (strstr (subject, "Alternative Name"));
  g_assert_nonnull (strstr (name, "DNS:x.example"));
  g_test_message ("%s", several);
  g_assert_nonnull (
      strstr (several, "Subject: CN=x,OU=one,OU=two,O=B\\, C,1.2.3.4=#0C0468657265\n"));
}

/* Whether OpenSSL takes the certificate, which trusts nothing else, for that purpose. */
static gboolean
is_good_for (const char *pem, const char *purpose)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  gboolean is_good;

  close (g_file_open_tmp (NULL, &path, &error));
  g_assert_true (g_file_set_contents (path, pem, -1, &error));
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                              &error, "openssl", "verify", "-check_ss_sig", "-x509_strict",
                              "-CAfile", path, "-purpose", purpose, path, NULL);
  g_assert_no_error (error);
  is_good = g_subprocess_wait_check (process, NULL, NULL);
  g_unlink (path);
  return is_good;
}

/* Breaks if what a key signs for itself is for another key or name, for others than the
 * credential's roles, or to certify others with, or if it lasts longer than was said. */
static void
test_self_signed (void)
{
  static const char *const keys[] = { "rsa", "ecdsa", "ed25519" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *server =
          show (keys[i], "{'dns-names': <['www.example.org']>, 'days': <uint32 3>}", TRUE,
                HANDOFF_CREDENTIAL_ROLE_SERVER);
      g_autofree char *client =
          show (keys[i], "{'subject': <'CN=me'>}", TRUE, HANDOFF_CREDENTIAL_ROLE_CLIENT);

      g_test_message ("%s %s", server, client);
      g_assert_nonnull (strstr (server, "Issuer: CN=www.example.org"));
      g_assert_nonnull (strstr (server, "Subject: CN=www.example.org"));
      g_assert_nonnull (strstr (server, "DNS:www.example.org"));
      g_assert_nonnull (strstr (server, "CA:FALSE"));
      g_assert_null (strstr (server, "Certificate Sign"));
      g_assert_true (is_good_for (server, "sslserver"));
      g_assert_false (is_good_for (server, "sslclient"));
      g_assert_true (is_good_for (client, "sslclient"));
      g_assert_false (is_good_for (client, "sslserver"));
    }
}

/* Breaks if nonsense ends in a certificate. */
static void
test_errors (void)
{
  static const char *const bad[] = {
    "@a{sv} {}",
    "{'subject': <''>}",
    "{'subject': <'x'>}",
    "{'subject': <'CN=#04'>}",
    "{'subject': <'CN=#0c0541'>}",
    "{'subject': <'CN=#0c014100'>}",
    "{'subject': <'O=x,2.5.4.3=#0c85ffffffffff41'>}",
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
  static const char *const bad_certificates[] = {
    "{'ip-addresses': <['192.0.2.1']>}",
    "{'dns-names': <['a123456789012345678901234567890123456789.b1234567890123456789012345']>}",
    "{'subject': <'CN=x'>, 'days': <uint32 0>}",
    "{'subject': <'CN=x'>, 'days': <uint32 3651>}",
    "{'subject': <'CN=x'>, 'days': <1>}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (parse (bad[i], FALSE, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
      g_assert_null (parse (bad[i], TRUE, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_certificates); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad_certificates[i]);
      g_assert_null (parse (bad_certificates[i], TRUE, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/certificate-request/contents", test_contents);
  g_test_add_func ("/service/certificate-request/parts", test_parts);
  g_test_add_func ("/service/certificate-request/self-signed", test_self_signed);
  g_test_add_func ("/service/certificate-request/errors", test_errors);
  return g_test_run ();
}
