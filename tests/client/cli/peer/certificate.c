/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Files with certificates, and certificates in print. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <time.h>

#include "terminal/certificate.h"
#include "terminal/certificate-file.h"

typedef struct
{
  char *path;
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("trust-XXXXXX", &fixture->path, &error);

  g_assert_no_error (error);
  g_assert_true (g_close (fd, NULL));
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_free (fixture->path);
}

static void
write_file (Fixture *fixture, const char *content, gssize size)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->path, content, size, &error);
  g_assert_no_error (error);
}

static char *
read_certificate (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pem", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), file, NULL);
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

/* Breaks if a bundle with text between the certificates, as distributions have them, is not read
 * whole. */
static void
test_trust_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ca = read_certificate ("ca");
  g_autofree char *other = read_certificate ("other-ca");
  g_autofree char *bundle = g_strdup_printf ("# one\n%s\n# another: ü\n%s", ca, other);
  g_autoptr (GPtrArray) anchors = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (CliCertificate) second = NULL;

  write_file (fixture, bundle, -1);
  anchors = cli_certificate_file_load (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (anchors->len, ==, 2);
  second = cli_certificate_new (g_ptr_array_index (anchors, 1));
  g_assert_cmpstr (second->subject, ==, "CN=TLS Handoff test other-ca");
}

/* Breaks if a file that is no bundle passes for one, which would trust nobody, or too much of it.
 */
static void
test_trust_file_bad (Fixture *fixture, gconstpointer data)
{
  static const char damaged[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const char *contents[] = { "", "no certificate\n", damaged };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GError) error = NULL;

      write_file (fixture, contents[i], -1);
      g_assert_null (cli_certificate_file_load (fixture->path, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, fixture->path));
    }
}

/* Breaks if the error does not say which file, or a directory or endless device hangs the command.
 */
static void
test_trust_file_unreadable (void)
{
  const char *paths[] = { "/proc/nonexistent/trust.pem", "/", "/dev/zero" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (cli_certificate_file_load (paths[i], &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, paths[i]));
    }
}

/* Breaks if the command connects before it says that the service does not take so many. */
static void
test_trust_file_limit (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ca = read_certificate ("ca");
  g_autoptr (GString) bundle = g_string_new (NULL);
  g_autoptr (GPtrArray) authorities = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < 256; i++)
    g_string_append (bundle, ca);
  write_file (fixture, bundle->str, -1);
  authorities = cli_certificate_file_load_authorities (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (authorities->len, ==, 256);

  g_string_append (bundle, ca);
  write_file (fixture, bundle->str, -1);
  g_assert_null (cli_certificate_file_load_authorities (fixture->path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "257 certificates"));
  g_assert_nonnull (strstr (error->message, "at most 256"));
}

static GBytes *
load_one (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pem", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), file, NULL);
  g_autoptr (GPtrArray) anchors = NULL;
  g_autoptr (GError) error = NULL;

  anchors = cli_certificate_file_load (path, &error);
  g_assert_no_error (error);
  return g_bytes_ref (g_ptr_array_index (anchors, 0));
}

/* Breaks if a field is read wrongly, for each kind of key. */
static void
test_certificate (void)
{
  static const struct
  {
    const char *name;
    const char *algorithm;
    const char *curve;
  } cases[] = {
    { "rsa", "RSA", NULL },
    { "ecdsa", "EC/ECDSA", "SECP256R1" },
    { "ed25519", "EdDSA (Ed25519)", "Ed25519" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) der = load_one (cases[i].name);
      g_autoptr (CliCertificate) certificate = cli_certificate_new (der);
      g_autofree char *subject = g_strconcat ("CN=", cases[i].name, NULL);

      g_assert_null (certificate->problem);
      g_assert_cmpstr (certificate->subject, ==, subject);
      g_assert_cmpstr (certificate->issuer, ==, "CN=TLS Handoff test ca");
      g_assert_cmpstr (certificate->key_algorithm, ==, cases[i].algorithm);
      g_assert_cmpstr (certificate->curve, ==, cases[i].curve);
      g_assert_cmpuint (certificate->key_bits, ==, i == 0 ? 2048 : 256);
      g_assert_cmpstr (certificate->signature_algorithm, ==, "ECDSA-SHA256");
      g_assert_false (certificate->is_authority);
      g_assert_cmpuint (certificate->names->len, ==, 5);
      g_assert_cmpstr (certificate->names->pdata[0], ==, "DNS:localhost");
      g_assert_cmpstr (certificate->names->pdata[3], ==, "IP:127.0.0.1");
      g_assert_cmpstr (certificate->names->pdata[4], ==, "IP:::1");
      g_assert_cmpuint (strlen (certificate->sha256), ==, 32 * 3 - 1);
    }
}

