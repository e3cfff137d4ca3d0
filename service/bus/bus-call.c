/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/bus-call.h"

#include "guard/bus-tickets.h"
#include "guard/message-descriptors.h"
#include "keyblob/error-reply.h"

typedef struct
{
  HandoffCallMessage base;
  GDBusMethodInvocation *invocation; /* (owned) (nullable): NULL once it was answered */
  GDBusMessage *message;             /* (owned) */
  HandoffBusGuard *guard;            /* (unowned) (nullable) */
} BusCall;

static guint
count_fds (HandoffCallMessage *message)
{
  return handoff_message_descriptors_count (((BusCall *) message)->message);
}

static int
take_fd (HandoffCallMessage *message, gint32 index)
{
  return handoff_message_descriptors_take (((BusCall *) message)->message, index);
}

static void
reap_fds (HandoffCallMessage *message, guint uid)
{
  handoff_message_descriptors_reap (((BusCall *) message)->message, uid);
}

static void
settled (HandoffCallMessage *message)
{
  handoff_bus_ticket_return (((BusCall *) message)->message);
}

static void
note_read (HandoffCallMessage *message, guint32 serial)
{
  BusCall *self = (BusCall *) message;

  if (self->guard != NULL)
    handoff_bus_guard_note_read (self->guard, message->sender, serial);
}

static void
reply (HandoffCallMessage *message, GVariant *value, GUnixFDList *fds)
{
  BusCall *self = (BusCall *) message;

  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&self->invocation),
                                                           value, fds);
}

static void
reply_error (HandoffCallMessage *message, const GError *error)
{
  BusCall *self = (BusCall *) message;
  g_autoptr (GDBusMessage) error_reply = NULL;

  if (g_dbus_message_get_flags (self->message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
    return;
  /* Not through the invocation, which cannot add details to an error. */
  error_reply = handoff_error_to_reply (error, self->message);
  g_dbus_connection_send_message (g_dbus_method_invocation_get_connection (self->invocation),
                                  error_reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
bus_call_free (HandoffCallMessage *message)
{
  BusCall *self = (BusCall *) message;

  g_clear_object (&self->invocation);
  g_object_unref (self->message);
  g_clear_pointer (&self->base.place, handoff_place_free);
  g_free (self);
}

static const HandoffCallMessageFuncs funcs = {
  .count_fds = count_fds,
  .take_fd = take_fd,
  .reap_fds = reap_fds,
  .settled = settled,
  .note_read = note_read,
  .reply = reply,
  .reply_error = reply_error,
  .free = bus_call_free,
};

HandoffCallMessage *
handoff_bus_call_new (GDBusMethodInvocation *invocation, HandoffBusGuard *guard)
{
  BusCall *self = g_new0 (BusCall, 1);
  GDBusMessage *message = g_dbus_method_invocation_get_message (invocation);

  self->base.funcs = &funcs;
  self->base.sender = g_dbus_method_invocation_get_sender (invocation);
  self->base.object_path = g_dbus_method_invocation_get_object_path (invocation);
  self->base.parameters = g_dbus_method_invocation_get_parameters (invocation);
  self->base.serial = g_dbus_message_get_serial (message);
  self->base.interactive = (g_dbus_message_get_flags (message) &
                            G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
  self->invocation = invocation;
  self->message = g_object_ref (message);
  self->guard = guard;
  return &self->base;
}
