/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-request.h"

#include "call/service-call.h"

/* One in flight; the data of its task. */
typedef struct
{
  const HandoffServiceRequest *request;
  HandoffServiceBus *bus; /* (owned) */
  GDBusMessage *call;     /* (owned) */
  gboolean asks_for_properties;
} Flight;

static void
flight_free (Flight *flight)
{
  handoff_service_bus_unref (flight->bus);
  g_object_unref (flight->call);
  g_free (flight);
}

static GDBusMessage *
new_properties_call (const HandoffServiceRequest *request, GDBusMessage *reply)
{
  const char *path;
  GDBusMessage *call;

  g_variant_get (g_dbus_message_get_body (reply), "(&o)", &path);
  call = g_dbus_message_new_method_call (g_dbus_message_get_sender (reply), path,
                                         "org.freedesktop.DBus.Properties", "GetAll");
  g_dbus_message_set_body (call, g_variant_new ("(s)", request->interface_of_result));
  return call;
}

gpointer
handoff_service_request_sync (const HandoffServiceRequest *request,
                              HandoffServiceBus *bus,
                              GDBusMessage *call,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GDBusMessage) owned_call = call;
  g_autoptr (GDBusMessage) reply = NULL;

  if (owned_call == NULL)
    return NULL;
  reply = handoff_service_call_send_sync (bus, owned_call, request->reply_type, cancellable, error);
  if (reply != NULL && request->interface_of_result != NULL)
    {
      g_autoptr (GDBusMessage) first_reply = g_steal_pointer (&reply);

      g_object_unref (owned_call);
      owned_call = new_properties_call (request, first_reply);
      reply = handoff_service_call_send_sync (bus, owned_call, "(a{sv})", cancellable, error);
    }
  return reply != NULL ? request->take (bus, owned_call, reply, error) : NULL;
}

static void send (GTask *task);

static void
reply_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Flight *flight = g_task_get_task_data (task);
  const HandoffServiceRequest *request = flight->request;
  g_autoptr (GDBusMessage) reply = NULL;
  gpointer result = NULL;
  GError *error = NULL;

  reply = handoff_service_bus_send_finish (async_result, NULL, &error);
  if (reply != NULL &&
      handoff_service_call_check_reply (
          reply, flight->asks_for_properties ? "(a{sv})" : request->reply_type, &error))
    {
      if (request->interface_of_result != NULL && !flight->asks_for_properties)
        {
          g_object_unref (flight->call);
          flight->call = new_properties_call (request, reply);
          flight->asks_for_properties = TRUE;
          send (g_steal_pointer (&task));
          return;
        }
      result = request->take (flight->bus, flight->call, reply, &error);
    }

  if (result != NULL)
    g_task_return_pointer (task, result, request->free_result);
  else
    g_task_return_error (task, error);
}

/* task: (transfer full) */
static void
send (GTask *task)
{
  Flight *flight = g_task_get_task_data (task);

  handoff_service_bus_send_async (flight->bus, flight->call, g_task_get_cancellable (task),
                                  reply_cb, task);
}

void
handoff_service_request_async (const HandoffServiceRequest *request,
                               gpointer source,
                               HandoffServiceBus *bus,
                               GDBusMessage *call,
                               GError *call_error,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, user_data);
  Flight *flight;

  g_task_set_source_tag (task, handoff_service_request_async);
  /* What was done is told, though nobody wanted it any more. */
  g_task_set_check_cancellable (task, FALSE);
  if (call == NULL)
    {
      g_task_return_error (task, call_error);
      return;
    }

  flight = g_new0 (Flight, 1);
  flight->request = request;
  flight->bus = handoff_service_bus_ref (bus);
  flight->call = call;
  g_task_set_task_data (task, flight, (GDestroyNotify) flight_free);
  if (!g_task_return_error_if_cancelled (task))
    send (g_steal_pointer (&task));
}

gpointer
handoff_service_request_finish (gpointer source, GAsyncResult *async_result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (async_result, source), NULL);

  return g_task_propagate_pointer (G_TASK (async_result), error);
}
