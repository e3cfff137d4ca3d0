/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/manager-call.h"

#include "call/channel-slot.h"
#include "call/service-call.h"
#include "keyblob/handoff-names.h"

/* Channels that a call is tried on. */
#define MAX_CHANNELS 2

/* Consumes reply, if it is not of that type. */
static HandoffReply *
check_type (HandoffReply *reply, const char *reply_type, GError **error)
{
  if (reply == NULL || handoff_reply_check_type (reply, reply_type, error))
    return reply;
  handoff_reply_free (reply);
  return NULL;
}

/* arguments: consumed */
static HandoffChannelCall
on_channel (const HandoffManagerCall *call, GVariant *arguments)
{
  return (HandoffChannelCall){
    .path = HANDOFF_ROOT_PATH,
    .method = call->method,
    .arguments = arguments,
    .fds = call->fds,
    .interactive = call->interactive,
  };
}

/* (transfer full) (nullable): NULL with an error */
static GDBusMessage *
on_bus (HandoffServiceBus *bus, const HandoffManagerCall *call, GError **error)
{
  GVariant *arguments = call->make_arguments (FALSE, call->user_data, error);
  GDBusMessage *message;

  if (arguments == NULL)
    return NULL;
  message = handoff_service_call_new (bus, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                                      call->method, arguments, call->interactive);
  if (call->fds != NULL && g_unix_fd_list_get_length (call->fds) > 0)
    g_dbus_message_set_unix_fd_list (message, call->fds);
  return message;
}

/* message: (nullable): NULL with an error. (transfer full) (nullable) */
static HandoffReply *
take_message (HandoffServiceBus *bus,
              GDBusConnection *connection,
              GDBusMessage *message,
              const char *reply_type,
              GError **error)
{
  if (message == NULL)
    return NULL;
  handoff_channel_slot_note_service (bus, g_dbus_message_get_sender (message));
  if (!handoff_service_call_check_reply (message, reply_type, error))
    return NULL;
  return handoff_reply_new_from_bus (connection, message);
}

/* Whether the call can be sent in another way. */
static gboolean
can_go_elsewhere (const GError *error)
{
  return error != NULL && error->domain == HANDOFF_UNSENT_ERROR;
}

/* Tries channels. done: (out): whether the reply or the error is what the call ends with */
static HandoffReply *
try_channels (HandoffServiceBus *bus,
              const HandoffManagerCall *call,
              gboolean *done,
              GCancellable *cancellable,
              GError **error)
{
  guint i;

  *done = TRUE;
  for (i = 0; i < MAX_CHANNELS; i++)
    {
      g_autoptr (HandoffServiceChannel) channel = NULL;
      g_autoptr (GError) cause = NULL;
      HandoffReply *reply = NULL;
      HandoffChannelCall sent;
      GVariant *arguments;

      if (!handoff_channel_slot_get_sync (bus, &channel, cancellable, error))
        return NULL;
      if (channel == NULL)
        break;
      arguments = call->make_arguments (TRUE, call->user_data, &cause);
      if (arguments != NULL)
        {
          sent = on_channel (call, arguments);
          reply = handoff_service_channel_call_sync (channel, &sent, cancellable, &cause);
        }
      if (!can_go_elsewhere (cause))
        {
          if (cause != NULL)
            g_propagate_error (error, g_steal_pointer (&cause));
          return reply;
        }
      if (g_error_matches (cause, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE))
        break;
    }
  *done = FALSE;
  return NULL;
}

HandoffReply *
handoff_manager_call_sync (HandoffServiceBus *bus,
                           const HandoffManagerCall *call,
                           const char *reply_type,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GDBusMessage) message = NULL;
  g_autoptr (GDBusMessage) replied = NULL;
  HandoffReply *reply;
  gboolean done;

  reply = try_channels (bus, call, &done, cancellable, error);
  if (done)
    return check_type (reply, reply_type, error);

  message = on_bus (bus, call, error);
  if (message == NULL)
    return NULL;
  replied = handoff_service_bus_send_sync (bus, message, &connection, cancellable, error);
  return take_message (bus, connection, replied, reply_type, error);
}

