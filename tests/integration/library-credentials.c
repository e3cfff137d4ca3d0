/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* TlsHandoffCredential through the real service: every call, blocking and not. */

#include <string.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-credential.h"
#include "test-system.h"

#define NONE TLS_HANDOFF_HANDSHAKE_NONE
#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });"

static GPtrArray *
new_chain (const char *name)
{
  GPtrArray *chain = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (chain, test_cert_der (name));
  return chain;
}

static void
tear_down (gpointer *fixture, gconstpointer data)
{
  test_credential_remove_all ();
}

/* What is in the list under that label. (transfer full) (nullable) */
static TlsHandoffCredential *
find (const char *label)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list =
      tls_handoff_manager_list_credentials_sync (test_manager_get (), FALSE, NONE, NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < list->len; i++)
    {
      if (g_str_equal (tls_handoff_credential_get_label (list->pdata[i]), label))
        return g_object_ref (list->pdata[i]);
    }
  return NULL;
}

/* Breaks if an imported credential does not say what it is, or if a caller that asks again does not
 * see a change. */
static void
test_import (gpointer *fixture, gconstpointer data)
{
  g_autoptr (GBytes) pem = test_cert_with_key ("ecdsa");
  g_autoptr (GPtrArray) other = new_chain ("rsa.pem");
  g_autoptr (GPtrArray) same = new_chain ("ecdsa.pem");
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (TlsHandoffCredential) found = NULL;
  g_autoptr (TlsHandoffCredential) gone = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *chain;

  credential = tls_handoff_manager_import_credential_sync (test_manager_get (), "site", pem, NULL,
                                                           TLS_HANDOFF_CREDENTIAL_ROLE_SERVER, -1,
                                                           NONE, NULL, &error);
  g_assert_no_error (error);
  found = find ("site");
  g_assert_nonnull (found);
  for (int i = 0; i < 2; i++)
    {
      TlsHandoffCredential *c = i == 0 ? credential : found;

      g_assert_cmpstr (tls_handoff_credential_get_label (c), ==, "site");
      g_assert_cmpstr (tls_handoff_credential_get_object_path (c), ==,
                       tls_handoff_credential_get_object_path (credential));
      g_assert_cmpuint (tls_handoff_credential_get_owner (c), ==, 60101);
      g_assert_cmpint (tls_handoff_credential_get_roles (c), ==,
                       TLS_HANDOFF_CREDENTIAL_ROLE_SERVER);
      g_assert_cmpstr (tls_handoff_credential_get_storage (c), ==, "file");
      g_assert_null (tls_handoff_credential_get_token (c));
      g_assert_cmpstr (tls_handoff_credential_get_key_algorithm (c), ==, "ecdsa-p256");
      g_assert_cmpint (tls_handoff_credential_get_not_after (c), >,
                       g_get_real_time () / G_USEC_PER_SEC);
      g_assert_cmpstr (tls_handoff_credential_get_problem (c), ==, "");
      chain = tls_handoff_credential_get_certificates (c);
      g_assert_cmpuint (chain->len, ==, 1);
      g_assert_true (g_bytes_equal (chain->pdata[0], same->pdata[0]));
    }

  g_assert_false (
      tls_handoff_credential_set_certificates_sync (credential, other, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (
      tls_handoff_credential_set_certificates_sync (credential, same, NONE, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (tls_handoff_credential_unlock_sync (credential, "1234", NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_true (tls_handoff_credential_remove_sync (credential, NONE, NULL, &error));
  g_assert_no_error (error);
  gone = find ("site");
  g_assert_null (gone);
  g_assert_false (tls_handoff_credential_remove_sync (credential, NONE, NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
  g_assert_nonnull (strstr (error->message, "does not have this any more"));
  g_assert_null (strstr (error->message, "too old"));
}

/* Breaks if wrong input is taken, or its error is another one. */
static void
test_wrong (gpointer *fixture, gconstpointer data)
{
  g_autoptr (GBytes) garbage = g_bytes_new_static ("garbage", 7);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) pem = test_cert_with_key ("rsa");
  GBytes *inputs[] = { garbage, nothing };
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffCredential) first = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      g_assert_null (tls_handoff_manager_import_credential_sync (
          test_manager_get (), "x", inputs[i], NULL, 0, -1, NONE, NULL, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_null (tls_handoff_manager_generate_credential_sync (test_manager_get (), "x", "rsa-1024",
                                                               0, -1, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (tls_handoff_manager_link_credential_sync (test_manager_get (), "x",
                                                           "pkcs11:token=a;object=b?pin-value=1",
                                                           "1", NULL, 0, -1, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (tls_handoff_manager_link_credential_sync (
      test_manager_get (), "x", "pkcs11:token=a;object=b", "1", NULL, 0, -1, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_clear_error (&error);
  /* Another's; and one's own label twice. */
  g_assert_null (tls_handoff_manager_import_credential_sync (test_manager_get (), "x", pem, NULL, 0,
                                                             60102, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  first = tls_handoff_manager_import_credential_sync (test_manager_get (), "x", pem, NULL, 0, 60101,
                                                      NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (tls_handoff_manager_import_credential_sync (test_manager_get (), "x", pem, NULL, 0,
                                                             -1, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
}

/* Breaks if an asynchronous call does anything but what its blocking counterpart does. */
static void
test_async (gpointer *fixture, gconstpointer data)
{
  const char *const names[] = { "www.handoff.test", NULL };
  TlsHandoffManager *manager = test_manager_get ();
  g_autoptr (TlsHandoffCredential) credential = NULL;
  g_autoptr (TlsHandoffCredential) imported = NULL;
  g_autoptr (GPtrArray) chain = new_chain ("rsa.pem");
  g_autoptr (GBytes) pem = test_cert_with_key ("rsa");
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GVariant) sessions = NULL;
  GAsyncResult *pending = NULL;
  GAsyncResult *result;
  GError *error = NULL;

  tls_handoff_manager_generate_credential_async (manager, "born", "ed25519", 0, -1, NONE, NULL,
                                                 test_store_result_cb, &pending);
  result = test_wait_for_result (&pending);
  credential = tls_handoff_manager_generate_credential_finish (manager, result, &error);
  g_assert_no_error (error);
  g_object_unref (result);
  g_assert_cmpstr (tls_handoff_credential_get_problem (credential), ==, "no-certificate");
  g_assert_cmpint (tls_handoff_credential_get_not_after (credential), ==, 0);
  g_assert_cmpint (tls_handoff_credential_get_roles (credential), ==,
                   TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT | TLS_HANDOFF_CREDENTIAL_ROLE_SERVER);

  tls_handoff_credential_create_certificate_request_async (
      credential, "CN=x", names, NULL, NULL, NONE, NULL, test_store_result_cb, &pending);
  result = test_wait_for_result (&pending);
  request = tls_handoff_credential_create_certificate_request_finish (credential, result, &error);
  g_assert_no_error (error);
  g_object_unref (result);
  /* A SEQUENCE, with the name in it. */
  g_assert_cmpint (*(const guint8 *) g_bytes_get_data (request, NULL), ==, 0x30);
  g_assert_nonnull (memmem (g_bytes_get_data (request, NULL), g_bytes_get_size (request),
                            "www.handoff.test", 16));

  tls_handoff_credential_set_certificates_async (credential, chain, NONE, NULL,
                                                 test_store_result_cb, &pending);
  result = test_wait_for_result (&pending);
  g_assert_false (tls_handoff_credential_set_certificates_finish (credential, result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_object_unref (result);

  tls_handoff_credential_unlock_async (credential, "1", NONE, NULL, test_store_result_cb, &pending);
  result = test_wait_for_result (&pending);
  g_assert_false (tls_handoff_credential_unlock_finish (credential, result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_object_unref (result);

  tls_handoff_manager_import_credential_async (manager, "imported", pem, NULL, 0, -1, NONE, NULL,
                                               test_store_result_cb, &pending);
  result = test_wait_for_result (&pending);
  imported = tls_handoff_manager_import_credential_finish (manager, result, &error);
  g_assert_no_error (error);
  g_object_unref (result);

  tls_handoff_manager_link_credential_async (manager, "linked", "pkcs11:token=a;object=b", "1",
                                             NULL, 0, -1, NONE, NULL, test_store_result_cb,
                                             &pending);
  result = test_wait_for_result (&pending);
  g_assert_null (tls_handoff_manager_link_credential_finish (manager, result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND);
  g_clear_error (&error);
  g_object_unref (result);

  tls_handoff_manager_list_credentials_async (manager, FALSE, NONE, NULL, test_store_result_cb,
                                              &pending);
  result = test_wait_for_result (&pending);
  list = tls_handoff_manager_list_credentials_finish (manager, result, &error);
  g_assert_no_error (error);
  g_object_unref (result);
  g_assert_cmpuint (list->len, ==, 2);

  tls_handoff_manager_list_sessions_async (manager, FALSE, NONE, NULL, test_store_result_cb,
                                           &pending);
  result = test_wait_for_result (&pending);
  sessions = tls_handoff_manager_list_sessions_finish (manager, result, &error);
  g_assert_no_error (error);
  g_object_unref (result);
  g_assert_cmpstr (g_variant_get_type_string (sessions), ==, "aa{sv}");

  tls_handoff_credential_remove_async (credential, NONE, NULL, test_store_result_cb, &pending);
  result = test_wait_for_result (&pending);
  g_assert_true (tls_handoff_credential_remove_finish (credential, result, &error));
  g_assert_no_error (error);
  g_object_unref (result);
}

/* Breaks if a cancelled call goes on, or if a list shows all credentials to a user who may not see
 * them. */
static void
test_refused (gpointer *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffCredential) none = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (tls_handoff_manager_generate_credential_sync (test_manager_get (), "x", "ed25519",
                                                               0, -1, NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  none = find ("x");
  g_assert_null (none);

  g_assert_null (
      tls_handoff_manager_list_credentials_sync (test_manager_get (), TRUE, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_null (
      tls_handoff_manager_list_sessions_sync (test_manager_get (), TRUE, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  test_polkit_set_rules (OWN_RULES);
#define ADD(path, func)                                                                            \
  g_test_add ("/library-credentials/" path, gpointer, NULL, NULL, func, tear_down)
  ADD ("import", test_import);
  ADD ("wrong", test_wrong);
  ADD ("async", test_async);
  ADD ("refused", test_refused);
  return g_test_run ();
}
