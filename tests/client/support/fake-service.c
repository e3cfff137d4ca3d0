/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/fake-service.h"

#include <sys/socket.h>

GSocketConnection *
fake_service_make_connection (GSocket **other)
{
  g_autoptr (GSocket) mine = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  mine = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  *other = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (*other, FALSE);
  return g_socket_connection_factory_create_connection (mine);
}

static GDBusMessage *
answer (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  FakeService *self = user_data;
  g_autoptr (GDBusMessage) reply = NULL;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;

  if (g_strcmp0 (g_dbus_message_get_member (message), "Close") == 0)
    g_atomic_int_set (&self->session_closed, TRUE);
  reply = self->reply_to (message);
  if (reply != NULL)
    g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  else
    g_dbus_connection_close (connection, NULL, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusConnection **connection = user_data;
  g_autoptr (GError) error = NULL;

  *connection = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

void
fake_service_set_up (FakeService *self, gconstpointer reply_to)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GSocketConnection) client = NULL;
  g_autoptr (GSocketConnection) server = NULL;
  g_autoptr (GSocket) server_socket = NULL;

  client = fake_service_make_connection (&server_socket);
  server = g_socket_connection_factory_create_connection (server_socket);
  self->reply_to = (FakeServiceReplyFunc) reply_to;
  g_dbus_connection_new (G_IO_STREAM (server), guid, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER,
                         NULL, NULL, connected_cb, &self->server);
  g_dbus_connection_new (G_IO_STREAM (client), NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                         NULL, NULL, connected_cb, &self->client);
  while (self->server == NULL || self->client == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_dbus_connection_add_filter (self->server, answer, self, NULL);
}

void
fake_service_tear_down (FakeService *self, gconstpointer reply_to)
{
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  g_dbus_connection_close_sync (self->server, NULL, NULL);
  g_clear_object (&self->client);
  g_clear_object (&self->server);
}

GDBusMessage *
fake_service_reply_with (GDBusMessage *call, const char *text)
{
  GDBusMessage *reply = g_dbus_message_new_method_reply (call);

  g_dbus_message_set_body (reply, g_variant_new_parsed (text));
  return reply;
}