/* Breaks if validity is shown in another time zone, or an authority as a server. */
static void
test_certificate_validity (void)
{
  g_autoptr (GBytes) der = load_one ("expired");
  g_autoptr (GBytes) ca_der = load_one ("ca");
  g_autoptr (CliCertificate) certificate = cli_certificate_new (der);
  g_autoptr (CliCertificate) ca = cli_certificate_new (ca_der);
  g_autofree char *from = g_date_time_format_iso8601 (certificate->not_before);
  g_autofree char *until = g_date_time_format_iso8601 (certificate->not_after);

  g_assert_cmpstr (from, ==, "2020-01-01T00:00:00Z");
  g_assert_cmpstr (until, ==, "2020-02-01T00:00:00Z");
  g_assert_true (ca->is_authority);
}

/* Breaks if the fingerprint is not that of other tools, which people compare it with. */
static void
test_certificate_fingerprint (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "rsa.pem", NULL);
  g_autoptr (GBytes) der = load_one ("rsa");
  g_autoptr (CliCertificate) certificate = cli_certificate_new (der);
  g_autofree char *expected = NULL;
  g_autofree char *output = NULL;
  const char *argv[] = {
    "openssl", "x509", "-in", path, "-noout", "-sha256", "-fingerprint", NULL
  };
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL,
                &error);
  g_assert_no_error (error);
  expected = g_strdup_printf ("sha256 Fingerprint=%s\n", certificate->sha256);
  g_assert_cmpstr (output, ==, expected);
}

/* Breaks if garbage in place of a certificate crashes the command or passes for one. */
static void
test_certificate_garbage (void)
{
  g_autoptr (GBytes) good = load_one ("ecdsa");
  gsize size = g_bytes_get_size (good);
  gsize length;

  for (length = 0; length < size; length++)
    {
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (good, 0, length);
      g_autoptr (CliCertificate) certificate = cli_certificate_new (cut);

      g_assert_nonnull (certificate->problem);
      g_assert_null (certificate->subject);
      g_assert_cmpuint (certificate->names->len, ==, 0);
    }
}

/* A certificate with hostile names, self-signed. */
static GBytes *
make_hostile_certificate (void)
{
  /* SubjectAltName (RFC 5280 4.2.1.6) by hand, because GnuTLS ends a name that it writes at a NUL.
   */
  static const char names[] = "\x30\x22" /* SEQUENCE, 34 bytes */
                              "\x82\x1b" /* dNSName, 27 bytes */
                              "www.example.org\0\033[2J.evil.x"
                              "\x87\x03\x01\x02\x03"; /* iPAddress, 3 bytes */
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t crt;
  gnutls_datum_t der;
  GBytes *bytes;

  g_assert_cmpint (gnutls_x509_privkey_init (&key), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_EDDSA_ED25519, 256, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_init (&crt), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_version (crt, 3), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_serial (crt, "\001", 1), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_activation_time (crt, time (NULL)), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_expiration_time (crt, time (NULL) + 60), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_key (crt, key), ==, 0);
  g_assert_cmpint (
      gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0, "a\033]0;b\007", 7), ==,
      0);
  g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (crt, GNUTLS_X509EXT_OID_SAN, names,
                                                         sizeof names - 1, 0),
                   ==, 0);
  g_assert_cmpint (gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_UNKNOWN, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &der), ==, 0);
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_privkey_deinit (key);
  return bytes;
}

/* Breaks if a name ends at a NUL that is within it, so that another one is shown than the server
 * has; or if what is shown holds control characters. */
static void
test_certificate_hostile (void)
{
  g_autoptr (GBytes) der = make_hostile_certificate ();
  g_autoptr (CliCertificate) certificate = cli_certificate_new (der);

  g_assert_null (certificate->problem);
  g_assert_cmpuint (certificate->names->len, ==, 2);
  g_assert_nonnull (strstr (certificate->names->pdata[0], ".evil.x"));
  g_assert_cmpstr (certificate->names->pdata[1], ==, "IP:01:02:03");
  if (g_test_subprocess ())
    {
      cli_certificate_print (certificate, 1);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*\\x1b?2J.evil.x*");
  g_test_trap_assert_stdout_unmatched ("*\033*");
  g_test_trap_assert_stdout_unmatched ("*\007*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/cli/trust-file/bundle", Fixture, NULL, fixture_set_up, test_trust_file,
              fixture_tear_down);
  g_test_add ("/cli/trust-file/bad", Fixture, NULL, fixture_set_up, test_trust_file_bad,
              fixture_tear_down);
  g_test_add_func ("/cli/trust-file/unreadable", test_trust_file_unreadable);
  g_test_add ("/cli/trust-file/limit", Fixture, NULL, fixture_set_up, test_trust_file_limit,
              fixture_tear_down);
  g_test_add_func ("/cli/certificate/fields", test_certificate);
  g_test_add_func ("/cli/certificate/validity", test_certificate_validity);
  g_test_add_func ("/cli/certificate/fingerprint", test_certificate_fingerprint);
  g_test_add_func ("/cli/certificate/garbage", test_certificate_garbage);
  g_test_add_func ("/cli/certificate/hostile", test_certificate_hostile);
  return g_test_run ();
}
