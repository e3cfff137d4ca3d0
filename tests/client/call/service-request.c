/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Requests of several calls, on a bus. */

#include "call/service-request.h"

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
  g_assert_null (handoff_service_request_finish (NULL, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  g_assert_nonnull (handoff_service_request_sync (&single, bus, new_call (), NULL, &error));
  g_assert_no_error (error);
  g_dbus_connection_close_sync (handoff_service_bus_get_connection (bus), NULL, NULL);
  g_test_dbus_down (daemon);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service-request/connection-is-kept", test_connection_is_kept);
  return g_test_run ();
}
