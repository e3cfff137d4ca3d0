/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/gate-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/handoff-names.h"
#include "process/process.h"
#include "keyblob/tls-handoff-error.h"

#define GATE_TIMEOUT_SECONDS 60
#define GATE_CHECK_INTERVAL_MSEC 20

/* (transfer none) */
static const char *
note_check (TestAuthority *self, const HandoffAuthorityCheck *check)
{
  static const char *const keys[] = { "credential", "role", "server-identity", "credential-choice",
                                      "review-certificate" };
  GString *text = g_string_new (strrchr (check->action, '.') + 1);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *value =
          check->details != NULL ? g_hash_table_lookup (check->details, keys[i]) : NULL;

      if (value != NULL)
        g_string_append_printf (text, " %s=%s", keys[i], value);
    }
  g_ptr_array_add (self->checks, g_string_free (text, FALSE));
  return test_authority_get_last_check (self);
}

static void
test_authority_check_async (HandoffAuthority *authority,
                            const HandoffAuthorityCheck *check,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  TestAuthority *self = TEST_AUTHORITY (authority);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Answer answer = self->answer;
  const char *text;

  text = note_check (self, check);
  if (self->other_check != NULL && g_pattern_match_simple (self->other_check, text))
    answer = self->other_answer;
  switch (answer)
    {
    case ANSWER_DENY:
      g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "No");
      break;
    case ANSWER_FAIL:
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "The authority is broken");
      break;
    case ANSWER_ALLOW:
      g_task_return_boolean (task, TRUE);
      break;
    case ANSWER_LATER:
      g_assert_null (self->pending);
      self->pending = g_steal_pointer (&task);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
test_authority_check_finish (HandoffAuthority *authority,
                             GAsyncResult *result,
                             gboolean *is_plain,
                             GError **error)
{
  *is_plain = TEST_AUTHORITY (authority)->is_plain;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_authority_iface_init (HandoffAuthorityInterface *iface)
{
  iface->check_async = test_authority_check_async;
  iface->check_finish = test_authority_check_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestAuthority,
                               test_authority,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY,
                                                      test_authority_iface_init))

static void
test_authority_finalize (GObject *object)
{
  TestAuthority *self = TEST_AUTHORITY (object);

  g_clear_object (&self->pending);
  g_ptr_array_unref (self->checks);
  G_OBJECT_CLASS (test_authority_parent_class)->finalize (object);
}

static void
test_authority_class_init (TestAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_authority_finalize;
}

static void
test_authority_init (TestAuthority *self)
{
  self->checks = g_ptr_array_new_with_free_func (g_free);
  self->is_plain = TRUE;
}

const char *
test_authority_get_last_check (TestAuthority *self)
{
  return self->checks->len > 0 ? self->checks->pdata[self->checks->len - 1] : NULL;
}

void
test_authority_answer (TestAuthority *self, gboolean allowed)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->pending);

  if (allowed)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "No");
}

static gboolean
again (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
gate_wait_until (gboolean (*check) (gpointer), gpointer data, const char *what)
{
  gint64 deadline = g_get_monotonic_time () + GATE_TIMEOUT_SECONDS * G_USEC_PER_SEC;
  guint timer = g_timeout_add (GATE_CHECK_INTERVAL_MSEC, again, NULL);

  while (!check (data))
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("waited %d seconds in vain until %s", GATE_TIMEOUT_SECONDS, what);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);
}

GDBusConnection *
gate_connect (GateFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (fixture->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

void
gate_set_up (GateFixture *fixture, gconstpointer answer)
{
  g_autoptr (GError) error = NULL;

  fixture->state_directory = g_dir_make_tmp ("gate-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture->service_connection = gate_connect (fixture);
  fixture->caller = gate_connect (fixture);
  fixture->authority = g_object_new (TEST_TYPE_AUTHORITY, NULL);
  fixture->authority->answer = GPOINTER_TO_INT (answer);
  handoff_process_set_folder (SERVICE_PROGRAMS);
  fixture->service = handoff_service_new ("/proc/nonexistent", fixture->state_directory);
  handoff_service_connect (fixture->service, fixture->service_connection, NULL,
                           HANDOFF_AUTHORITY (fixture->authority), &error);
  g_assert_no_error (error);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->sockets), ==, 0);
}

void
gate_remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      gate_remove_tree (child);
    }
  g_remove (path);
}

void
gate_tear_down (GateFixture *fixture, gconstpointer answer)
{
  handoff_service_drain (fixture->service);
  g_assert_false (handoff_service_is_stuck (fixture->service));
  g_clear_object (&fixture->service);
  g_clear_object (&fixture->authority);
  g_clear_object (&fixture->caller);
  g_dbus_connection_close_sync (fixture->service_connection, NULL, NULL);
  g_clear_object (&fixture->service_connection);
  if (fixture->sockets[0] >= 0)
    close (fixture->sockets[0]);
  close (fixture->sockets[1]);
  g_test_dbus_down (fixture->bus);
  g_clear_object (&fixture->bus);
  gate_remove_tree (fixture->state_directory);
  g_free (fixture->state_directory);
}

