/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Which certificates are sent with a key, and in which order. */

#include "config.h"

#include "certificate/certificate-chain.h"

#include "support/certificate-maker.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

static const TestCertificateSpec authority = { .is_authority = TRUE };

static GBytes *
dup_key_id (const TestCertificate *certificate)
{
  guint8 id[32];
  size_t size = sizeof id;

  g_assert_cmpint (
      gnutls_x509_crt_get_key_id (certificate->crt, GNUTLS_KEYID_USE_SHA256, id, &size), >=, 0);
  return g_bytes_new (id, size);
}

/* The chain that is found for the key of leaf. */
static GPtrArray *
find (const TestCertificate *leaf, GPtrArray *certificates, GError **error)
{
  g_autofree gnutls_x509_crt_t *all = g_new (gnutls_x509_crt_t, certificates->len);
  g_autoptr (GBytes) key_id = dup_key_id (leaf);
  guint i;

  for (i = 0; i < certificates->len; i++)
    all[i] = ((TestCertificate *) certificates->pdata[i])->crt;
  return handoff_certificate_chain_find (all, certificates->len, key_id, error);
}

/* The certificates between the two NULLs, in every rotation, must give the chain, which begins
 * with the leaf and ends with NULL. */
static void expect (const TestCertificate *certificate, ...) G_GNUC_NULL_TERMINATED;

static void
expect (const TestCertificate *certificate, ...)
{
  g_autoptr (GPtrArray) certificates = g_ptr_array_new ();
  g_autoptr (GPtrArray) expected = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  const TestCertificate *leaf;
  va_list arguments;
  guint rotation, i;

  va_start (arguments, certificate);
  for (; certificate != NULL; certificate = va_arg (arguments, const TestCertificate *))
    g_ptr_array_add (certificates, (gpointer) certificate);
  leaf = certificate = va_arg (arguments, const TestCertificate *);
  for (; certificate != NULL; certificate = va_arg (arguments, const TestCertificate *))
    g_ptr_array_add (expected, test_certificate_to_der (certificate));
  va_end (arguments);

  for (rotation = 0; rotation < certificates->len; rotation++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) chain = find (leaf, certificates, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (chain->len, ==, expected->len);
      for (i = 0; i < chain->len; i++)
        g_assert_true (g_bytes_equal (chain->pdata[i], expected->pdata[i]));
      g_ptr_array_insert (certificates, -1, g_ptr_array_steal_index (certificates, 0));
    }
}

/* Breaks if a root is sent, or an intermediate is not. */
static void
test_plain (void)
{
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) other = test_certificate_make ("other", NULL, &authority);
  g_autoptr (TestCertificate) upper = test_certificate_make ("upper", root, &authority);
  g_autoptr (TestCertificate) lower = test_certificate_make ("lower", upper, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", lower, NULL);
  g_autoptr (TestCertificate) alone = test_certificate_make ("alone", NULL, NULL);

  expect (root, other, upper, lower, leaf, NULL, leaf, lower, upper, NULL);
  expect (upper, lower, leaf, NULL, leaf, lower, upper, NULL);
  expect (upper, leaf, NULL, leaf, NULL);
  expect (leaf, leaf, lower, lower, NULL, leaf, lower, NULL);
  expect (alone, root, NULL, alone, NULL);
}

/* Breaks if the first certificate with a fitting name is taken, whether it is valid or not. */
static void
test_renewed (void)
{
  const TestCertificateSpec expired = { .is_authority = TRUE, .begin_days = -90, .end_days = -30 };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) old = test_certificate_make ("between", root, &expired);
  const TestCertificateSpec short_lived = {
    .key_of = old, .is_authority = TRUE, .begin_days = -1, .end_days = 10
  };
  const TestCertificateSpec long_lived = {
    .key_of = old, .is_authority = TRUE, .begin_days = -5, .end_days = 20
  };
  const TestCertificateSpec future = {
    .key_of = old, .is_authority = TRUE, .begin_days = 5, .end_days = 40
  };
  g_autoptr (TestCertificate) valid = test_certificate_make ("between", root, &short_lived);
  g_autoptr (TestCertificate) longer = test_certificate_make ("between", root, &long_lived);
  g_autoptr (TestCertificate) later = test_certificate_make ("between", root, &future);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", old, NULL);

  expect (leaf, old, valid, NULL, leaf, valid, NULL);
  expect (leaf, old, valid, longer, later, NULL, leaf, longer, NULL);
  expect (leaf, old, later, NULL, leaf, later, NULL);
  expect (leaf, old, root, NULL, leaf, old, NULL);
}

/* Breaks if the search takes the path that looks best at its beginning, though it has an expired
 * certificate, and another path is valid to its end. */
