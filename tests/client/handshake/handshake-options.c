/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The options as they go over the bus. */

#include <unistd.h>

#include "keyblob/cipher-suite.h"
#include "keyblob/tls-handoff-error.h"
#include "handshake/handshake-options-variant.h"

/* Of a client, without descriptors. */
static GVariant *
to_variant (TlsHandoffHandshakeOptions *options,
            const char *const *protocols,
            gboolean review,
            GError **error)
{
  const HandoffHandshakeRequest request = { .options = options,
                                            .application_protocols = protocols,
                                            .review_certificate = review };
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  return handoff_handshake_options_to_variant (&request, fds, error);
}

static char *
print (TlsHandoffHandshakeOptions *options, const char *const *protocols)
{
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  variant = to_variant (options, protocols, FALSE, &error);
  g_assert_no_error (error);
  g_variant_ref_sink (variant);

  /* Always there, and checked in a test of their own. */
  g_variant_dict_init (&dict, variant);
  g_assert_true (g_variant_dict_remove (&dict, "cipher-suites"));
  g_assert_true (g_variant_dict_remove (&dict, "blob-format"));
  g_assert_true (g_variant_dict_remove (&dict, "error-details"));
  g_assert_true (g_variant_dict_remove (&dict, "transient"));
  g_assert_true (g_variant_dict_remove (&dict, "wait"));
  g_clear_pointer (&variant, g_variant_unref);
  variant = g_variant_ref_sink (g_variant_dict_end (&dict));
  return g_variant_print (variant, TRUE);
}

/* Breaks if the service may negotiate what the record layer lacks, or seal a blob of a format that
 * we cannot read. */
static void
test_abilities (void)
{
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) suites = NULL;
  g_autoptr (GError) error = NULL;
  const HandoffCipherSuite *expected;
  const guint16 *ids;
  gsize n_expected, n_ids, i;
  guint32 format;
  gboolean error_details;
  gboolean transient;

  variant = g_variant_ref_sink (to_variant (NULL, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (variant, "blob-format", "u", &format));
  g_assert_cmpuint (format, ==, 2);
  g_assert_true (g_variant_lookup (variant, "error-details", "b", &error_details));
  g_assert_true (error_details);
  g_assert_true (g_variant_lookup (variant, "transient", "b", &transient));
  g_assert_true (transient);
  suites = g_variant_lookup_value (variant, "cipher-suites", G_VARIANT_TYPE ("aq"));
  g_assert_nonnull (suites);
  ids = g_variant_get_fixed_array (suites, &n_ids, sizeof *ids);
  expected = handoff_cipher_suites (&n_expected);
  g_assert_cmpuint (n_ids, ==, n_expected);
  for (i = 0; i < n_ids; i++)
    g_assert_cmpuint (ids[i], ==, expected[i].id);
}

/* Breaks if what was not set is sent: it would override the service's configuration. */
static void
test_defaults (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autofree char *none = print (NULL, NULL);
  g_autofree char *empty = print (options, NULL);

  g_assert_cmpstr (none, ==, "@a{sv} {}");
  g_assert_cmpstr (empty, ==, "@a{sv} {}");
}

/* Breaks if an option gets another name or type than the service's table has. */
static void
test_each (void)
{
  const char *const protocols[] = { "h2", "http/1.1", NULL };
  const char *const own_protocols[] = { "echo", NULL };
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  struct
  {
    const char *property;
    const char *expected;
  } cases[] = {
    { "application-protocols", "{'application-protocols': <['h2', 'http/1.1']>}" },
    { "minimum-protocol", "{'minimum-protocol': <'TLS1.2'>}" },
    { "maximum-protocol", "{'maximum-protocol': <'TLS1.3'>}" },
    { "timeout", "{'timeout': <uint32 7>}" },
    { "trust-anchors", "{'trust-anchors': <[[byte 0x30, 0x01]]>}" },
    { "resumption", "{'resumption': <false>}" },
  };
  g_autofree char *overridden = NULL;
  gsize i;

  g_ptr_array_add (anchors, g_bytes_new ("\x30\x01", 2));
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
      g_autofree char *printed = NULL;

      if (i == 0)
        g_object_set (options, cases[i].property, protocols, NULL);
      else if (i == 1)
        g_object_set (options, cases[i].property, G_TLS_PROTOCOL_VERSION_TLS_1_2, NULL);
      else if (i == 2)
        g_object_set (options, cases[i].property, G_TLS_PROTOCOL_VERSION_TLS_1_3, NULL);
      else if (i == 3)
        g_object_set (options, cases[i].property, 7, NULL);
      else if (i == 4)
        g_object_set (options, cases[i].property, anchors, NULL);
      else
        g_object_set (options, cases[i].property, FALSE, NULL);
      printed = print (options, NULL);
      g_assert_cmpstr (printed, ==, cases[i].expected);
      if (i == 0)
        overridden = print (options, own_protocols);
    }
  g_assert_cmpstr (overridden, ==, "{'application-protocols': <['echo']>}");
}

