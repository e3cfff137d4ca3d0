/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What is believed of a process that may have been taken over: descriptions of credentials. */

#include "config.h"

#include "description/description.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* The parts of a description, as they are written. */
typedef struct
{
  gsize key_size;
  const char *algorithm;
  guint n_certificates;
  gsize certificate_size;
  gint64 not_before;
  gint64 not_after;
  gsize ocsp_size;
  gint64 ocsp_not_after;
  const char *ocsp_problem;
} Parts;

static const Parts full = { 91, "ecdsa-p256", 2, 700, 1000, 2000, 500, 1500, "" };

static GBytes *
bytes_of_size (gsize size)
{
  return g_bytes_new_take (g_strnfill (size, 'x'), size);
}

static GVariant *
bytestring (gsize size)
{
  g_autoptr (GBytes) bytes = bytes_of_size (size);

  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

static GVariant *
new_variant (const Parts *parts)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  for (guint i = 0; i < parts->n_certificates; i++)
    g_variant_builder_add_value (&builder, bytestring (parts->certificate_size));
  return g_variant_new ("(@aysaayxx@ayxs)", bytestring (parts->key_size), parts->algorithm,
                        &builder, parts->not_before, parts->not_after,
                        bytestring (parts->ocsp_size), parts->ocsp_not_after, parts->ocsp_problem);
}

static void
expect_refused (GVariant *variant, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_description_read (variant, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_true (g_str_has_suffix (error->message, why));
}

/* Breaks if something is lost or mixed up on the way. */
static void
test_read (void)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (new_variant (&full));
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffDescription) read = handoff_description_read (variant, &error);
  g_autoptr (HandoffDescription) made = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (read->public_key), ==, full.key_size);
  g_assert_cmpstr (read->algorithm, ==, full.algorithm);
  g_assert_cmpuint (read->certificates->len, ==, full.n_certificates);
  g_assert_cmpuint (g_bytes_get_size (g_ptr_array_index (read->certificates, 1)), ==,
                    full.certificate_size);
  g_assert_cmpint (read->not_before, ==, full.not_before);
  g_assert_cmpint (read->not_after, ==, full.not_after);
  g_assert_cmpuint (g_bytes_get_size (read->ocsp_response), ==, full.ocsp_size);
  g_assert_cmpint (read->ocsp_not_after, ==, full.ocsp_not_after);
  g_assert_null (read->ocsp_problem);

  made = handoff_description_new (read->public_key, read->algorithm, read->certificates,
                                  read->not_before, read->not_after, read->ocsp_response,
                                  read->ocsp_not_after, read->ocsp_problem, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (made->variant, variant));
}

/* Breaks if a key without certificates has no description: a new one has none. */
static void
test_bare_key (void)
{
  g_autoptr (GBytes) key = bytes_of_size (44);
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffDescription) description =
      handoff_description_new (key, "ed25519", NULL, 0, 0, NULL, 0, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (description->certificates->len, ==, 0);
  g_assert_null (description->ocsp_response);
}

/* Breaks if the largest that a credential can have does not fit into a link's message. */
static void
test_largest (void)
{
  const Parts parts = { HANDOFF_MAX_PUBLIC_KEY_SIZE,
                        "rsa-16384",
                        HANDOFF_MAX_CERTIFICATES,
                        HANDOFF_MAX_CHAIN_SIZE / HANDOFF_MAX_CERTIFICATES,
                        0,
                        HANDOFF_MAX_CERTIFICATE_TIME,
                        HANDOFF_MAX_STAPLE_SIZE,
                        HANDOFF_MAX_CERTIFICATE_TIME,
                        "" };
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffDescription) description =
      handoff_description_read (new_variant (&parts), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_size (description->variant), <=, 120 * 1024);
}

