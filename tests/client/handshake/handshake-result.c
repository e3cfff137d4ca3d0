/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A service that is newer, older or broken must not be taken at its word. */

#include <string.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-utils.h"
#include "handshake/handshake-result.h"

/* A reply's details, of a real key blob; the members can be changed. */
typedef struct
{
  const HandoffCipherSuite *suite;
  TlsHandoffImportKey *import_key;
  GUnixFDList *fds;
  GVariantDict details;
} Reply;

static void
set_up (Reply *reply, gconstpointer data)
{
  g_autoptr (HandoffKeyState) state = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder certificates;
  int blob;

  reply->suite = record_test_suite (0x0304, HANDOFF_NONCE_XOR);
  state = record_test_state_new (reply->suite, HANDOFF_ROLE_CLIENT);
  reply->import_key = tls_handoff_import_key_new (&error);
  g_assert_no_error (error);
  blob = record_test_blob_fd (state, reply->import_key);
  reply->fds = g_unix_fd_list_new_from_array (&blob, 1);

  g_variant_builder_init (&certificates, G_VARIANT_TYPE ("aay"));
  g_variant_builder_add_value (&certificates, g_variant_new_bytestring ("server"));
  g_variant_builder_add_value (&certificates, g_variant_new_bytestring ("issuer"));
  g_variant_dict_init (&reply->details, NULL);
  g_variant_dict_insert (&reply->details, "key-blob", "h", 0);
  g_variant_dict_insert (&reply->details, "protocol", "s", "TLS1.3");
  g_variant_dict_insert (&reply->details, "cipher-suite", "s", reply->suite->name);
  g_variant_dict_insert_value (&reply->details, "peer-certificates",
                               g_variant_builder_end (&certificates));
}

static void
tear_down (Reply *reply, gconstpointer data)
{
  g_object_unref (reply->import_key);
  g_object_unref (reply->fds);
  g_variant_dict_clear (&reply->details);
}

static TlsHandoffHandshakeResult *
parse (Reply *reply, GError **error)
{
  g_autoptr (GVariant) details = g_variant_ref_sink (g_variant_dict_end (&reply->details));

  return handoff_handshake_result_new (details, reply->fds, reply->import_key, error);
}

/* Breaks if a detail gets lost on the way to the application. */
static void
test_complete (Reply *reply, gconstpointer data)
{
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  GPtrArray *certificates;
  gboolean resumed;

  g_variant_dict_insert (&reply->details, "application-protocol", "s", "h2");
  g_variant_dict_insert (&reply->details, "server-name", "s", "www.handoff.test");
  g_variant_dict_insert (&reply->details, "ocsp-status", "s", "invalid");
  g_variant_dict_insert (&reply->details, "ocsp-problem", "s", "try-later");
  g_variant_dict_insert (&reply->details, "resumed", "b", TRUE);
  g_variant_dict_insert (&reply->details, "of-a-later-version", "u", 1);
  result = parse (reply, &error);
  g_assert_no_error (error);

  g_assert_true (
      TLS_HANDOFF_IS_RECORD_LAYER (tls_handoff_handshake_result_get_record_layer (result)));
  g_assert_cmpint (tls_handoff_handshake_result_get_protocol_version (result), ==,
                   G_TLS_PROTOCOL_VERSION_TLS_1_3);
  g_assert_cmpstr (tls_handoff_handshake_result_get_ciphersuite_name (result), ==,
                   reply->suite->name);
  g_assert_cmpstr (tls_handoff_handshake_result_get_application_protocol (result), ==, "h2");
  g_assert_cmpstr (tls_handoff_handshake_result_get_server_name (result), ==, "www.handoff.test");
  g_assert_cmpstr (tls_handoff_handshake_result_get_ocsp_status (result), ==, "invalid");
  g_assert_cmpstr (tls_handoff_handshake_result_get_ocsp_problem (result), ==, "try-later");
  g_assert_true (tls_handoff_handshake_result_get_resumed (result));
  certificates = tls_handoff_handshake_result_get_peer_certificates (result);
  g_assert_cmpuint (certificates->len, ==, 2);
  g_assert_cmpstr (g_bytes_get_data (certificates->pdata[0], NULL), ==, "server");
  g_object_get (result, "server-name", &name, "resumed", &resumed, NULL);
  g_assert_cmpstr (name, ==, "www.handoff.test");
  g_assert_true (resumed);
}

/* Breaks if what a server sends beside its chain is taken for its chain, or a service that does not
 * tell, or tells nonsense, leaves none. */
static void
test_verified_path (Reply *reply, gconstpointer data)
{
  static const struct
  {
    const char *path;
    guint n_certificates;
  } cases[] = { { "[uint32 0]", 1 }, { "[uint32 0, 1]", 2 }, { "[uint32 7]", 2 }, { "@au []", 2 } };
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *chain;

  if (i < G_N_ELEMENTS (cases))
    g_variant_dict_insert_value (&reply->details, "verified-path",
                                 g_variant_new_parsed (cases[i].path));
  result = parse (reply, &error);
  g_assert_no_error (error);
  chain = tls_handoff_handshake_result_get_verified_chain (result);
  g_assert_cmpuint (chain->len, ==, i < G_N_ELEMENTS (cases) ? cases[i].n_certificates : 2);
  g_assert_cmpstr (g_bytes_get_data (chain->pdata[0], NULL), ==, "server");
  g_assert_cmpuint (tls_handoff_handshake_result_get_peer_certificates (result)->len, ==, 2);
}

