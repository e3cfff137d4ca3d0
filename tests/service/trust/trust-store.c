/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A trust store that comes as bytes. */

#include "config.h"

#include "trust/trust-store.h"

#include <gnutls/x509.h>
#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/certificate-maker.h"

#define PATH "/etc/ssl/roots.pem"

static guint
count (HandoffTrustStore *store)
{
  gnutls_x509_trust_list_t list;
  gnutls_x509_trust_list_iter_t iter = NULL;
  gnutls_x509_crt_t certificate;
  guint n = 0;

  gnutls_certificate_get_trust_list (handoff_trust_store_get_credentials (store), &list);
  while (gnutls_x509_trust_list_iter_get_ca (list, &iter, &certificate) == 0)
    {
      gnutls_x509_crt_deinit (certificate);
      n++;
    }
  return n;
}

/* Two authorities in PEM, with words around them. */
static GBytes *
new_bundle (void)
{
  const TestCertificateSpec authority = { .is_authority = TRUE };
  g_autoptr (TestCertificate) one = test_certificate_make ("one", NULL, &authority);
  g_autoptr (TestCertificate) other = test_certificate_make ("other", NULL, &authority);
  g_autofree char *pem = test_certificate_to_pem (one);
  g_autofree char *other_pem = test_certificate_to_pem (other);
  char *bundle = g_strconcat ("words\n", pem, "other words\n", other_pem, NULL);

  return g_bytes_new_take (bundle, strlen (bundle));
}

/* Breaks if not all of the bundle is trusted. */
static void
test_bundle (void)
{
  g_autoptr (GBytes) bundle = new_bundle ();
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTrustStore) store = handoff_trust_store_new_for_pem (PATH, bundle, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (count (store), ==, 2);
}

static char *message; /* (owned) (nullable): the last one */

static GLogWriterOutput
take_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  for (i = 0; i < n_fields; i++)
    {
      if (!g_str_equal (fields[i].key, "MESSAGE"))
        continue;
      g_free (message);
      message = g_strdup (fields[i].value);
    }
  return G_LOG_WRITER_HANDLED;
}

/* Breaks if there being none is an error, or passes in silence. */
static void
test_none (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTrustStore) store = NULL;

  g_log_set_writer_func (take_message, NULL, NULL);
  store = handoff_trust_store_new_for_pem ("", NULL, &error);
  g_assert_nonnull (message);
  g_assert_nonnull (strstr (message, "of the system is empty"));
  g_assert_no_error (error);
  g_assert_cmpuint (count (store), ==, 0);
}

/* Breaks if a bundle that cannot be read counts as one without certificates, or if the error does
 * not say which. */
static void
test_broken (void)
{
  static const char text[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  g_autoptr (GBytes) broken = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffTrustStore) store = handoff_trust_store_new_for_pem (PATH, broken, &error);

  g_assert_null (store);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "Cannot load the trust store " PATH ": "));
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_test_add_func ("/trust-store/bundle", test_bundle);
  g_test_add_func ("/trust-store/none", test_none);
  g_test_add_func ("/trust-store/broken", test_broken);
  status = g_test_run ();
  g_free (message);
  return status;
}
