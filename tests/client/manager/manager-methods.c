/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What each public function that calls the service sends, blocking or not, and what it makes of the
 * reply. */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyblob/handoff-names.h"
#include "manager/credential.h"
#include "manager/methods.h"
#include "support/fake-service.h"
#include "tls-handoff/tls-handoff.h"

#define INTERACTIVE TLS_HANDOFF_HANDSHAKE_INTERACTIVE
#define NONE TLS_HANDOFF_HANDSHAKE_NONE
#define BOTH_ROLES (TLS_HANDOFF_CREDENTIAL_ROLE_CLIENT | TLS_HANDOFF_CREDENTIAL_ROLE_SERVER)

/* What the fake service received, one line for each call. A thread of GDBus writes it, before it
 * sends the reply that the test waits for. */
static GString *sent;

/* The body of the reply to the next call, and after it those for the calls that follow. NULL: no
 * body. */
static const char *const *replies;

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sorts the options by name: a GVariantDict has no order. */
static void
append_options (GVariant *options)
{
  g_autoptr (GVariantDict) dict = g_variant_dict_new (options);
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
    g_ptr_array_add (keys, (gpointer) key);
  g_ptr_array_sort (keys, compare_keys);
  for (guint i = 0; i < keys->len; i++)
    {
      g_autoptr (GVariant) value = g_variant_dict_lookup_value (dict, keys->pdata[i], NULL);
      g_autofree char *text = g_variant_print (value, TRUE);

      g_string_append_printf (sent, " %s=%s", (char *) keys->pdata[i], text);
    }
}

static void
append_descriptors (GUnixFDList *fds)
{
  int n_fds;
  const int *descriptors = g_unix_fd_list_peek_fds (fds, &n_fds);

  for (int i = 0; i < n_fds; i++)
    {
      char content[64] = "";

      g_assert_cmpint (read (descriptors[i], content, sizeof content - 1), >=, 0);
      g_string_append_printf (sent, " [%s]", content);
    }
}