/* Breaks if others are offered than were named, or one that is mistyped is passed over. */
static void
test_cipher_suites (void)
{
  const char *const two[] = { "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                              NULL };
  const char *const wrong[] = { "TLS_AES_128_GCM_SHA256", "TLS_AES_129_GCM_SHA256", NULL };
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) suites = NULL;
  g_autofree char *printed = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (tls_handoff_handshake_options_set_cipher_suites (options, two, &error));
  g_assert_no_error (error);
  g_assert_false (tls_handoff_handshake_options_set_cipher_suites (options, wrong, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "TLS_AES_129_GCM_SHA256"));
  g_clear_error (&error);
  g_assert_false (tls_handoff_handshake_options_set_cipher_suites (options, two + 2, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  variant = g_variant_ref_sink (to_variant (options, NULL, FALSE, &error));
  g_assert_no_error (error);
  suites = g_variant_lookup_value (variant, "cipher-suites", G_VARIANT_TYPE ("aq"));
  printed = g_variant_print (suites, FALSE);
  /* 0x1301, 0xc030 */
  g_assert_cmpstr (printed, ==, "[4865, 49200]");

  g_clear_pointer (&variant, g_variant_unref);
  g_clear_pointer (&suites, g_variant_unref);
  g_assert_true (tls_handoff_handshake_options_set_cipher_suites (options, NULL, &error));
  variant = g_variant_ref_sink (to_variant (options, NULL, FALSE, &error));
  suites = g_variant_lookup_value (variant, "cipher-suites", G_VARIANT_TYPE ("aq"));
  g_assert_cmpuint (g_variant_n_children (suites), >, 2);
}

/* Breaks if a client sends another name than it was told to, or a server any. */
static void
test_server_name (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  const HandoffHandshakeRequest server = { .role = HANDOFF_ROLE_SERVER, .options = options };
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) of_server = NULL;
  g_autofree char *name = NULL;
  g_autofree char *none = NULL;
  g_autofree char *unset = NULL;

  tls_handoff_handshake_options_set_server_name (options, "sent.example");
  name = print (options, NULL);
  g_assert_cmpstr (name, ==, "{'server-name': <'sent.example'>}");
  of_server = g_variant_ref_sink (handoff_handshake_options_to_variant (&server, fds, NULL));
  g_assert_false (g_variant_lookup (of_server, "server-name", "s", NULL));
  g_object_set (options, "server-name", "", NULL);
  none = print (options, NULL);
  g_assert_cmpstr (none, ==, "{'server-name': <''>}");
  tls_handoff_handshake_options_set_server_name (options, NULL);
  unset = print (options, NULL);
  g_assert_cmpstr (unset, ==, "@a{sv} {}");
}

/* Breaks if the service does not ask although there is somebody to answer, or asks nobody. */
static void
test_review (void)
{
  g_autoptr (GVariant) asked = NULL;
  g_autoptr (GVariant) unasked = NULL;
  g_autoptr (GError) error = NULL;
  gboolean review = FALSE;

  asked = g_variant_ref_sink (to_variant (NULL, NULL, TRUE, &error));
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (asked, "review-certificate", "b", &review));
  g_assert_true (review);
  unasked = g_variant_ref_sink (to_variant (NULL, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_false (g_variant_lookup (unasked, "review-certificate", "b", &review));
}

/* Breaks if a value that the bus or the service cannot take ends in anything but an error. */
static void
test_invalid (void)
{
  const char *const protocols[] = { "h2", "\xff", NULL };
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (to_variant (options, protocols, FALSE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  tls_handoff_handshake_options_set_protocol_range (options, G_TLS_PROTOCOL_VERSION_TLS_1_1,
                                                    G_TLS_PROTOCOL_VERSION_UNKNOWN);
  g_assert_null (to_variant (options, NULL, FALSE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "minimum-protocol"));
}

/* Breaks if what to authenticate with goes over the bus in another way: a key of the application's
 * own in the message, or a descriptor that more can be written to. */
static void
test_credential (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GBytes) pem = g_bytes_new_static ("certificate and key", 19);
  const HandoffHandshakeRequest request = { .options = options };
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) variant = NULL;
  g_autofree char *printed = NULL;
  g_autofree char *none = NULL;
  g_autoptr (GError) error = NULL;
  char read_back[32];
  gint32 handle;
  int fd;

  tls_handoff_handshake_options_set_credential (options, "site");
  printed = print (options, NULL);
  g_assert_cmpstr (printed, ==, "{'credential': <'site'>}");
  /* That none be used is something else than no wish. */
  tls_handoff_handshake_options_set_credential (options, "");
  none = print (options, NULL);
  g_assert_cmpstr (none, ==, "{'credential': <''>}");

  tls_handoff_handshake_options_set_credential (options, NULL);
  tls_handoff_handshake_options_set_credential_pem (options, pem);
  variant = handoff_handshake_options_to_variant (&request, fds, &error);
  g_assert_no_error (error);
  g_variant_ref_sink (variant);
  g_assert_false (g_variant_lookup (variant, "credential", "s", NULL));
  g_assert_true (g_variant_lookup (variant, "credential-pem", "h", &handle));
  g_assert_cmpint (g_unix_fd_list_get_length (fds), ==, 1);
  fd = g_unix_fd_list_get (fds, handle, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pread (fd, read_back, sizeof read_back, 0), ==, 19);
  g_assert_cmpmem (read_back, 19, "certificate and key", 19);
  g_assert_cmpint (write (fd, "x", 1), <, 0);
  close (fd);
}

/* Breaks if a server asks for another kind of certificate than it was told to, or a client asks. */
static void
test_client_certificate (void)
{
  static const struct
  {
    GTlsAuthenticationMode of_options;
    GTlsAuthenticationMode of_connection;
    const char *expected; /* NULL: absent */
  } cases[] = {
    { G_TLS_AUTHENTICATION_NONE, G_TLS_AUTHENTICATION_NONE, NULL },
    { G_TLS_AUTHENTICATION_REQUESTED, G_TLS_AUTHENTICATION_NONE, "request" },
    { G_TLS_AUTHENTICATION_REQUIRED, G_TLS_AUTHENTICATION_NONE, "require" },
    { G_TLS_AUTHENTICATION_REQUESTED, G_TLS_AUTHENTICATION_REQUIRED, "require" },
    { G_TLS_AUTHENTICATION_NONE, G_TLS_AUTHENTICATION_REQUESTED, "request" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
      HandoffHandshakeRequest request = { .role = HANDOFF_ROLE_SERVER,
                                          .options = options,
                                          .client_certificate = cases[i].of_connection };
      g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
      g_autoptr (GVariant) variant = NULL;
      g_autoptr (GVariant) of_client = NULL;
      const char *mode = NULL;

      tls_handoff_handshake_options_set_client_certificate (options, cases[i].of_options);
      variant = g_variant_ref_sink (handoff_handshake_options_to_variant (&request, fds, NULL));
      g_variant_lookup (variant, "client-certificate", "&s", &mode);
      g_assert_cmpstr (mode, ==, cases[i].expected);

      request.role = HANDOFF_ROLE_CLIENT;
      of_client = g_variant_ref_sink (handoff_handshake_options_to_variant (&request, fds, NULL));
      g_assert_false (g_variant_lookup (of_client, "client-certificate", "&s", &mode));
    }
}

/* What a language binding does: the array and its elements go when the call returns. Breaks if
 * anything of them is kept but a copy, or an array that is lent out is the options' own. */
static void
test_lent_anchors (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) lent = g_ptr_array_new ();
  g_autoptr (GPtrArray) got = NULL;
  g_autofree char *printed = NULL;
  g_autofree char *printed_again = NULL;
  GBytes *certificate = g_bytes_new ("\x30\x01", 2);
  GBytes *elements[] = { certificate };

  g_ptr_array_add (lent, certificate);
  tls_handoff_handshake_options_set_trust_anchors (options, lent);
  lent->pdata[0] = NULL;
  printed = print (options, NULL);
  g_assert_cmpstr (printed, ==, "{'trust-anchors': <[[byte 0x30, 0x01]]>}");

  tls_handoff_handshake_options_set_trust_anchors_array (options, elements, 1);
  g_bytes_unref (certificate);
  g_object_get (options, "trust-anchors", &got, NULL);
  g_ptr_array_set_size (got, 0);
  g_clear_pointer (&got, g_ptr_array_unref);
  got = tls_handoff_handshake_options_dup_trust_anchors (options);
  g_assert_cmpuint (got->len, ==, 1);
  printed_again = print (options, NULL);
  g_assert_cmpstr (printed_again, ==, printed);
}

/* Breaks if an empty list, which bindings have no other form for, becomes what the system trusts,
 * or the other way round. */
static void
test_no_anchors (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autofree char *nobody = NULL;
  g_autofree char *system = NULL;

  tls_handoff_handshake_options_set_trust_anchors_array (options, NULL, 0);
  nobody = print (options, NULL);
  g_assert_cmpstr (nobody, ==, "{'trust-nobody': <true>}");
  tls_handoff_handshake_options_unset_trust_anchors (options);
  g_assert_null (tls_handoff_handshake_options_dup_trust_anchors (options));
  system = print (options, NULL);
  g_assert_cmpstr (system, ==, "@a{sv} {}");
}

/* Breaks if one of several certificates in PEM is missed, or what is none taken for one. */
static void
test_pem (void)
{
  static const char text[] = "a comment, and\0\n-----BEGIN CERTIFICATE-----\nMAE=\n"
                             "-----END CERTIFICATE-----\nbetween them\n"
                             "-----BEGIN CERTIFICATE-----\r\nMA\r\nI=\r\n"
                             "-----END CERTIFICATE-----";
  static const char key[] = "-----BEGIN PRIVATE KEY-----\nMAE=\n-----END PRIVATE KEY-----\n";
  static const char *const wrong[] = { "", "text", "-----BEGIN CERTIFICATE-----\nMAE=\n", key };
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GBytes) pem = g_bytes_new_static (text, sizeof text - 1);
  g_autofree char *printed = NULL;
  g_autofree char *printed_again = NULL;
  g_autoptr (GError) error = NULL;
  gsize i;

  g_assert_true (tls_handoff_handshake_options_set_trust_anchors_pem (options, pem, &error));
  g_assert_no_error (error);
  printed = print (options, NULL);
  g_assert_cmpstr (printed, ==, "{'trust-anchors': <[[byte 0x30, 0x01], [0x30, 0x02]]>}");

  for (i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (wrong[i], strlen (wrong[i]));

      g_assert_false (tls_handoff_handshake_options_set_trust_anchors_pem (options, bytes, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  printed_again = print (options, NULL);
  g_assert_cmpstr (printed_again, ==, printed);
}

/* Breaks if an element that a binding could not convert crashes, or is passed over. */
static void
test_null_anchor (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GBytes) certificate = g_bytes_new ("\x30\x01", 2);
  GBytes *elements[] = { certificate, NULL };
  g_autoptr (GError) error = NULL;

  tls_handoff_handshake_options_set_trust_anchors_array (options, elements, 2);
  g_assert_null (to_variant (options, NULL, FALSE, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "trust-anchors: number 2 is NULL"));
}

/* (transfer floating) */
static GVariant *
request_to_variant (HandoffHandshakeRequest request)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  GVariant *variant = handoff_handshake_options_to_variant (&request, fds, &error);

  g_assert_no_error (error);
  return variant;
}

static void
assert_choice (TlsHandoffCredentialChoice set,
               TlsHandoffCredentialChoice otherwise,
               const char *expected)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GVariant) variant = NULL;
  const char *choice = NULL;

  tls_handoff_handshake_options_set_credential_choice (options, set);
  variant = g_variant_ref_sink (request_to_variant (
      (HandoffHandshakeRequest){ .options = options, .credential_choice = otherwise }));
  g_variant_lookup (variant, "credential-choice", "&s", &choice);
  g_assert_cmpstr (choice, ==, expected);
}

