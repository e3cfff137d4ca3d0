/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/channel-service.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/handoff-names.h"

typedef struct
{
  ChannelService *service;
  ChannelPeer peer;
  ChannelManner manner;
} Served;

static void
answer_on_channel (Served *served, const HandoffChannelMessage *message)
{
  ChannelService *service = served->service;
  g_autoptr (GVariant) arguments = NULL;
  g_autofree char *text = NULL;
  HandoffChannelFlags flags;
  const char *path, *method;

  handoff_channel_message_get_call (message, &flags, &path, &method, &arguments);
  g_atomic_int_inc (&service->n_channel);
  text = g_strdup_printf ("channel %s", path);
  if (message->serial != 0)
    channel_peer_send (&served->peer, HANDOFF_CHANNEL_REPLY, message->serial,
                       g_variant_new ("(s)", text), NULL, 0);
}

static gpointer
channel_thread (gpointer user_data)
{
  Served *served = user_data;
  HandoffChannelMessage message;
  gboolean goes_on = served->manner != CHANNEL_OPEN_CLOSED;

  if (served->manner == CHANNEL_OPEN_UNREAD)
    {
      while (channel_peer_is_quiet (&served->peer))
        g_thread_yield ();
      goes_on = FALSE;
    }
  while (goes_on && channel_peer_receive (&served->peer, &message))
    {
      if (served->manner == CHANNEL_OPEN_DROPS)
        g_atomic_int_inc (&served->service->n_channel);
      else
        answer_on_channel (served, &message);
      handoff_channel_message_clear (&message);
      goes_on = served->manner == CHANNEL_OPEN;
    }
  channel_peer_clear (&served->peer);
  g_free (served);
  return NULL;
}

/* Answers OpenChannel(). */
static GDBusMessage *
open_channel (ChannelService *service, GDBusMessage *call, ChannelManner manner)
{
  GDBusMessage *reply = g_dbus_message_new_method_reply (call);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) key = NULL;
  g_auto (GVariantDict) details = G_VARIANT_DICT_INIT (NULL);
  Served *served = g_new0 (Served, 1);
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  gconstpointer key_data;
  gsize size;
  int socket, pair[2];

  g_variant_get (g_dbus_message_get_body (call), "(@a{sv})", &options);
  key = g_variant_lookup_value (options, "recipient-key", G_VARIANT_TYPE_BYTESTRING);
  key_data = g_variant_get_fixed_array (key, &size, 1);
  g_assert_cmpuint (size, ==, sizeof enc);
  served->service = service;
  served->manner = manner;
  channel_peer_open (&served->peer, key_data, enc, &socket);
  if (manner == CHANNEL_OPEN_BAD_KEY)
    memset (enc, 0, sizeof enc);
  if (manner == CHANNEL_OPEN_STREAM)
    {
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
      g_unix_fd_list_append (fds, pair[0], NULL);
      close (pair[0]);
      close (pair[1]);
    }
  else if (manner != CHANNEL_OPEN_NO_FD)
    g_unix_fd_list_append (fds, socket, NULL);
  close (socket);
  if (manner != CHANNEL_OPEN_NO_FD)
    g_dbus_message_set_unix_fd_list (reply, fds);
  g_variant_dict_insert_value (
      &details, "encapsulated-key",
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, enc,
                                 manner == CHANNEL_OPEN_SHORT_KEY ? sizeof enc - 1 : sizeof enc,
                                 1));
  g_dbus_message_set_body (reply, g_variant_new ("(h@a{sv})", 0, g_variant_dict_end (&details)));

  g_mutex_lock (&service->lock);
  g_ptr_array_add (service->threads, g_thread_new ("channel", channel_thread, served));
  g_mutex_unlock (&service->lock);
  return reply;
}

/* On GDBus's thread. */
static GDBusMessage *
serve (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  ChannelService *service = user_data;
  g_autoptr (GDBusMessage) reply = NULL;
  const ChannelManner manner = g_atomic_int_get (&service->manner);
  gboolean opens;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;

  opens = g_str_equal (g_dbus_message_get_member (message), "OpenChannel");
  g_atomic_int_inc (opens ? &service->n_opened : &service->n_bus);
  if (!opens)
    {
      reply = g_dbus_message_new_method_reply (message);
      g_dbus_message_set_body (reply, g_variant_new ("(s)", "bus"));
    }
  else if (manner == CHANNEL_REFUSE)
    reply = g_dbus_message_new_method_error_literal (
        message, "org.freedesktop.DBus.Error.UnknownMethod", "No such method");
  else if (manner == CHANNEL_WAIT)
    {
      g_mutex_lock (&service->lock);
      g_set_object (&service->held, message);
      g_mutex_unlock (&service->lock);
    }
  else
    reply = open_channel (service, message, manner);
  if (reply != NULL)
    g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

static GDBusConnection *
connect_to (ChannelService *service)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (service->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

void
channel_service_start (ChannelService *service)
{
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  service->service_connection = connect_to (service);
  g_dbus_connection_add_filter (service->service_connection, serve, service, NULL);
  result = g_dbus_connection_call_sync (service->service_connection, "org.freedesktop.DBus",
                                        "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "RequestName", g_variant_new ("(su)", HANDOFF_BUS_NAME, 4),
                                        NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

void
channel_service_stop (ChannelService *service)
{
  g_dbus_connection_close_sync (service->service_connection, NULL, NULL);
  g_clear_object (&service->service_connection);
}

void
channel_service_set_up (ChannelService *service, gconstpointer data)
{
  service->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (service->bus);
  g_mutex_init (&service->lock);
  service->threads = g_ptr_array_new ();
  service->manner = GPOINTER_TO_INT (data);
  channel_service_start (service);
  service->application = connect_to (service);
  service->route = handoff_service_bus_new (service->application);
}

void
channel_service_tear_down (ChannelService *service, gconstpointer data)
{
  guint i;

  handoff_service_bus_unref (service->route);
  g_dbus_connection_close_sync (service->application, NULL, NULL);
  /* With it goes the channel, and with that its thread. */
  g_object_unref (service->application);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  channel_service_stop (service);
  for (i = 0; i < service->threads->len; i++)
    g_thread_join (service->threads->pdata[i]);
  g_ptr_array_unref (service->threads);
  g_clear_object (&service->held);
  g_mutex_clear (&service->lock);
  g_test_dbus_down (service->bus);
  g_object_unref (service->bus);
}