/* Breaks if a part that is too large, or fits nothing, is believed. */
static void
test_lies (void)
{
  static const char long_problem[] =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefx";
  const struct
  {
    Parts parts;
    const char *why;
  } cases[] = {
    { { 0, "rsa-2048", 1, 9, 1, 2, 0, 0, "" }, "is none, or too large" },
    { { 4097, "rsa-2048", 1, 9, 1, 2, 0, 0, "" }, "is none, or too large" },
    { { 9, "", 1, 9, 1, 2, 0, 0, "" }, "no such name" },
    { { 9, "rsa\n2048", 1, 9, 1, 2, 0, 0, "" }, "no such name" },
    { { 9, "0123456789abcdef0123456789abcdef0", 1, 9, 1, 2, 0, 0, "" }, "no such name" },
    { { 9, "rsa-2048", 1, 0, 1, 2, 0, 0, "" }, "is empty" },
    { { 9, "rsa-2048", 17, 9, 1, 2, 0, 0, "" }, "is too large" },
    { { 9, "rsa-2048", 1, HANDOFF_MAX_CHAIN_SIZE + 1, 1, 2, 0, 0, "" }, "is too large" },
    { { 9, "rsa-2048", 1, 9, -1, 2, 0, 0, "" }, "in no calendar" },
    { { 9, "rsa-2048", 1, 9, 1, -1, 0, 0, "" }, "in no calendar" },
    { { 9, "rsa-2048", 1, 9, 1, HANDOFF_MAX_CERTIFICATE_TIME + 1, 0, 0, "" }, "in no calendar" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 9, G_MAXINT64, "" }, "in no calendar" },
    { { 9, "rsa-2048", 0, 0, 0, 2, 0, 0, "" }, "and no certificate" },
    { { 9, "rsa-2048", 0, 0, 1, 0, 0, 0, "" }, "and no certificate" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 9, 0, "" }, "an end no response" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 0, 1, "" }, "an end no response" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 9, 1, "it is revoked" }, "good that cannot be" },
    { { 9, "rsa-2048", 0, 0, 0, 0, 9, 1, "" }, "good that cannot be" },
    { { 9, "rsa-2048", 1, 9, 1, 2, HANDOFF_MAX_STAPLE_SIZE + 1, 1, "" }, "is too large" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 0, 0, "it\n<0>is" }, "no text for people" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 0, 0, "\xe2\x80\xae" }, "no text for people" },
    { { 9, "rsa-2048", 1, 9, 1, 2, 0, 0, long_problem }, "no text for people" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    expect_refused (new_variant (&cases[i].parts), cases[i].why);
}

/* Breaks if bytes of another form are taken: of another type, or not normal, where GLib would give
 * defaults for what is damaged. */
static void
test_form (void)
{
  g_autoptr (GVariant) good = g_variant_ref_sink (new_variant (&full));
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (good);

  expect_refused (g_variant_new_string ("x"), "it is no description");
  expect_refused (g_variant_new ("(s)", "x"), "it is no description");
  for (gsize size = 0; size < g_bytes_get_size (bytes); size += 17)
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (bytes, 0, size);

      expect_refused (
          g_variant_new_from_bytes (G_VARIANT_TYPE (HANDOFF_DESCRIPTION_TYPE), part, FALSE),
          "it is no description");
    }
}

/* Breaks if more than peers take is worked on. */
static void
test_chain (void)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;

  g_assert_true (handoff_description_check_chain (chain, NULL));
  g_ptr_array_add (chain, bytes_of_size (HANDOFF_MAX_CHAIN_SIZE));
  g_assert_true (handoff_description_check_chain (chain, NULL));
  g_ptr_array_add (chain, bytes_of_size (1));
  g_assert_false (handoff_description_check_chain (chain, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_str_has_prefix (error->message, "certificates: "));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/description/read", test_read);
  g_test_add_func ("/service/description/bare-key", test_bare_key);
  g_test_add_func ("/service/description/largest", test_largest);
  g_test_add_func ("/service/description/lies", test_lies);
  g_test_add_func ("/service/description/form", test_form);
  g_test_add_func ("/service/description/chain", test_chain);
  return g_test_run ();
}