static void
test_expired_above (void)
{
  const TestCertificateSpec expired = { .is_authority = TRUE, .begin_days = -90, .end_days = -30 };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) old = test_certificate_make ("old", root, &expired);
  g_autoptr (TestCertificate) valid = test_certificate_make ("valid", root, &authority);
  const TestCertificateSpec longest = { .is_authority = TRUE, .begin_days = -1, .end_days = 300 };
  g_autoptr (TestCertificate) by_old = test_certificate_make ("between", old, &longest);
  const TestCertificateSpec same_key = { .key_of = by_old, .is_authority = TRUE };
  g_autoptr (TestCertificate) by_valid = test_certificate_make ("between", valid, &same_key);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", by_old, NULL);

  expect (leaf, by_old, old, by_valid, valid, NULL, leaf, by_valid, valid, NULL);
  expect (leaf, by_old, old, root, NULL, leaf, by_old, old, NULL);
}

/* Breaks if the first certificate of the file is taken for the key's own. */
static void
test_renewed_leaf (void)
{
  const TestCertificateSpec expired = { .begin_days = -90, .end_days = -30 };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) old = test_certificate_make ("leaf", root, &expired);
  const TestCertificateSpec same_key = { .key_of = old };
  const TestCertificateSpec self_signed = { .key_of = old, .begin_days = -1, .end_days = 300 };
  g_autoptr (TestCertificate) renewed = test_certificate_make ("leaf", root, &same_key);
  g_autoptr (TestCertificate) draft = test_certificate_make ("leaf", NULL, &self_signed);

  expect (old, renewed, draft, NULL, renewed, NULL);
  expect (old, draft, NULL, draft, NULL);
}

/* Breaks if authorities that certified each other fill the chain, or hide the way to a root. */
static void
test_circle (void)
{
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) a = test_certificate_make ("a", NULL, &authority);
  g_autoptr (TestCertificate) b = test_certificate_make ("b", NULL, &authority);
  const TestCertificateSpec key_of_a = {
    .key_of = a, .is_authority = TRUE, .begin_days = -1, .end_days = 300
  };
  const TestCertificateSpec key_of_b = { .key_of = b, .is_authority = TRUE };
  const TestCertificateSpec a_for_short = {
    .key_of = a, .is_authority = TRUE, .begin_days = -1, .end_days = 3
  };
  g_autoptr (TestCertificate) a_by_b = test_certificate_make ("a", b, &key_of_a);
  g_autoptr (TestCertificate) b_by_a = test_certificate_make ("b", a, &key_of_b);
  g_autoptr (TestCertificate) a_by_root = test_certificate_make ("a", root, &a_for_short);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", a, NULL);

  expect (leaf, a_by_b, b_by_a, NULL, leaf, a_by_b, NULL);
  expect (leaf, a_by_b, b_by_a, a_by_root, NULL, leaf, a_by_root, NULL);
  expect (leaf, a_by_b, b_by_a, a_by_root, root, NULL, leaf, a_by_root, NULL);
  expect (leaf, a_by_b, b_by_a, b, NULL, leaf, a_by_b, NULL);
}

/* Breaks if names decide although signatures can. */
static void
test_namesakes (void)
{
  const TestCertificateSpec without_ids = { .is_authority = TRUE, .without_key_ids = TRUE };
  const TestCertificateSpec leaf_without_ids = { .without_key_ids = TRUE };
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &without_ids);
  g_autoptr (TestCertificate) other_root = test_certificate_make ("root", NULL, &without_ids);
  g_autoptr (TestCertificate) issuer = test_certificate_make ("between", root, &without_ids);
  g_autoptr (TestCertificate) other = test_certificate_make ("between", root, &without_ids);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", issuer, &leaf_without_ids);
  /* A new root, certified by the old one: by its names, it is a root itself. */
  g_autoptr (TestCertificate) new_root = test_certificate_make ("root", root, &without_ids);
  g_autoptr (TestCertificate) of_new = test_certificate_make ("leaf", new_root, &leaf_without_ids);

  expect (other, issuer, leaf, other_root, root, NULL, leaf, issuer, NULL);
  expect (other, leaf, NULL, leaf, NULL);
  expect (of_new, new_root, root, other_root, NULL, of_new, new_root, NULL);
}

