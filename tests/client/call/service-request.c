/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Requests of several calls, on a bus. */

#include "call/service-request.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "call/service-call.h"
#include "keyblob/handoff-names.h"

static GDBusMessage *
new_call (void)
{
  return g_dbus_message_new_method_call ("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                         "org.freedesktop.DBus", "GetId");
}

static gpointer
take_second (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  return GINT_TO_POINTER (TRUE);
}

/* Goes on, although the connection of the first call is closed. */
static gpointer
take_first (HandoffServiceRequest *request, GDBusMessage *reply, GError **error)
{
  g_dbus_connection_close_sync (handoff_service_bus_get_connection (request->bus), NULL, NULL);
  handoff_service_request_go_on (request, new_call (), "(s)", take_second);
  return NULL;
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

/* Breaks if a call that follows from a reply is sent on another connection: it names the process
 * that replied, and on another bus that name may be another process's. Or if the next request does
 * not get a new connection. */
static void
test_connection_is_kept (void)
{
  const HandoffServiceReply reply = { "(s)", take_first, NULL };
  const HandoffServiceReply single = { "(s)", take_second, NULL };
  g_autoptr (GTestDBus) daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (HandoffServiceBus) bus = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_test_dbus_up (daemon);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (daemon), TRUE);
  bus = handoff_service_bus_new (NULL);

  g_assert_null (handoff_service_request_sync (&reply, bus, new_call (), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  handoff_service_request_async (&reply, "test", NULL, bus, new_call (), NULL, NULL, store_result,
                                 &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (handoff_service_request_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  g_assert_nonnull (handoff_service_request_sync (&single, bus, new_call (), NULL, &error));
  g_assert_no_error (error);
  g_dbus_connection_close_sync (handoff_service_bus_get_connection (bus), NULL, NULL);
  g_test_dbus_down (daemon);
}

/* A service that gives its name back, and then refuses what was sent to it. */
static GDBusMessage *
end_and_refuse (GDBusConnection *connection,
                GDBusMessage *message,
                gboolean incoming,
                gpointer user_data)
{
  g_autoptr (GDBusMessage) release = NULL;
  g_autoptr (GDBusMessage) refusal = NULL;

  if (!incoming ||
      g_strcmp0 (g_dbus_message_get_interface (message), HANDOFF_MANAGER_INTERFACE) != 0)
    return message;
  release = g_dbus_message_new_method_call ("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                            "org.freedesktop.DBus", "ReleaseName");
  g_dbus_message_set_body (release, g_variant_new ("(s)", HANDOFF_BUS_NAME));
  g_dbus_message_set_flags (release, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (connection, release, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  refusal = g_dbus_message_new_method_error_literal (message, HANDOFF_ERROR_ENDING, "It ends");
  g_dbus_connection_send_message (connection, refusal, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

/* The one after it, which says how many descriptors came. */
static GDBusMessage *
serve (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  g_autoptr (GDBusMessage) reply = NULL;
  GUnixFDList *fds;

  if (!incoming ||
      g_strcmp0 (g_dbus_message_get_interface (message), HANDOFF_MANAGER_INTERFACE) != 0)
    return message;
  fds = g_dbus_message_get_unix_fd_list (message);
  reply = g_dbus_message_new_method_reply (message);
  g_dbus_message_set_body (
      reply, g_variant_new ("(i)", fds != NULL ? g_unix_fd_list_get_length (fds) : 0));
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

/* (transfer full): in line for the service's name */
static GDBusConnection *
new_service (GTestDBus *daemon, GDBusMessageFilterFunction filter)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (daemon),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  g_dbus_connection_add_filter (connection, filter, NULL, NULL);
  reply = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", HANDOFF_BUS_NAME, 0), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static void
end_service (GDBusConnection **connection)
{
  g_dbus_connection_close_sync (*connection, NULL, NULL);
  g_clear_object (connection);
}

/* (transfer full): with a descriptor */
static GDBusMessage *
new_service_call (HandoffServiceBus *bus, const char *path)
{
  GDBusMessage *call =
      handoff_service_call_new (bus, path, HANDOFF_MANAGER_INTERFACE, "Do", NULL, FALSE);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_assert_cmpint (g_unix_fd_list_append (fds, STDIN_FILENO, NULL), ==, 0);
  g_dbus_message_set_unix_fd_list (call, fds);
  return call;
}

static void
assert_served (GDBusMessage *reply, const GError *error)
{
  gint32 n_fds;

  g_assert_no_error (error);
  g_assert_cmpint (g_dbus_message_get_message_type (reply), ==, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  g_variant_get (g_dbus_message_get_body (reply), "(i)", &n_fds);
  g_assert_cmpint (n_fds, ==, 1);
}

/* Breaks if a call that meets the service while it ends fails, although the next service would do
 * it: an upgrade would cost connections. Or if a session's call goes to a service that does not
 * know the session, or a service that ends again and again gets the call for ever. */
static void
test_ending (void)
{
  g_autoptr (GTestDBus) daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  GDBusConnection *services[4];
  g_autoptr (HandoffServiceBus) bus = NULL;
  gsize i;

  g_test_dbus_up (daemon);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (daemon), TRUE);
  bus = handoff_service_bus_new (NULL);

  /* Blocking; not; of a session; and once too often. */
  for (i = 0; i < 4; i++)
    {
      g_autoptr (GDBusMessage) call = NULL;
      g_autoptr (GDBusMessage) reply = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      gsize j;

      for (j = 0; j < G_N_ELEMENTS (services); j++)
        services[j] = new_service (daemon, j < (i < 3 ? 2 : 3) ? end_and_refuse : serve);
      call = new_service_call (bus, i == 2 ? HANDOFF_SESSIONS_PATH "/1" : HANDOFF_ROOT_PATH);
      if (i == 1)
        {
          handoff_service_bus_send_async (bus, call, NULL, store_result, &result);
          while (result == NULL)
            g_main_context_iteration (NULL, TRUE);
          reply = handoff_service_bus_send_finish (result, NULL, &error);
        }
      else
        reply = handoff_service_bus_send_sync (bus, call, NULL, NULL, &error);
      if (i < 2)
        assert_served (reply, error);
      else
        g_assert_cmpstr (g_dbus_message_get_error_name (reply), ==, HANDOFF_ERROR_ENDING);
      for (j = 0; j < G_N_ELEMENTS (services); j++)
        end_service (&services[j]);
    }
  g_dbus_connection_close_sync (handoff_service_bus_get_connection (bus), NULL, NULL);
  g_test_dbus_down (daemon);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service-request/connection-is-kept", test_connection_is_kept);
  g_test_add_func ("/service-request/ending", test_ending);
  return g_test_run ();
}
