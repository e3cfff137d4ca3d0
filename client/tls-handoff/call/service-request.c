/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/service-request.h"

#include "call/service-call.h"

/* call: (transfer full) */
static HandoffServiceRequest *
request_new (const HandoffServiceReply *reply, HandoffServiceBus *bus, GDBusMessage *call)
{
  HandoffServiceRequest *self = g_new0 (HandoffServiceRequest, 1);

  self->route = handoff_service_bus_ref (bus);
  self->bus = handoff_service_bus_ref (bus);
  self->call = call;
  self->reply = *reply;
  return self;
}

static void
request_free (HandoffServiceRequest *self)
{
  handoff_service_bus_unref (self->route);
  handoff_service_bus_unref (self->bus);
  g_clear_object (&self->call);
  g_clear_object (&self->next);
  if (self->so_far != NULL)
    self->free_so_far (self->so_far);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffServiceRequest, request_free)

void
handoff_service_request_go_on (HandoffServiceRequest *self,
                               GDBusMessage *call,
                               const char *type,
                               HandoffServiceReplyFunc take)
{
  self->next = call;
  self->reply.type = type;
  self->reply.take = take;
}

/* Takes the reply to self->call, and makes that the next call, or NULL after the last. reply:
 * (nullable): NULL if *error says why there is none. connection: where it came from, if there is
 * one. (transfer full) (nullable): the result */
static gpointer
advance (HandoffServiceRequest *self,
         GDBusConnection *connection,
         GDBusMessage *reply,
         GError **error)
{
  gpointer result = NULL;

  if (reply != NULL && handoff_service_call_check_reply (reply, self->reply.type, error))
    result = self->reply.take (self, reply, error);
  g_object_unref (self->call);
  self->call = g_steal_pointer (&self->next);
  if (self->call != NULL)
    {
      handoff_service_bus_unref (self->route);
      self->route = handoff_service_bus_new (connection);
    }
  return result;
}

gpointer
handoff_service_request_sync (const HandoffServiceReply *reply,
                              HandoffServiceBus *bus,
                              GDBusMessage *call,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (HandoffServiceRequest) self = request_new (reply, bus, call);
  gpointer result = NULL;

  while (self->call != NULL)
    {
      g_autoptr (GDBusConnection) connection = NULL;
      g_autoptr (GDBusMessage) message =
          handoff_service_bus_send_sync (self->route, self->call, &connection, cancellable, error);

      result = advance (self, connection, message, error);
    }
  return result;
}

static void send (GTask *task);

static void
reply_cb (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HandoffServiceRequest *self = g_task_get_task_data (task);
  const GDestroyNotify free_result = self->reply.free_result;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  gpointer result;
  GError *error = NULL;

  reply = handoff_service_bus_send_finish (async_result, &connection, &error);
  result = advance (self, connection, reply, &error);
  if (self->call != NULL)
    send (g_steal_pointer (&task));
  else if (result != NULL)
    g_task_return_pointer (task, result, free_result);
  else
    g_task_return_error (task, error);
}

/* task: (transfer full) */
static void
send (GTask *task)
{
  HandoffServiceRequest *self = g_task_get_task_data (task);

  handoff_service_bus_send_async (self->route, self->call, g_task_get_cancellable (task), reply_cb,
                                  task);
}

void
handoff_service_request_async (const HandoffServiceReply *reply,
                               const char *name,
                               gpointer source,
                               HandoffServiceBus *bus,
                               GDBusMessage *call,
                               GError *call_error,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, (gpointer) reply);
  g_task_set_name (task, name);
  /* A result that came is reported, even if the request was cancelled meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  if (call == NULL)
    {
      g_task_return_error (task, call_error);
      return;
    }

  g_task_set_task_data (task, request_new (reply, bus, call), (GDestroyNotify) request_free);
  send (g_steal_pointer (&task));
}

gboolean
handoff_service_request_is_of (const HandoffServiceReply *reply,
                               gpointer source,
                               GAsyncResult *async_result)
{
  return g_task_is_valid (async_result, source) &&
         g_async_result_is_tagged (async_result, (gpointer) reply);
}

gpointer
handoff_service_request_finish (GAsyncResult *async_result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (async_result), error);
}
