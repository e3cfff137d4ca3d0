/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The gate that every method call goes through, on a real bus, with an authority whose faults the
 * test decides: it denies, fails, or answers when nobody is left to hear it. */

#include "config.h"

#include <gio/gunixfdlist.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authority.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "service.h"

typedef enum
{
  ANSWER_DENY,
  ANSWER_FAIL,
  ANSWER_LATER, /* keeps the check in `pending`, and pays no attention to its cancellation */
} Answer;

#define TEST_TYPE_AUTHORITY (test_authority_get_type ())
G_DECLARE_FINAL_TYPE (TestAuthority, test_authority, TEST, AUTHORITY, GObject)

struct _TestAuthority
{
  GObject parent;

  Answer answer;
  guint n_checks;
  GTask *pending; /* (owned) (nullable) */
};

static void
test_authority_check_async (HandoffAuthority *authority,
                            const HandoffAuthorityCheck *check,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  TestAuthority *self = TEST_AUTHORITY (authority);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  self->n_checks++;
  if (self->answer == ANSWER_DENY)
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED, "No");
  else if (self->answer == ANSWER_FAIL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "The authority is broken");
  else
    self->pending = g_steal_pointer (&task);
}

static gboolean
test_authority_check_finish (HandoffAuthority *authority, GAsyncResult *result, GError **error)
{
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
test_authority_class_init (TestAuthorityClass *klass)
{
}

static void
test_authority_init (TestAuthority *self)
{
}

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *service_connection;
  GDBusConnection *caller;
  TestAuthority *authority;
  HandoffService *service;
  int sockets[2]; /* the caller's, the peer's */
} Fixture;

static GDBusConnection *
connect_to_bus (Fixture *fixture)
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

static void
set_up (Fixture *fixture, gconstpointer answer)
{
  g_autoptr (GError) error = NULL;

  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture->service_connection = connect_to_bus (fixture);
  fixture->caller = connect_to_bus (fixture);
  fixture->authority = g_object_new (TEST_TYPE_AUTHORITY, NULL);
  fixture->authority->answer = GPOINTER_TO_INT (answer);
  fixture->service =
      handoff_service_new (fixture->service_connection, HANDOFF_AUTHORITY (fixture->authority),
                           "/nonexistent/tls-handoffd.conf", &error);
  g_assert_no_error (error);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->sockets), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer answer)
{
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
}

static void
called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), NULL, result, error);

  g_assert_true ((reply == NULL) == (*error != NULL));
  if (*error == NULL)
    *error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_EXISTS, "There was a reply");
}

/* Starts the call; *error gets what became of it. */
static void
start_call (Fixture *fixture, const char *method, GError **error)
{
  const char *name = g_dbus_connection_get_unique_name (fixture->service_connection);
  const guint8 key[32] = { 9 }; /* the base point */
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GVariant *arguments = NULL;
  int handle;

  if (g_str_equal (method, "HandshakeAsClient"))
    {
      handle = g_unix_fd_list_append (fds, fixture->sockets[0], error);
      g_assert_no_error (*error);
      arguments =
          g_variant_new ("(hs@aya{sv})", handle, "www.example.com",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key, sizeof key, 1), NULL);
    }
  g_dbus_connection_call_with_unix_fd_list (fixture->caller, name, HANDOFF_ROOT_PATH,
                                            HANDOFF_MANAGER_INTERFACE, method, arguments, NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, called, error);
}

static void
assert_no_handshake (Fixture *fixture)
{
  char byte;

  g_assert_cmpint (recv (fixture->sockets[1], &byte, 1, MSG_DONTWAIT | MSG_PEEK), <=, 0);
}

/* Breaks if a method runs although the authority said no, or nothing that it can be taken for a
 * yes. */
static void
test_refused (Fixture *fixture, gconstpointer answer)
{
  const char *methods[] = { "HandshakeAsClient", "GetStatistics", "Reload" };
  const int code = GPOINTER_TO_INT (answer) == ANSWER_DENY ? TLS_HANDOFF_ERROR_NOT_AUTHORIZED
                                                           : TLS_HANDOFF_ERROR_FAILED;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (GError) error = NULL;

      start_call (fixture, methods[i], &error);
      while (error == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_assert_error (error, TLS_HANDOFF_ERROR, code);
      g_assert_cmpuint (fixture->authority->n_checks, ==, i + 1);
    }
  assert_no_handshake (fixture);
}

/* Breaks if a yes that comes when its caller is gone starts the handshake. */
static void
test_late_yes (Fixture *fixture, gconstpointer answer)
{
  g_autoptr (GError) error = NULL;
  char byte;

  start_call (fixture, "HandshakeAsClient", &error);
  while (fixture->authority->pending == NULL)
    g_main_context_iteration (NULL, TRUE);

  g_dbus_connection_close_sync (fixture->caller, NULL, NULL);
  close (fixture->sockets[0]);
  fixture->sockets[0] = -1;
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  /* The bus tells the service; its reply to anything later comes later. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GDBusConnection) other = connect_to_bus (fixture);
      g_autoptr (GError) other_error = NULL;

      g_set_object (&fixture->caller, other);
      fixture->authority->answer = ANSWER_DENY;
      start_call (fixture, "GetStatistics", &other_error);
      while (other_error == NULL)
        g_main_context_iteration (NULL, TRUE);
    }

  g_task_return_boolean (fixture->authority->pending, TRUE);
  g_clear_object (&fixture->authority->pending);
  /* The service lets go of the socket, and has sent nothing on it. */
  while (recv (fixture->sockets[1], &byte, 1, MSG_DONTWAIT) < 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (recv (fixture->sockets[1], &byte, 1, MSG_DONTWAIT), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, answer, function)                                                                \
  g_test_add ("/service/gate/" name, Fixture, GINT_TO_POINTER (answer), set_up, function, tear_down)
  ADD ("denied", ANSWER_DENY, test_refused);
  ADD ("authority-fails", ANSWER_FAIL, test_refused);
  ADD ("late-yes", ANSWER_LATER, test_late_yes);
  return g_test_run ();
}