static void
called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GateCall *call = user_data;

  call->reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL,
                                                                 result, &call->error);
  if (call->error != NULL)
    g_dbus_error_strip_remote_error (call->error);
  call->done = TRUE;
}

void
gate_call_start (GateFixture *fixture,
                 GDBusConnection *caller,
                 const char *path,
                 const char *interface,
                 const char *method,
                 GVariant *parameters,
                 GUnixFDList *fds,
                 GateCall *call)
{
  *call = (GateCall){ .started = TRUE };
  g_dbus_connection_call_with_unix_fd_list (
      caller, g_dbus_connection_get_unique_name (fixture->service_connection), path, interface,
      method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, called, call);
}

static gboolean
has_ended (gpointer data)
{
  const GateCall *call = data;

  return !call->started || call->done;
}

void
gate_call_wait (GateCall *call)
{
  gate_wait_until (has_ended, call, "the call is replied to");
}

void
gate_call_clear (GateCall *call)
{
  gate_call_wait (call);
  g_clear_pointer (&call->reply, g_variant_unref);
  g_clear_error (&call->error);
}

static gboolean
has_check (gpointer data)
{
  const GateFixture *fixture = data;

  return fixture->authority->pending != NULL;
}

void
gate_wait_for_check (GateFixture *fixture)
{
  gate_wait_until (has_check, fixture, "the authority is asked");
}

guint
gate_get_statistic (GateFixture *fixture, const char *name)
{
  const Answer answer = fixture->authority->answer;
  g_auto (GateCall) call = { 0 };
  g_autoptr (GVariant) statistics = NULL;
  guint value = G_MAXUINT;

  fixture->authority->answer = ANSWER_ALLOW;
  gate_call_start (fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "GetStatistics", NULL, NULL, &call);
  gate_call_wait (&call);
  fixture->authority->answer = answer;
  g_assert_no_error (call.error);
  g_variant_get (call.reply, "(@a{sv})", &statistics);
  g_assert_true (g_variant_lookup (statistics, name, "u", &value));
  return value;
}

static gboolean
is_alone (gpointer data)
{
  return gate_get_statistic (data, "callers") <= 1;
}

void
gate_leave (GateFixture *fixture)
{
  g_autoptr (GDBusConnection) caller = g_steal_pointer (&fixture->caller);

  fixture->caller = gate_connect (fixture);
  g_dbus_connection_close_sync (caller, NULL, NULL);
  gate_wait_until (is_alone, fixture, "the service has heard that the caller left");
}

void
gate_answer (GateFixture *fixture, gboolean allowed)
{
  test_authority_answer (fixture->authority, allowed);
}

void
gate_start_manager_call (GateFixture *fixture,
                         GDBusConnection *caller,
                         const char *method,
                         GateCall *call)
{
  const guint8 key_bytes[32] = { 9 }; /* the base point */
  g_autoptr (GVariant) key = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key_bytes, sizeof key_bytes, 1));
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  GVariant *arguments = NULL;

  g_unix_fd_list_append (fds, fixture->sockets[0], &error);
  g_assert_no_error (error);
  if (g_str_equal (method, "HandshakeAsClient"))
    arguments = g_variant_new ("(hs@aya{sv})", 0, "www.example.com", key, NULL);
  else if (g_str_equal (method, "HandshakeAsServer"))
    arguments = g_variant_new ("(h@aya{sv})", 0, key, NULL);
  else if (g_str_equal (method, "CreateSession"))
    arguments = g_variant_new ("(ssa{sv})", "server", "", NULL);
  else if (g_str_equal (method, "ImportCredential"))
    arguments = g_variant_new ("(sha{sv})", "key", 0, NULL);
  else if (g_str_equal (method, "GenerateCredential"))
    arguments = g_variant_new ("(ssa{sv})", "key", "ecdsa-p256", NULL);
  else if (g_str_equal (method, "LinkCredential"))
    arguments =
        g_variant_new ("(ssa{sv})", "key", "pkcs11:token=test;object=key;type=private", NULL);
  else if (g_str_has_prefix (method, "List"))
    arguments = g_variant_new_parsed ("({'all': <true>},)");
  gate_call_start (fixture, caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, method, arguments,
                   fds, call);
}

void
gate_assert_no_handshake (GateFixture *fixture)
{
  static const guint8 access_denied[] = { 21, 3, 3, 0, 2, 2, 49 };
  guint8 data[16];
  const gssize n = recv (fixture->sockets[1], data, sizeof data, MSG_DONTWAIT | MSG_PEEK);

  /* Of a server's the client hears that there will be none. */
  if (n > 0)
    g_assert_cmpmem (data, (gsize) n, access_denied, sizeof access_denied);
}