/* Breaks if the caller's default wins over what the application set, or a server sends it, which
 * the service refuses. */
static void
test_credential_choice (void)
{
  g_autoptr (GVariant) server = NULL;

  assert_choice (TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT, TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT,
                 NULL);
  assert_choice (TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT, TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED,
                 "configured");
  assert_choice (TLS_HANDOFF_CREDENTIAL_CHOICE_AUTOMATIC, TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED,
                 "automatic");
  assert_choice (TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED, TLS_HANDOFF_CREDENTIAL_CHOICE_DEFAULT,
                 "configured");

  server = g_variant_ref_sink (request_to_variant (
      (HandoffHandshakeRequest){ .role = HANDOFF_ROLE_SERVER,
                                 .credential_choice = TLS_HANDOFF_CREDENTIAL_CHOICE_CONFIGURED }));
  g_assert_false (g_variant_lookup (server, "credential-choice", "s", NULL));
}

/* Breaks if what is set for one handshake does not win over the options: a connection's certificate
 * that stands for a credential, over their key. */
static void
test_request_credential (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GBytes) pem = g_bytes_new_static ("PEM", 3);
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) asking = NULL;
  const char *credential = NULL;
  gboolean ask = FALSE;

  tls_handoff_handshake_options_set_credential (options, "other");
  tls_handoff_handshake_options_set_credential_pem (options, pem);
  variant = g_variant_ref_sink (
      request_to_variant ((HandoffHandshakeRequest){ .options = options, .credential = "/path" }));
  g_assert_true (g_variant_lookup (variant, "credential", "&s", &credential));
  g_assert_cmpstr (credential, ==, "/path");
  g_assert_false (g_variant_lookup (variant, "credential-pem", "h", NULL));
  g_assert_false (g_variant_lookup (variant, "ask-for-credential", "b", NULL));

  asking = g_variant_ref_sink (
      request_to_variant ((HandoffHandshakeRequest){ .ask_for_credential = TRUE }));
  g_assert_true (g_variant_lookup (asking, "ask-for-credential", "b", &ask));
  g_assert_true (ask);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/handshake-options/cipher-suites", test_cipher_suites);
  g_test_add_func ("/handshake-options/server-name", test_server_name);
  g_test_add_func ("/handshake-options/abilities", test_abilities);
  g_test_add_func ("/handshake-options/defaults", test_defaults);
  g_test_add_func ("/handshake-options/each", test_each);
  g_test_add_func ("/handshake-options/lent-anchors", test_lent_anchors);
  g_test_add_func ("/handshake-options/no-anchors", test_no_anchors);
  g_test_add_func ("/handshake-options/null-anchor", test_null_anchor);
  g_test_add_func ("/handshake-options/pem", test_pem);
  g_test_add_func ("/handshake-options/credential", test_credential);
  g_test_add_func ("/handshake-options/client-certificate", test_client_certificate);
  g_test_add_func ("/handshake-options/review", test_review);
  g_test_add_func ("/handshake-options/credential-choice", test_credential_choice);
  g_test_add_func ("/handshake-options/request-credential", test_request_credential);
  g_test_add_func ("/handshake-options/invalid", test_invalid);
  return g_test_run ();
}
