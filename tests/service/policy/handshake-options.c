/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <string.h>

#include "policy/handshake-options.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "support/policy-fixture.h"

static HandoffHandshakeOptions *
parse_as (HandoffRole role,
          const HandoffConfiguration *configuration,
          const char *text,
          GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GVariant) options =
      g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &parse_error);

  g_assert_no_error (parse_error);
  return handoff_handshake_options_parse (options, role, configuration, error);
}

static HandoffHandshakeOptions *
parse_with (const HandoffConfiguration *configuration, const char *text, GError **error)
{
  return parse_as (HANDOFF_ROLE_CLIENT, configuration, text, error);
}

static HandoffHandshakeOptions *
parse_server (const char *text, GError **error)
{
  g_autoptr (HandoffConfiguration) configuration = test_configuration_new ("");

  return parse_as (HANDOFF_ROLE_SERVER, configuration, text, error);
}

static HandoffHandshakeOptions *
parse (const char *text, GError **error)
{
  g_autoptr (HandoffConfiguration) configuration = test_configuration_new ("");

  return parse_with (configuration, text, error);
}

static HandoffHandshakeOptions *
parse_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  HandoffHandshakeOptions *options = parse (text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (options);
  return options;
}

static void
assert_refused_as (
    HandoffRole role, const char *text, int code, const char *word1, const char *word2)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffHandshakeOptions) options =
      role == HANDOFF_ROLE_SERVER ? parse_server (text, &error) : parse (text, &error);

  g_test_message ("%.200s: %s", text, error != NULL ? error->message : "accepted");
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  g_assert_null (options);
  g_assert_nonnull (strstr (error->message, word1));
  g_assert_nonnull (strstr (error->message, word2));
}

static void
assert_refused (const char *text, int code, const char *word1, const char *word2)
{
  assert_refused_as (HANDOFF_ROLE_CLIENT, text, code, word1, word2);
}

/* Breaks if a default differs from the documented one. */
static void
test_none (void)
{
  g_autoptr (HandoffHandshakeOptions) options = parse_good ("{}");

  g_assert_cmpuint (options->application_protocols->len, ==, 0);
  g_assert_cmpuint (options->blob_format, ==, 1);
  g_assert_null (options->cipher_suites);
  g_assert_null (options->trust_anchors);
  g_assert_cmphex (options->minimum_protocol, ==, 0x0303);
  g_assert_cmphex (options->maximum_protocol, ==, 0x0304);
  g_assert_cmpuint (options->timeout, ==, 30);
  g_assert_false (options->error_details);
  g_assert_null (options->server_name);
  g_assert_null (options->credential);
  g_assert_cmpint (options->credential_pem, ==, -1);
  g_assert_cmpint (options->client_certificate, ==, HANDOFF_CLIENT_CERTIFICATE_MODE_NONE);
}

/* Breaks if “trust nobody” means the configuration's authorities. */
static void
test_trust_nobody (void)
{
  g_autoptr (HandoffHandshakeOptions) nobody = parse_good ("{'trust-nobody': <true>}");
  g_autoptr (HandoffHandshakeOptions) system = parse_good ("{'trust-nobody': <false>}");

  g_assert_nonnull (nobody->trust_anchors);
  g_assert_cmpuint (nobody->trust_anchors->len, ==, 0);
  g_assert_null (system->trust_anchors);
}