/* Breaks if a stranger's file decides how much work it makes. */
static void
test_too_many (void)
{
  const TestCertificateSpec without_ids = { .is_authority = TRUE, .without_key_ids = TRUE };
  const TestCertificateSpec leaf_without_ids = { .without_key_ids = TRUE };
  g_autoptr (TestCertificate) issuer = test_certificate_make ("issuer", NULL, &without_ids);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", issuer, &leaf_without_ids);
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) test_certificate_free);
  g_autoptr (GPtrArray) lent = g_ptr_array_new ();
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  g_ptr_array_add (lent, leaf);
  for (i = 0; i <= HANDOFF_CHAIN_MAX_SIGNATURES; i++)
    {
      g_ptr_array_add (certificates, test_certificate_make ("issuer", NULL, &without_ids));
      g_ptr_array_add (lent, certificates->pdata[i]);
    }
  chain = find (leaf, lent, &error);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "of one name"));
  g_assert_null (chain);
}

/* Breaks if a chain is longer than the chain of a credential may be. */
static void
test_long (void)
{
  g_autoptr (GPtrArray) certificates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) test_certificate_free);
  g_autoptr (TestCertificate) leaf = NULL;
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  g_ptr_array_add (certificates, test_certificate_make ("0", NULL, &authority));
  for (i = 1; i < 30; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      g_ptr_array_add (certificates,
                       test_certificate_make (name, certificates->pdata[i - 1], &authority));
    }
  leaf = test_certificate_make ("leaf", certificates->pdata[i - 1], NULL);
  g_ptr_array_add (certificates, g_steal_pointer (&leaf));
  chain = find (certificates->pdata[i], certificates, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (chain->len, ==, HANDOFF_MAX_CERTIFICATES);
}

/* Breaks if a chain in a given order loses its first certificate, or keeps useless ones. */
static void
test_arrange (void)
{
  g_autoptr (TestCertificate) root = test_certificate_make ("root", NULL, &authority);
  g_autoptr (TestCertificate) between = test_certificate_make ("between", root, &authority);
  g_autoptr (TestCertificate) leaf = test_certificate_make ("leaf", between, NULL);
  g_autoptr (GPtrArray) given = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (given, test_certificate_to_der (leaf));
  g_ptr_array_add (given, test_certificate_to_der (root));
  g_ptr_array_add (given, test_certificate_to_der (between));
  g_ptr_array_add (given, test_certificate_to_der (leaf));
  chain = handoff_certificate_chain_arrange (given, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (chain->len, ==, 2);
  g_assert_true (g_bytes_equal (chain->pdata[0], given->pdata[0]));
  g_assert_true (g_bytes_equal (chain->pdata[1], given->pdata[2]));

  g_ptr_array_add (given, g_bytes_new_static ("x", 1));
  none = handoff_certificate_chain_arrange (given, &error);
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "number 5"));
  g_assert_null (none);
}

static gboolean
count_path (GPtrArray *path, gpointer user_data)
{
  (*(guint *) user_data)++;
  g_assert_cmpuint (path->len, <=, 5);
  return FALSE;
}

/* Four authorities that all certified each other. Breaks if a stranger can make the service try
 * all paths through them. */
static void
test_paths_bounded (void)
{
  static const char *const names[] = { "a", "b", "c", "d" };
  g_autoptr (GPtrArray) made =
      g_ptr_array_new_with_free_func ((GDestroyNotify) test_certificate_free);
  g_autoptr (GPtrArray) sent = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint i, j, n_paths = 0;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (made, test_certificate_make (names[i], NULL, &authority));
  g_ptr_array_add (made, test_certificate_make ("leaf", made->pdata[0], NULL));
  g_ptr_array_add (sent, test_certificate_to_der (made->pdata[made->len - 1]));
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const TestCertificateSpec spec = { .is_authority = TRUE, .key_of = made->pdata[i] };

      for (j = 0; j < G_N_ELEMENTS (names); j++)
        {
          if (i == j)
            continue;
          g_ptr_array_add (made, test_certificate_make (names[i], made->pdata[j], &spec));
          g_ptr_array_add (sent, test_certificate_to_der (made->pdata[made->len - 1]));
        }
    }
  g_assert_false (handoff_certificate_chain_try_paths (sent, count_path, &n_paths));
  g_assert_cmpuint (n_paths, ==, HANDOFF_CHAIN_MAX_PATHS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/certificate-chain/plain", test_plain);
  g_test_add_func ("/service/certificate-chain/renewed", test_renewed);
  g_test_add_func ("/service/certificate-chain/expired-above", test_expired_above);
  g_test_add_func ("/service/certificate-chain/renewed-leaf", test_renewed_leaf);
  g_test_add_func ("/service/certificate-chain/circle", test_circle);
  g_test_add_func ("/service/certificate-chain/namesakes", test_namesakes);
  g_test_add_func ("/service/certificate-chain/too-many", test_too_many);
  g_test_add_func ("/service/certificate-chain/long", test_long);
  g_test_add_func ("/service/certificate-chain/arrange", test_arrange);
  g_test_add_func ("/service/certificate-chain/paths-bounded", test_paths_bounded);
  return g_test_run ();
}