/* A call that does not block. */
typedef struct
{
  HandoffServiceBus *bus; /* (owned) */
  HandoffManagerCall call;
  const char *reply_type;
  GCancellable *cancellable; /* (owned) (nullable) */
  guint n_channels;          /* tried */
  HandoffReplyFunc func;
  gpointer user_data;
} AsyncCall;

/* reply, error: consumed */
static void
end (AsyncCall *self, HandoffReply *reply, GError *error)
{
  reply = check_type (reply, self->reply_type, &error);
  self->func (reply, error, self->user_data);
  handoff_service_bus_unref (self->bus);
  g_clear_object (&self->call.fds);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static void
replied_on_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  AsyncCall *self = user_data;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GDBusMessage) message = NULL;
  HandoffReply *reply;
  GError *error = NULL;

  message = handoff_service_bus_send_finish (result, &connection, &error);
  reply = take_message (self->bus, connection, message, self->reply_type, &error);
  end (self, reply, error);
}

static void
call_on_bus (AsyncCall *self)
{
  GError *error = NULL;
  g_autoptr (GDBusMessage) message = on_bus (self->bus, &self->call, &error);

  if (message == NULL)
    end (self, NULL, error);
  else
    handoff_service_bus_send_async (self->bus, message, self->cancellable, replied_on_bus_cb, self);
}

static void find_way (AsyncCall *self);

static void
replied_on_channel_cb (HandoffReply *reply, GError *error, gpointer user_data)
{
  AsyncCall *self = user_data;

  if (!can_go_elsewhere (error))
    {
      end (self, reply, error);
      return;
    }
  if (g_error_matches (error, HANDOFF_UNSENT_ERROR, HANDOFF_UNSENT_ERROR_TOO_LARGE))
    self->n_channels = MAX_CHANNELS;
  g_error_free (error);
  find_way (self);
}

/* channel: (nullable) (transfer full): NULL for the bus */
static void
go (AsyncCall *self, HandoffServiceChannel *channel)
{
  HandoffChannelCall sent;
  GVariant *arguments;
  GError *error = NULL;

  if (channel == NULL)
    {
      call_on_bus (self);
      return;
    }
  self->n_channels++;
  arguments = self->call.make_arguments (TRUE, self->call.user_data, &error);
  if (arguments == NULL)
    end (self, NULL, error);
  else
    {
      sent = on_channel (&self->call, arguments);
      handoff_service_channel_call_async (channel, &sent, self->cancellable, replied_on_channel_cb,
                                          self);
    }
  handoff_service_channel_unref (channel);
}

static void
channel_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  AsyncCall *self = user_data;
  HandoffServiceChannel *channel;
  GError *error = NULL;

  if (handoff_channel_slot_get_finish (result, &channel, &error))
    go (self, channel);
  else
    end (self, NULL, error);
}

static void
find_way (AsyncCall *self)
{
  HandoffServiceChannel *channel = NULL;

  if (self->n_channels >= MAX_CHANNELS || handoff_channel_slot_peek (self->bus, &channel))
    go (self, channel);
  else
    handoff_channel_slot_get_async (self->bus, self->cancellable, channel_cb, self);
}

void
handoff_manager_call_async (HandoffServiceBus *bus,
                            const HandoffManagerCall *call,
                            const char *reply_type,
                            GCancellable *cancellable,
                            HandoffReplyFunc func,
                            gpointer user_data)
{
  AsyncCall *self = g_new0 (AsyncCall, 1);

  self->bus = handoff_service_bus_ref (bus);
  self->call = *call;
  if (call->fds != NULL)
    g_object_ref (call->fds);
  self->reply_type = reply_type;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->func = func;
  self->user_data = user_data;
  find_way (self);
}