/* Breaks if another name is sent than was asked for, or one that no server can have. */
static void
test_server_name (void)
{
  g_autoptr (HandoffHandshakeOptions) none = parse_good ("{'server-name': <''>}");
  g_autoptr (HandoffHandshakeOptions) name = parse_good ("{'server-name': <'Bücher.example.'>}");

  g_assert_cmpstr (none->server_name, ==, "");
  g_assert_cmpstr (name->server_name, ==, "xn--bcher-kva.example");
  assert_refused ("{'server-name': <'192.0.2.1'>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "server-name", "DNS name");
  assert_refused ("{'server-name': <'a b'>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "server-name",
                  "DNS name");
  assert_refused_as (HANDOFF_ROLE_SERVER, "{'server-name': <'a.example'>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "server-name", "client only");
}

static void
test_all (void)
{
  g_autoptr (HandoffHandshakeOptions) options =
      parse_good ("{'application-protocols': <['h2', 'http/1.1']>, 'blob-format': <uint32 7>,"
                  " 'cipher-suites': <[uint16 0x1301, 0xffff, 0xc02b]>, 'error-details': <true>,"
                  " 'minimum-protocol': <'TLS1.2'>, 'maximum-protocol': <'TLS1.2'>,"
                  " 'timeout': <uint32 300>, 'trust-anchors': <[[byte 1, 2], [byte 3]]>}");

  g_assert_cmpuint (options->application_protocols->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (options->application_protocols, 0), ==, "h2");
  g_assert_cmpstr (g_ptr_array_index (options->application_protocols, 1), ==, "http/1.1");
  /* Suites that only a newer library has are left out, not refused. */
  g_assert_cmpuint (options->cipher_suites->len, ==, 2);
  /* A newer library reads ours. */
  g_assert_cmpuint (options->blob_format, ==, 2);
  g_assert_true (options->error_details);
  g_assert_cmphex (options->minimum_protocol, ==, 0x0303);
  g_assert_cmphex (options->maximum_protocol, ==, 0x0303);
  g_assert_cmpuint (options->timeout, ==, 300);
  g_assert_cmpuint (options->trust_anchors->len, ==, 2);
  g_assert_cmpmem (g_bytes_get_data (g_ptr_array_index (options->trust_anchors, 0), NULL), 2,
                   "\1\2", 2);

  /* The list and the range of protocols both count. */
  g_assert_false (
      handoff_handshake_options_allow_suite (options, handoff_cipher_suite_by_id (0x1301)));
  g_assert_true (
      handoff_handshake_options_allow_suite (options, handoff_cipher_suite_by_id (0xc02b)));
  g_assert_false (
      handoff_handshake_options_allow_suite (options, handoff_cipher_suite_by_id (0xc02c)));
}

/* Breaks if the service aborts because it reads a value as another type. */
static void
test_wrong_type (void)
{
  const struct
  {
    const char *name;
    const char *type;
  } options[] = {
    { HANDOFF_OPTION_APPLICATION_PROTOCOLS, "as" },
    { HANDOFF_OPTION_BLOB_FORMAT, "u" },
    { HANDOFF_OPTION_CIPHER_SUITES, "aq" },
    { HANDOFF_OPTION_CLIENT_CERTIFICATE, "s" },
    { HANDOFF_OPTION_CREDENTIAL, "s" },
    { HANDOFF_OPTION_CREDENTIAL_PEM, "h" },
    { HANDOFF_OPTION_ERROR_DETAILS, "b" },
    { HANDOFF_OPTION_MAXIMUM_PROTOCOL, "s" },
    { HANDOFF_OPTION_MINIMUM_PROTOCOL, "s" },
    { HANDOFF_OPTION_SERVER_NAME, "s" },
    { HANDOFF_OPTION_TIMEOUT, "u" },
    { HANDOFF_OPTION_TRUST_ANCHORS, "aay" },
  };
  const char *values[] = { "'text'",    "true",   "uint32 1", "int32 1",          "uint64 1",
                           "@as []",    "@aq []", "@aay []",  "@ay []",           "@av []",
                           "@a{sv} {}", "@mu 1",  "<'text'>", "(uint32 1, 'two')" };
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *must_be = g_strdup_printf ("must be of type %s,", options[i].type);

      for (j = 0; j < G_N_ELEMENTS (values); j++)
        {
          g_autoptr (GVariant) value = g_variant_parse (NULL, values[j], NULL, NULL, NULL);
          g_autofree char *text = g_strdup_printf ("{'%s': <%s>}", options[i].name, values[j]);

          g_assert_nonnull (value);
          if (!g_variant_is_of_type (value, G_VARIANT_TYPE (options[i].type)))
            assert_refused (text, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, options[i].name, must_be);
        }
    }
}

/* count times element, as an array of an option */
static char *
repeat (const char *option, const char *type, const char *element, guint count)
{
  GString *text = g_string_new (NULL);
  guint i;

  g_string_printf (text, "{'%s': <@%s [", option, type);
  for (i = 0; i < count; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", element);
  g_string_append (text, "]>}");
  return g_string_free (text, FALSE);
}

static void
test_lists_at_their_limits (void)
{
  const struct
  {
    const char *option;
    const char *type;
    const char *element;
    guint limit;
  } lists[] = {
    { HANDOFF_OPTION_APPLICATION_PROTOCOLS, "as", "'h2'", 8 },
    { HANDOFF_OPTION_CIPHER_SUITES, "aq", "0x1301", 256 },
    { HANDOFF_OPTION_TRUST_ANCHORS, "aay", "[0x30]", 256 },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autofree char *most =
          repeat (lists[i].option, lists[i].type, lists[i].element, lists[i].limit);
      g_autofree char *more =
          repeat (lists[i].option, lists[i].type, lists[i].element, lists[i].limit + 1);
      g_autofree char *limit = g_strdup_printf ("%u", lists[i].limit);
      g_autoptr (HandoffHandshakeOptions) options = parse_good (most);

      g_assert_nonnull (options);
      assert_refused (more, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, lists[i].option, limit);
    }
}

static void
test_application_protocol_length (void)
{
  g_autofree char *longest = g_strnfill (31, 'a');
  g_autofree char *too_long = g_strnfill (32, 'a');
  g_autofree char *good = g_strdup_printf ("{'application-protocols': <['%s']>}", longest);
  g_autofree char *bad = g_strdup_printf ("{'application-protocols': <['h2', '%s']>}", too_long);
  g_autoptr (HandoffHandshakeOptions) options = parse_good (good);

  g_assert_cmpuint (strlen (g_ptr_array_index (options->application_protocols, 0)), ==, 31);
  assert_refused (bad, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "application-protocols", "31");
  assert_refused ("{'application-protocols': <['']>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "application-protocols", "1 to 31");
}

static void
test_trust_anchor_size (void)
{
  g_autoptr (HandoffConfiguration) configuration = test_configuration_new ("");
  g_autofree guint8 *zeros = g_malloc0 (65537);
  gsize size;

  for (size = 65536; size <= 65537; size++)
    {
      GVariant *anchor = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, size, 1);
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
      g_autoptr (GVariant) options = NULL;
      g_autoptr (HandoffHandshakeOptions) parsed = NULL;
      g_autoptr (GError) error = NULL;

      g_variant_dict_insert_value (&dict, HANDOFF_OPTION_TRUST_ANCHORS,
                                   g_variant_new_array (NULL, &anchor, 1));
      options = g_variant_ref_sink (g_variant_dict_end (&dict));
      parsed =
          handoff_handshake_options_parse (options, HANDOFF_ROLE_CLIENT, configuration, &error);
      if (size == 65536)
        g_assert_no_error (error);
      else
        g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }

  /* Each anchor is small enough, but all together are too large: waiting calls could fill the
   * memory. */
  {
    GVariant *anchors[17];
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
    g_autoptr (GVariant) options = NULL;
    g_autoptr (HandoffHandshakeOptions) parsed = NULL;
    g_autoptr (GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS (anchors); i++)
      anchors[i] = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, 65536, 1);
    g_variant_dict_insert_value (&dict, HANDOFF_OPTION_TRUST_ANCHORS,
                                 g_variant_new_array (NULL, anchors, G_N_ELEMENTS (anchors)));
    options = g_variant_ref_sink (g_variant_dict_end (&dict));
    parsed = handoff_handshake_options_parse (options, HANDOFF_ROLE_CLIENT, configuration, &error);
    g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, "in all"));
  }

  /* No anchors would mean to trust nobody, or the system's: neither is what the caller meant. */
  assert_refused ("{'trust-anchors': <@aay []>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "trust-anchors", "1 to 256");
  assert_refused ("{'trust-anchors': <[@ay []]>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "trust-anchors", "1 to 65536");
}

static void
test_numbers (void)
{
  g_autoptr (HandoffHandshakeOptions) options = parse_good ("{'timeout': <uint32 1>}");

  g_assert_cmpuint (options->timeout, ==, 1);
  assert_refused ("{'timeout': <uint32 0>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "timeout",
                  "1 to 300");
  assert_refused ("{'timeout': <uint32 301>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "timeout",
                  "1 to 300");
  assert_refused ("{'timeout': <uint32 4294967295>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "timeout",
                  "1 to 300");
  assert_refused ("{'blob-format': <uint32 0>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "blob-format",
                  "1");
}

static void
test_unknown (void)
{
  g_autofree char *long_name = g_strnfill (100000, 'x');
  g_autofree char *long_option = g_strdup_printf ("{'%s': <true>}", long_name);
  g_autoptr (GError) error = NULL;

  assert_refused ("{'application-protocol': <['h2']>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "“application-protocol”", "no option");
  assert_refused ("{'Timeout': <uint32 1>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "“Timeout”", "");
  assert_refused ("{'': <uint32 1>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "“”", "");

  /* The message does not repeat a long name. */
  g_assert_null (parse (long_option, &error));
  g_assert_cmpuint (strlen (error->message), <, 200);
}

/* Breaks if an option may be given twice: nobody could tell which of the two values counts. */
static void
test_twice (void)
{
  assert_refused ("{'timeout': <uint32 1>, 'error-details': <true>, 'timeout': <uint32 1>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "timeout", "twice");
  /* A list twice must not leak the first, either (seen by the address sanitizer). */
  assert_refused ("{'trust-anchors': <[[byte 1]]>, 'trust-anchors': <[[byte 1]]>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "trust-anchors", "twice");
}

static void
test_protocols (void)
{
  assert_refused ("{'minimum-protocol': <'TLS1.1'>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "minimum-protocol", "TLS1.2 or TLS1.3");
  assert_refused ("{'maximum-protocol': <''>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "maximum-protocol", "TLS1.2 or TLS1.3");
  assert_refused ("{'minimum-protocol': <'TLS1.3'>, 'maximum-protocol': <'TLS1.2'>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "minimum-protocol", "maximum-protocol");
}

/* Breaks if a caller can widen the range that the administrator narrowed. */
static void
test_protocols_of_the_configuration (void)
{
  const struct
  {
    guint configured_minimum, configured_maximum;
    const char *options;
    guint minimum, maximum; /* 0: refused */
  } cases[] = {
    { 0x0303, 0x0304, "{'minimum-protocol': <'TLS1.3'>}", 0x0304, 0x0304 },
    { 0x0303, 0x0304, "{'maximum-protocol': <'TLS1.2'>}", 0x0303, 0x0303 },
    { 0x0304, 0x0304, "{}", 0x0304, 0x0304 },
    { 0x0304, 0x0304, "{'minimum-protocol': <'TLS1.2'>}", 0x0304, 0x0304 },
    { 0x0304, 0x0304, "{'maximum-protocol': <'TLS1.2'>}", 0, 0 },
    { 0x0303, 0x0303, "{'maximum-protocol': <'TLS1.3'>}", 0x0303, 0x0303 },
    { 0x0303, 0x0303, "{'minimum-protocol': <'TLS1.3'>}", 0, 0 },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HandoffConfiguration configuration = { .minimum_protocol = cases[i].configured_minimum,
                                             .maximum_protocol = cases[i].configured_maximum,
                                             .handshake_timeout = 1 };
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffHandshakeOptions) options =
          parse_with (&configuration, cases[i].options, &error);

      if (cases[i].minimum == 0)
        {
          g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmphex (options->minimum_protocol, ==, cases[i].minimum);
      g_assert_cmphex (options->maximum_protocol, ==, cases[i].maximum);
    }
}

static void
test_no_suite_that_we_have (void)
{
  assert_refused ("{'cipher-suites': <[uint16 0x0000, 0x002f, 0xffff]>}",
                  TLS_HANDOFF_ERROR_NOT_SUPPORTED, "cipher-suites", "CipherSuites");
  assert_refused ("{'cipher-suites': <@aq []>}", TLS_HANDOFF_ERROR_NOT_SUPPORTED, "cipher-suites",
                  "CipherSuites");
}

/* Breaks if a client cannot ask for no credential, or if a path is taken for a label. */
static void
test_credential (void)
{
  const struct
  {
    const char *text;
    const char *credential;
  } good[] = {
    { "{'credential': <'vpn'>}", "vpn" },
    { "{'credential': <'Zertifikat für den Zugang'>}", "Zertifikat für den Zugang" },
    { "{'credential': <''>}", "" },
    { "{'credential': <'/org/tlshandoff/Handoff1/credentials/0123abc'>}",
      "/org/tlshandoff/Handoff1/credentials/0123abc" },
  };
  const char *const bad[] = {
    "{'credential': <'a/b'>}",
    "{'credential': <'/'>}",
    "{'credential': <'/org/tlshandoff/Handoff1/sessions/0123abc'>}",
    "{'credential': <'/org/tlshandoff/Handoff1/credentials/'>}",
    "{'credential': <'/org/tlshandoff/Handoff1/credentials/../x'>}",
    "{'credential': <'a\\nb'>}",
    "{'credential': <' vpn'>}",
  };
  g_autofree char *long_label = g_strnfill (HANDOFF_LABEL_MAX_LENGTH + 1, 'x');
  g_autofree char *too_long = g_strdup_printf ("{'credential': <'%s'>}", long_label);
  g_autoptr (HandoffHandshakeOptions) pem = parse_good ("{'credential-pem': <handle 3>}");
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (HandoffHandshakeOptions) options = parse_good (good[i].text);

      g_assert_cmpstr (options->credential, ==, good[i].credential);
    }
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "credential", "");
  assert_refused (too_long, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "credential", "");

  g_assert_cmpint (pem->credential_pem, ==, 3);
  assert_refused ("{'credential-pem': <handle -1>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "credential-pem", "descriptor");
}

/* Breaks if one of two credentials is ignored. */
static void
test_two_credentials (void)
{
  assert_refused ("{'credential': <'vpn'>, 'credential-pem': <handle 0>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "credential-pem", "together");
  /* “No credential” and a credential contradict each other too. */
  assert_refused ("{'credential-pem': <handle 0>, 'credential': <''>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "credential-pem", "together");
}

/* Breaks if an option of the other role is ignored, or if a server asks for certificates that it
 * cannot verify. */
static void
test_roles (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffHandshakeOptions) require =
      parse_server ("{'client-certificate': <'require'>, 'trust-anchors': <[[byte 1]]>}", &error);
  g_autoptr (HandoffHandshakeOptions) request =
      parse_server ("{'client-certificate': <'request'>, 'review-certificate': <true>}", &error);
  g_autoptr (HandoffHandshakeOptions) none =
      parse_server ("{'client-certificate': <'none'>}", &error);

  g_assert_no_error (error);
  g_assert_cmpint (require->client_certificate, ==, HANDOFF_CLIENT_CERTIFICATE_MODE_REQUIRE);
  g_assert_cmpint (request->client_certificate, ==, HANDOFF_CLIENT_CERTIFICATE_MODE_REQUEST);
  g_assert_cmpint (none->client_certificate, ==, HANDOFF_CLIENT_CERTIFICATE_MODE_NONE);

  assert_refused_as (HANDOFF_ROLE_SERVER, "{'client-certificate': <'require'>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "client-certificate", "trust-anchors");
  assert_refused_as (HANDOFF_ROLE_SERVER,
                     "{'client-certificate': <'request'>, 'review-certificate': <false>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "client-certificate", "trust-anchors");
  assert_refused_as (HANDOFF_ROLE_SERVER, "{'client-certificate': <'required'>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "client-certificate", "require");
  assert_refused_as (HANDOFF_ROLE_SERVER, "{'credential': <''>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "credential", "server");
  assert_refused ("{'client-certificate': <'none'>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "client-certificate", "server only");
}

/* Breaks if a credential goes out that nobody chose, or if who asks to be asked is not. */
static void
test_choice (void)
{
  g_autoptr (HandoffHandshakeOptions) none = parse_good ("{}");
  g_autoptr (HandoffHandshakeOptions) automatic =
      parse_good ("{'credential-choice': <'automatic'>}");
  g_autoptr (HandoffHandshakeOptions) configured =
      parse_good ("{'credential-choice': <'configured'>, 'ask-for-credential': <true>}");

  g_assert_cmpint (none->credential_choice, ==, HANDOFF_CREDENTIAL_CHOICE_MODE_AUTOMATIC);
  g_assert_false (none->ask_for_credential);
  g_assert_cmpint (automatic->credential_choice, ==, HANDOFF_CREDENTIAL_CHOICE_MODE_AUTOMATIC);
  g_assert_cmpint (configured->credential_choice, ==, HANDOFF_CREDENTIAL_CHOICE_MODE_CONFIGURED);
  g_assert_cmpstr (handoff_credential_choice_mode_get_name (configured->credential_choice), ==,
                   "configured");
  g_assert_true (configured->ask_for_credential);

  assert_refused ("{'credential-choice': <'none'>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "credential-choice", "automatic or configured");
  assert_refused ("{'credential-choice': <true>}", TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                  "credential-choice", "type s");
  assert_refused ("{'ask-for-credential': <true>, 'credential': <''>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "ask-for-credential", "together");
  assert_refused ("{'credential-pem': <handle 0>, 'ask-for-credential': <true>}",
                  TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "ask-for-credential", "together");
  assert_refused_as (HANDOFF_ROLE_SERVER, "{'ask-for-credential': <false>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "ask-for-credential", "client only");
  assert_refused_as (HANDOFF_ROLE_SERVER, "{'credential-choice': <'automatic'>}",
                     TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "credential-choice", "client only");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/handshake-options/none", test_none);
  g_test_add_func ("/service/handshake-options/all", test_all);
  g_test_add_func ("/service/handshake-options/trust-nobody", test_trust_nobody);
  g_test_add_func ("/service/handshake-options/server-name", test_server_name);
  g_test_add_func ("/service/handshake-options/choice", test_choice);
  g_test_add_func ("/service/handshake-options/wrong-type", test_wrong_type);
  g_test_add_func ("/service/handshake-options/lists-at-their-limits", test_lists_at_their_limits);
  g_test_add_func ("/service/handshake-options/application-protocol-length",
                   test_application_protocol_length);
  g_test_add_func ("/service/handshake-options/trust-anchor-size", test_trust_anchor_size);
  g_test_add_func ("/service/handshake-options/numbers", test_numbers);
  g_test_add_func ("/service/handshake-options/unknown", test_unknown);
  g_test_add_func ("/service/handshake-options/twice", test_twice);
  g_test_add_func ("/service/handshake-options/protocols", test_protocols);
  g_test_add_func ("/service/handshake-options/protocols-of-the-configuration",
                   test_protocols_of_the_configuration);
  g_test_add_func ("/service/handshake-options/no-suite-that-we-have", test_no_suite_that_we_have);
  g_test_add_func ("/service/handshake-options/credential", test_credential);
  g_test_add_func ("/service/handshake-options/two-credentials", test_two_credentials);
  g_test_add_func ("/service/handshake-options/roles", test_roles);
  return g_test_run ();
}