/* Breaks if what may be absent has to be there. */
static void
test_minimal (Reply *reply, gconstpointer data)
{
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = parse (reply, &error);
  g_assert_no_error (error);
  g_assert_null (tls_handoff_handshake_result_get_application_protocol (result));
  g_assert_null (tls_handoff_handshake_result_get_server_name (result));
  g_assert_cmpstr (tls_handoff_handshake_result_get_ocsp_status (result), ==, "none");
  g_assert_null (tls_handoff_handshake_result_get_ocsp_problem (result));
  g_assert_false (tls_handoff_handshake_result_get_resumed (result));
}

/* Breaks if what must be there may be absent. */
static void
test_missing (Reply *reply, gconstpointer key)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_variant_dict_remove (&reply->details, key));
  g_assert_null (parse (reply, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, key));
}

/* Breaks if a value is used as what it is not. */
static void
test_wrong_type (Reply *reply, gconstpointer key)
{
  g_autoptr (GError) error = NULL;

  g_variant_dict_insert (&reply->details, key, "d", 1.0);
  g_assert_null (parse (reply, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, key));
}

/* Breaks if an index beyond the descriptors is followed. */
static void
test_wrong_handle (Reply *reply, gconstpointer handle)
{
  g_autoptr (GError) error = NULL;

  g_variant_dict_insert (&reply->details, "key-blob", "h", GPOINTER_TO_INT (handle));
  g_assert_null (parse (reply, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

/* Breaks if the application is told of a stronger protocol or cipher than protects its data. */
static void
test_contradiction (Reply *reply, gconstpointer key)
{
  g_autoptr (GError) error = NULL;

  g_variant_dict_insert (&reply->details, key, "s",
                         g_str_equal (key, "protocol") ? "TLS1.2" : "TLS_AES_128_CCM_8_SHA256");
  g_assert_null (parse (reply, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
}

/* Breaks if a descriptor that is no sealed memfd is read. */
static void
test_unsealed (Reply *reply, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  g_object_unref (reply->fds);
  reply->fds = g_unix_fd_list_new_from_array (fds, 2);
  g_assert_null (parse (reply, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
}

/* Breaks if the same blob gives a second record layer: one nonce would be used twice. */
static void
test_twice (Reply *reply, gconstpointer data)
{
  g_autoptr (TlsHandoffHandshakeResult) first = NULL;
  g_autoptr (GVariant) details = g_variant_ref_sink (g_variant_dict_end (&reply->details));
  g_autoptr (GError) error = NULL;

  first = handoff_handshake_result_new (details, reply->fds, reply->import_key, &error);
  g_assert_no_error (error);
  g_assert_null (handoff_handshake_result_new (details, reply->fds, reply->import_key, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED);
}

/* A state that a channel opened gives no connection, or one that the details do not fit does. */
static void
test_from_state (Reply *reply, gconstpointer data)
{
  const char *suite = data;
  HandoffKeyState *state = record_test_state_new (reply->suite, HANDOFF_ROLE_CLIENT);
  g_autoptr (TlsHandoffHandshakeResult) result = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GError) error = NULL;

  if (suite != NULL)
    g_variant_dict_insert (&reply->details, "cipher-suite", "s", suite);
  details = g_variant_ref_sink (g_variant_dict_end (&reply->details));
  result = handoff_handshake_result_new_from_state (details, reply->fds, state, &error);
  if (suite != NULL)
    {
      g_assert_null (result);
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (tls_handoff_handshake_result_get_ciphersuite_name (result), ==,
                   reply->suite->name);
  g_assert_cmpuint (tls_handoff_handshake_result_get_key_blob_size (result), >, 64);
  g_assert_cmpstr (tls_handoff_handshake_result_get_key_blob_seals (result), !=, "none");
}

int
main (int argc, char **argv)
{
  static const char *const required[] = { "key-blob", "protocol", "cipher-suite",
                                          "peer-certificates" };
  gsize i;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/handshake-result/" path, Reply, data, set_up, func, tear_down)
  ADD ("complete", NULL, test_complete);
  ADD ("minimal", NULL, test_minimal);
  for (i = 0; i < 5; i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/handshake-result/verified-path/%" G_GSIZE_FORMAT, i);

      g_test_add (path, Reply, GSIZE_TO_POINTER (i), set_up, test_verified_path, tear_down);
    }
  for (i = 0; i < G_N_ELEMENTS (required); i++)
    {
      g_autofree char *missing = g_strconcat ("/handshake-result/missing/", required[i], NULL);
      g_autofree char *type = g_strconcat ("/handshake-result/wrong-type/", required[i], NULL);

      g_test_add (missing, Reply, required[i], set_up, test_missing, tear_down);
      g_test_add (type, Reply, required[i], set_up, test_wrong_type, tear_down);
    }
  ADD ("wrong-handle/too-large", GINT_TO_POINTER (1), test_wrong_handle);
  ADD ("wrong-handle/negative", GINT_TO_POINTER (-1), test_wrong_handle);
  ADD ("contradiction/protocol", "protocol", test_contradiction);
  ADD ("contradiction/cipher-suite", "cipher-suite", test_contradiction);
  ADD ("unsealed", NULL, test_unsealed);
  ADD ("twice", NULL, test_twice);
  ADD ("from-state", NULL, test_from_state);
  ADD ("from-state/contradiction", "TLS_CHACHA20_POLY1305_SHA256", test_from_state);
  return g_test_run ();
}
