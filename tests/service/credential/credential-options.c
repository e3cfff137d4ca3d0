/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "credential/credential-options.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define CALLER 1000

static HandoffCredentialOptions *
parse (HandoffCredentialMethod method, const char *text, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GVariant) options =
      g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &parse_error);

  g_assert_no_error (parse_error);
  return handoff_credential_options_parse (options, method, CALLER, error);
}

static HandoffCredentialOptions *
parse_good (HandoffCredentialMethod method, const char *text)
{
  g_autoptr (GError) error = NULL;
  HandoffCredentialOptions *options = parse (method, text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (options);
  return options;
}

static void
assert_refused (HandoffCredentialMethod method,
                const char *text,
                const char *word1,
                const char *word2)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffCredentialOptions) options = parse (method, text, &error);

  g_test_message ("%.200s: %s", text, error != NULL ? error->message : "accepted");
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_null (options);
  g_assert_nonnull (strstr (error->message, word1));
  g_assert_nonnull (strstr (error->message, word2));
}

/* Breaks if, without an option, a credential belongs to somebody else than its maker. */
static void
test_none (void)
{
  g_autoptr (HandoffCredentialOptions) options =
      parse_good (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{}");

  g_assert_cmpuint (options->owner, ==, CALLER);
  g_assert_cmpint (options->roles, ==, HANDOFF_CREDENTIAL_ROLE_BOTH);
  g_assert_cmpint (options->passphrase, ==, -1);
  g_assert_cmpint (options->pin, ==, -1);
  g_assert_null (options->certificates);
  g_assert_false (options->all);
}

/* Breaks if an option is lost, or taken for another one. */
static void
test_all (void)
{
  g_autoptr (HandoffCredentialOptions) import =
      parse_good (HANDOFF_CREDENTIAL_METHOD_IMPORT,
                  "{'owner': <uint32 0>, 'roles': <['server']>, 'passphrase': <handle 1>}");
  g_autoptr (HandoffCredentialOptions) link = parse_good (
      HANDOFF_CREDENTIAL_METHOD_LINK, "{'pin': <handle 0>, 'roles': <['client', 'client']>,"
                                      " 'certificates': <[[byte 1, 2], [byte 3]]>}");
  g_autoptr (HandoffCredentialOptions) list =
      parse_good (HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS, "{'all': <true>}");

  g_assert_cmpuint (import->owner, ==, 0);
  g_assert_cmpint (import->roles, ==, HANDOFF_CREDENTIAL_ROLE_SERVER);
  g_assert_cmpint (import->passphrase, ==, 1);
  g_assert_cmpuint (link->owner, ==, CALLER);
  g_assert_cmpint (link->roles, ==, HANDOFF_CREDENTIAL_ROLE_CLIENT);
  g_assert_cmpint (link->pin, ==, 0);
  g_assert_cmpuint (link->certificates->len, ==, 2);
  g_assert_cmpuint (g_bytes_get_size (g_ptr_array_index (link->certificates, 0)), ==, 2);
  g_assert_true (list->all);
}

/* Breaks if a method ignores an option that it does not have, such as an owner. */
static void
test_of_other_methods (void)
{
  assert_refused (HANDOFF_CREDENTIAL_METHOD_GENERATE, "{'passphrase': <handle 0>}", "“passphrase”",
                  "no option");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'pin': <handle 0>}", "“pin”", "no option");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'certificates': <[[byte 1]]>}",
                  "“certificates”", "no option");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS, "{'owner': <uint32 1>}", "“owner”",
                  "no option");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_LINK, "{'all': <true>}", "“all”", "no option");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'exportable': <true>}", "“exportable”",
                  "no option");
}

/* Breaks if a wrong value ends the service, or is accepted. */
static void
test_wrong (void)
{
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'owner': <int32 1>}", "owner",
                  "must be of type u");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'owner': <uint32 0xffffffff>}", "owner",
                  "uid");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'passphrase': <'secret'>}", "passphrase",
                  "must be of type h");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'passphrase': <handle -1>}", "passphrase",
                  "descriptor");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_LINK, "{'pin': <handle -2147483648>}", "pin",
                  "descriptor");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'roles': <@as []>}", "roles", "at least one");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'roles': <['client', 'Server']>}", "roles",
                  "server");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'roles': <'client'>}", "roles",
                  "must be of type as");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_LIST_CREDENTIALS, "{'all': <uint32 1>}", "all",
                  "must be of type b");
  assert_refused (HANDOFF_CREDENTIAL_METHOD_IMPORT, "{'owner': <uint32 1>, 'owner': <uint32 0>}",
                  "owner", "twice");
}

/* Breaks if a chain can be of any length, or any size. */
static void
test_certificates (void)
{
  guint n_certificates;

  for (n_certificates = 0; n_certificates <= HANDOFF_MAX_CERTIFICATES + 1; n_certificates++)
    {
      g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aay"));
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GPtrArray) certificates = NULL;
      g_autoptr (GError) error = NULL;
      guint i;

      for (i = 0; i < n_certificates; i++)
        g_variant_builder_add (&builder, "@ay", g_variant_new_bytestring ("x"));
      value = g_variant_ref_sink (g_variant_builder_end (&builder));
      certificates = handoff_certificates_parse (value, "certificates", &error);
      if (n_certificates >= 1 && n_certificates <= HANDOFF_MAX_CERTIFICATES)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (certificates->len, ==, n_certificates);
          continue;
        }
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_null (certificates);
      g_assert_nonnull (strstr (error->message, "1 to 16"));
    }

  {
    g_autofree guint8 *zeros = g_malloc0 (HANDOFF_CREDENTIAL_MAX_SIZE + 1);
    GVariant *large =
        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, HANDOFF_CREDENTIAL_MAX_SIZE + 1, 1);
    g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_array (NULL, &large, 1));
    g_autoptr (GError) error = NULL;

    g_assert_null (handoff_certificates_parse (value, "certificates", &error));
    g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/credential-options/none", test_none);
  g_test_add_func ("/service/credential-options/all", test_all);
  g_test_add_func ("/service/credential-options/of-other-methods", test_of_other_methods);
  g_test_add_func ("/service/credential-options/wrong", test_wrong);
  g_test_add_func ("/service/credential-options/certificates", test_certificates);
  return g_test_run ();
}