/* A FakeServiceReplyFunc: writes the call to sent, and takes the reply from replies. */
static GDBusMessage *
note_call (GDBusMessage *call)
{
  GVariant *body = g_dbus_message_get_body (call);
  const char *reply = *replies++;

  g_string_append_printf (sent, "%s %s.%s", g_dbus_message_get_path (call),
                          strrchr (g_dbus_message_get_interface (call), '.') + 1,
                          g_dbus_message_get_member (call));
  if (g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
    g_string_append (sent, " !");
  for (gsize i = 0; body != NULL && i < g_variant_n_children (body); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (body, i);
      g_autofree char *text = g_variant_print (child, TRUE);

      if (g_variant_is_of_type (child, G_VARIANT_TYPE_VARDICT))
        append_options (child);
      else
        g_string_append_printf (sent, " %s", text);
    }
  if (g_dbus_message_get_unix_fd_list (call) != NULL)
    append_descriptors (g_dbus_message_get_unix_fd_list (call));
  g_string_append_c (sent, '\n');
  return reply != NULL ? fake_service_reply_with (call, reply)
                       : g_dbus_message_new_method_reply (call);
}

/* The objects whose functions are called, and the fake service that receives the calls. */
typedef struct
{
  FakeService service;
  TlsHandoffManager *manager;       /* (owned) */
  TlsHandoffCredential *credential; /* (owned) */
  GPtrArray *certificates;          /* (owned) (element-type GBytes) */
  GAsyncResult *result;             /* (owned) (nullable) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HandoffServiceBus) bus = NULL;
  g_autoptr (GVariant) properties = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GError) error = NULL;

  fake_service_set_up (&fixture->service, note_call);
  fixture->manager = tls_handoff_manager_new_sync (fixture->service.client, NULL, &error);
  g_assert_no_error (error);
  bus = handoff_service_bus_new (fixture->service.client);
  fixture->credential = handoff_credential_new (bus, "/credential", properties);
  fixture->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (fixture->certificates, g_bytes_new_static ("A", 1));
  sent = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->manager);
  g_clear_object (&fixture->credential);
  g_ptr_array_unref (fixture->certificates);
  fake_service_tear_down (&fixture->service, note_call);
  g_string_free (sent, TRUE);
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

static void
wait_for_result (Fixture *fixture)
{
  while (fixture->result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* expected: what one call of a public function sends. Two calls were made. */
static void
assert_sent_twice (const char *expected)
{
  g_autofree char *twice = g_strconcat (expected, "\n", expected, "\n", NULL);

  g_assert_cmpstr (sent->str, ==, twice);
  g_string_truncate (sent, 0);
}

static const char *const made[] = { "(objectpath '/made',)", "({'Label': <'new'>},)",
                                    "(objectpath '/made',)", "({'Label': <'new'>},)", NULL };

static void
assert_made (TlsHandoffCredential *credential)
{
  g_assert_true (TLS_HANDOFF_IS_CREDENTIAL (credential));
  g_assert_cmpstr (tls_handoff_credential_get_label (credential), ==, "new");
  g_assert_cmpstr (tls_handoff_credential_get_object_path (credential), ==, "/made");
  g_object_unref (credential);
}

#define GET_ALL "\n/made Properties.GetAll '" HANDOFF_CREDENTIAL_INTERFACE "'"

/* Breaks if an argument is lost, or takes the place of another; if a secret is in the message; or
 * if the two forms of a function do different things. */
static void
test_manager_calls (Fixture *fixture, gconstpointer data)
{
  TlsHandoffManager *manager = fixture->manager;
  g_autoptr (GBytes) pem = g_bytes_new_static ("PEM", 3);
  GAsyncResult **result = &fixture->result;

  replies = made;
  assert_made (tls_handoff_manager_import_credential_sync (manager, "l", pem, "secret", BOTH_ROLES,
                                                           7, INTERACTIVE, NULL, NULL));
  tls_handoff_manager_import_credential_async (manager, "l", pem, "secret", BOTH_ROLES, 7,
                                               INTERACTIVE, NULL, store_result, result);
  wait_for_result (fixture);
  assert_made (tls_handoff_manager_import_credential_finish (manager, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.ImportCredential ! 'l' handle 0 "
                     "owner=uint32 7 passphrase=handle 1 roles=['client', 'server'] "
                     "[PEM] [secret]" GET_ALL);

  replies = made;
  assert_made (tls_handoff_manager_generate_credential_sync (
      manager, "l", "ed25519", TLS_HANDOFF_CREDENTIAL_ROLE_SERVER, -1, NONE, NULL, NULL));
  tls_handoff_manager_generate_credential_async (manager, "l", "ed25519",
                                                 TLS_HANDOFF_CREDENTIAL_ROLE_SERVER, -1, NONE, NULL,
                                                 store_result, result);
  wait_for_result (fixture);
  assert_made (tls_handoff_manager_generate_credential_finish (manager, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.GenerateCredential 'l' 'ed25519' "
                     "roles=['server']" GET_ALL);

  replies = made;
  assert_made (tls_handoff_manager_link_credential_sync (
      manager, "l", "pkcs11:", "1234", fixture->certificates, 0, 0, NONE, NULL, NULL));
  tls_handoff_manager_link_credential_array_async (manager, "l", "pkcs11:", "1234",
                                                   (GBytes *const *) fixture->certificates->pdata,
                                                   1, 0, 0, NONE, NULL, store_result, result);
  wait_for_result (fixture);
  assert_made (tls_handoff_manager_link_credential_finish (manager, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.LinkCredential 'l' 'pkcs11:' "
                     "certificates=[[byte 0x41]] owner=uint32 0 pin=handle 0 [1234]" GET_ALL);
}

/* The same for credentials. */
static void
test_credential_calls (Fixture *fixture, gconstpointer data)
{
  static const char *const requests[] = { "([byte 1, 2],)", "([byte 1, 2],)", NULL };
  static const char *const nothing[] = { NULL, NULL };
  const char *const names[] = { "a", "b", NULL };
  const char *const none[] = { NULL };
  TlsHandoffCredential *credential = fixture->credential;
  GAsyncResult **result = &fixture->result;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  replies = requests;
  first = tls_handoff_credential_create_certificate_request_sync (credential, "CN=x", names, none,
                                                                  names, NONE, NULL, NULL);
  tls_handoff_credential_create_certificate_request_async (credential, "CN=x", names, none, names,
                                                           NONE, NULL, store_result, result);
  wait_for_result (fixture);
  second = tls_handoff_credential_create_certificate_request_finish (credential, *result, NULL);
  g_clear_object (result);
  g_assert_cmpmem (g_bytes_get_data (first, NULL), g_bytes_get_size (first), "\1\2", 2);
  g_assert_true (g_bytes_equal (first, second));
  assert_sent_twice ("/credential Credential.CreateCertificateRequest dns-names=['a', 'b'] "
                     "email-addresses=['a', 'b'] subject='CN=x'");

  replies = nothing;
  g_assert_true (tls_handoff_credential_self_sign_sync (credential, NULL, names, none, NULL, 30,
                                                        NONE, NULL, NULL));
  tls_handoff_credential_self_sign_async (credential, NULL, names, none, NULL, 30, NONE, NULL,
                                          store_result, result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_credential_self_sign_finish (credential, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/credential Credential.SelfSign days=uint32 30 dns-names=['a', 'b']");

  replies = nothing;
  g_assert_true (tls_handoff_credential_set_certificates_sync (credential, fixture->certificates,
                                                               INTERACTIVE, NULL, NULL));
  tls_handoff_credential_set_certificates_array_async (
      credential, (GBytes *const *) fixture->certificates->pdata, 1, INTERACTIVE, NULL,
      store_result, result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_credential_set_certificates_finish (credential, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/credential Credential.SetCertificates ! [[byte 0x41]]");

  replies = nothing;
  g_assert_true (tls_handoff_credential_set_ocsp_response_sync (
      credential, fixture->certificates->pdata[0], NONE, NULL, NULL));
  tls_handoff_credential_set_ocsp_response_async (credential, fixture->certificates->pdata[0], NONE,
                                                  NULL, store_result, result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_credential_set_ocsp_response_finish (credential, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/credential Credential.SetOcspResponse [byte 0x41]");

  replies = nothing;
  g_assert_true (
      tls_handoff_credential_set_ocsp_response_sync (credential, NULL, NONE, NULL, NULL));
  tls_handoff_credential_set_ocsp_response_async (credential, NULL, NONE, NULL, store_result,
                                                  result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_credential_set_ocsp_response_finish (credential, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/credential Credential.SetOcspResponse @ay []");

  replies = nothing;
  g_assert_true (tls_handoff_credential_unlock_sync (credential, "1234", NONE, NULL, NULL));
  tls_handoff_credential_unlock_async (credential, "1234", NONE, NULL, store_result, result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_credential_unlock_finish (credential, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/credential Credential.Unlock handle 0 [1234]");

  replies = nothing;
  g_assert_true (tls_handoff_credential_remove_sync (credential, NONE, NULL, NULL));
  tls_handoff_credential_remove_async (credential, NONE, NULL, store_result, result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_credential_remove_finish (credential, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/credential Credential.Remove");
}

/* The same for what an administrator calls. */
static void
test_status_calls (Fixture *fixture, gconstpointer data)
{
  static const char *const statuses[] = { "({'Version': <'9'>},)", "({'Version': <'9'>},)", NULL };
  static const char *const counts[] = { "({'handshakes': <uint64 3>},)",
                                        "({'handshakes': <uint64 3>},)", NULL };
  static const char *const nothing[] = { NULL, NULL };
  TlsHandoffManager *manager = fixture->manager;
  GAsyncResult **result = &fixture->result;
  g_autoptr (GVariant) status = NULL, status_again = NULL;
  g_autoptr (GVariant) statistics = NULL, statistics_again = NULL;

  replies = statuses;
  status = tls_handoff_manager_get_status_sync (manager, NULL, NULL);
  tls_handoff_manager_get_status_async (manager, NULL, store_result, result);
  wait_for_result (fixture);
  status_again = tls_handoff_manager_get_status_finish (manager, *result, NULL);
  g_clear_object (result);
  g_assert_true (g_variant_lookup (status, "Version", "s", NULL));
  g_assert_true (g_variant_equal (status, status_again));
  assert_sent_twice ("/org/tlshandoff/Handoff1 Properties.GetAll '" HANDOFF_MANAGER_INTERFACE "'");

  replies = counts;
  statistics = tls_handoff_manager_get_statistics_sync (manager, INTERACTIVE, NULL, NULL);
  tls_handoff_manager_get_statistics_async (manager, INTERACTIVE, NULL, store_result, result);
  wait_for_result (fixture);
  statistics_again = tls_handoff_manager_get_statistics_finish (manager, *result, NULL);
  g_clear_object (result);
  g_assert_true (g_variant_lookup (statistics, "handshakes", "t", NULL));
  g_assert_true (g_variant_equal (statistics, statistics_again));
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.GetStatistics !");

  replies = nothing;
  g_assert_true (tls_handoff_manager_reload_sync (manager, INTERACTIVE, NULL, NULL));
  tls_handoff_manager_reload_async (manager, INTERACTIVE, NULL, store_result, result);
  wait_for_result (fixture);
  g_assert_true (tls_handoff_manager_reload_finish (manager, *result, NULL));
  g_clear_object (result);
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.Reload !");
}

/* A page of n sessions; the first one has that number. */
static char *
session_page (guint n, guint number)
{
  GString *page = g_string_new ("([");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (page, "%s{'number': <uint64 %u>}", i > 0 ? ", " : "", number + i);
  return g_string_free (g_string_append (page, "],)"), FALSE);
}

/* Breaks if the rest of a long list is not asked for, or without the options and flags of the first
 * call. */
static void
test_session_pages (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = session_page (HANDOFF_LIST_PAGE, 1);
  g_autofree char *last = session_page (1, 1000);
  const char *const pages[] = { first, last, first, last, NULL };
  g_autoptr (GVariant) sessions = NULL;
  g_autoptr (GVariant) again = NULL;

  replies = pages;
  sessions =
      tls_handoff_manager_list_sessions_sync (fixture->manager, TRUE, INTERACTIVE, NULL, NULL);
  tls_handoff_manager_list_sessions_async (fixture->manager, TRUE, INTERACTIVE, NULL, store_result,
                                           &fixture->result);
  wait_for_result (fixture);
  again = tls_handoff_manager_list_sessions_finish (fixture->manager, fixture->result, NULL);
  g_clear_object (&fixture->result);
  g_assert_cmpuint (g_variant_n_children (sessions), ==, HANDOFF_LIST_PAGE + 1);
  g_assert_true (g_variant_equal (sessions, again));
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.ListSessions ! all=true\n"
                     "/org/tlshandoff/Handoff1 Manager.ListSessions ! after=uint64 256 all=true");
}

/* Breaks if the log is asked for in another way than the other lists. */
static void
test_log (Fixture *fixture, gconstpointer data)
{
  static const char *const pages[] = { "([{'number': <uint64 7>}],)", "([{'number': <uint64 7>}],)",
                                       NULL };
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) again = NULL;

  replies = pages;
  entries = tls_handoff_manager_get_log_sync (fixture->manager, TRUE, INTERACTIVE, NULL, NULL);
  tls_handoff_manager_get_log_async (fixture->manager, TRUE, INTERACTIVE, NULL, store_result,
                                     &fixture->result);
  wait_for_result (fixture);
  again = tls_handoff_manager_get_log_finish (fixture->manager, fixture->result, NULL);
  g_clear_object (&fixture->result);
  g_assert_cmpuint (g_variant_n_children (entries), ==, 1);
  g_assert_true (g_variant_equal (entries, again));
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.GetLog ! all=true");
}

/* Breaks if a credential whose certificates did not fit on a page is taken without them; or if such
 * a credential at the beginning of a page is asked for again and again. */
static void
test_credential_pages (Fixture *fixture, gconstpointer data)
{
  static const char *const pages[] = {
    "([(objectpath '/1', {'Label': <'a'>, 'Certificates': <@aay [[1]]>}), "
    "(objectpath '/2', {'Label': <'b'>})],)",
    "([(objectpath '/2', {'Label': <'b'>})],)",
    "([(objectpath '/1', {'Label': <'a'>, 'Certificates': <@aay [[1]]>}), "
    "(objectpath '/2', {'Label': <'b'>})],)",
    "([(objectpath '/2', {'Label': <'b'>})],)",
    NULL,
  };
  g_autoptr (GPtrArray) credentials = NULL;
  g_autoptr (GPtrArray) again = NULL;

  replies = pages;
  credentials =
      tls_handoff_manager_list_credentials_sync (fixture->manager, FALSE, NONE, NULL, NULL);
  tls_handoff_manager_list_credentials_async (fixture->manager, FALSE, NONE, NULL, store_result,
                                              &fixture->result);
  wait_for_result (fixture);
  again = tls_handoff_manager_list_credentials_finish (fixture->manager, fixture->result, NULL);
  g_clear_object (&fixture->result);
  g_assert_cmpuint (credentials->len, ==, 2);
  g_assert_cmpuint (again->len, ==, 2);
  g_assert_cmpstr (tls_handoff_credential_get_label (credentials->pdata[1]), ==, "b");
  assert_sent_twice ("/org/tlshandoff/Handoff1 Manager.ListCredentials\n"
                     "/org/tlshandoff/Handoff1 Manager.ListCredentials after=('a', "
                     "objectpath '/1')");
}

/* Breaks if the type of a reply is not checked, that of the first or of a later one. */
static void
test_bad_replies (Fixture *fixture, gconstpointer data)
{
  static const char *const wrong[] = { "(1,)", "(objectpath '/made',)", "('x',)", "(1,)", NULL };
  g_autoptr (GError) error = NULL;

  replies = wrong;
  g_assert_false (tls_handoff_credential_remove_sync (fixture->credential, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_null (tls_handoff_manager_generate_credential_sync (fixture->manager, "l", "ed25519", 0,
                                                               -1, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_clear_error (&error);
  tls_handoff_manager_list_sessions_async (fixture->manager, FALSE, NONE, NULL, store_result,
                                           &fixture->result);
  wait_for_result (fixture);
  g_assert_null (
      tls_handoff_manager_list_sessions_finish (fixture->manager, fixture->result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED);
  g_clear_object (&fixture->result);
}

/* Breaks if a cancelled call is sent, or a call with a wrong argument. */
static void
test_nothing_is_sent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancelled);
  tls_handoff_credential_remove_async (fixture->credential, NONE, cancelled, store_result,
                                       &fixture->result);
  wait_for_result (fixture);
  g_assert_false (
      tls_handoff_credential_remove_finish (fixture->credential, fixture->result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_clear_object (&fixture->result);

  g_ptr_array_add (fixture->certificates, NULL);
  tls_handoff_credential_set_certificates_async (fixture->credential, fixture->certificates, NONE,
                                                 NULL, store_result, &fixture->result);
  wait_for_result (fixture);
  g_assert_false (tls_handoff_credential_set_certificates_finish (fixture->credential,
                                                                  fixture->result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_clear_object (&fixture->result);
  g_assert_null (tls_handoff_manager_link_credential_sync (
      fixture->manager, "l", "pkcs11:", NULL, fixture->certificates, 0, -1, NONE, NULL, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_ptr_array_set_size (fixture->certificates, 1);
  g_assert_cmpstr (sent->str, ==, "");
}

/* Breaks if a programmer's mistake is not logged under the function's name, or if it ends in a
 * crash, in a message to the service or in a callback. */
static void
test_mistakes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_test_expect_message ("tls-handoff", G_LOG_LEVEL_CRITICAL,
                         "*tls_handoff_manager_generate_credential*key_type != NULL*");
  g_assert_null (tls_handoff_manager_generate_credential_sync (fixture->manager, "l", NULL, 0, -1,
                                                               NONE, NULL, &error));
  g_test_assert_expected_messages ();
  g_assert_no_error (error);

  g_test_expect_message ("tls-handoff", G_LOG_LEVEL_CRITICAL,
                         "*tls_handoff_credential_unlock*pin != NULL*");
  tls_handoff_credential_unlock_async (fixture->credential, NULL, NONE, NULL, store_result,
                                       &fixture->result);
  g_test_assert_expected_messages ();

  g_test_expect_message ("tls-handoff", G_LOG_LEVEL_CRITICAL,
                         "*tls_handoff_credential_remove*handoff_credential_is_of_service*");
  tls_handoff_credential_remove_async ((gpointer) fixture->manager, NONE, NULL, store_result,
                                       &fixture->result);
  g_test_assert_expected_messages ();

  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (fixture->result);
  g_assert_cmpstr (sent->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/manager-methods/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("manager-calls", test_manager_calls);
  ADD ("credential-calls", test_credential_calls);
  ADD ("status-calls", test_status_calls);
  ADD ("session-pages", test_session_pages);
  ADD ("log", test_log);
  ADD ("credential-pages", test_credential_pages);
  ADD ("bad-replies", test_bad_replies);
  ADD ("nothing-is-sent", test_nothing_is_sent);
  ADD ("mistakes", test_mistakes);
  return g_test_run ();
}
