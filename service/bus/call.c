/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/call.h"

#include <string.h>

#include "keyblob/error-reply.h"
#include "keyblob/tls-handoff-error.h"
#include "guard/message-descriptors.h"

struct _HandoffCall
{
  GDBusMethodInvocation *invocation; /* (owned) */
  const HandoffAccessRow *row;
  HandoffCaller *caller; /* (owned) (nullable): NULL until identified */
  HandoffPlace *place;   /* (owned) (nullable) */
  GHashTable *details;   /* (owned) (nullable) */
  gboolean other_action;
  gboolean error_details;
  gpointer data; /* (owned) (nullable) */
  GDestroyNotify destroy_data;
};

HandoffCall *
handoff_call_new (GDBusMethodInvocation *invocation, const HandoffAccessRow *row)
{
  HandoffCall *self = g_new0 (HandoffCall, 1);

  self->invocation = invocation;
  self->row = row;
  return self;
}

void
handoff_call_free (HandoffCall *self)
{
  handoff_call_set_data (self, NULL, NULL);
  handoff_call_reap_fds (self);
  g_clear_pointer (&self->details, g_hash_table_unref);
  g_clear_object (&self->caller);
  g_clear_pointer (&self->place, handoff_place_free);
  g_object_unref (self->invocation);
  g_free (self);
}

void
handoff_call_set_caller (HandoffCall *self, HandoffCaller *caller)
{
  g_set_object (&self->caller, caller);
}

HandoffCaller *
handoff_call_get_caller (HandoffCall *self)
{
  return self->caller;
}

void
handoff_call_set_place (HandoffCall *self, HandoffPlace *place)
{
  g_clear_pointer (&self->place, handoff_place_free);
  self->place = place;
}

GDBusMessage *
handoff_call_get_message (HandoffCall *self)
{
  return g_dbus_method_invocation_get_message (self->invocation);
}

const HandoffAccessRow *
handoff_call_get_row (HandoffCall *self)
{
  return self->row;
}

const char *
handoff_call_get_sender (HandoffCall *self)
{
  return g_dbus_method_invocation_get_sender (self->invocation);
}

const char *
handoff_call_get_object_id (HandoffCall *self)
{
  return strrchr (g_dbus_method_invocation_get_object_path (self->invocation), '/') + 1;
}

GVariant *
handoff_call_get_parameters (HandoffCall *self)
{
  return g_dbus_method_invocation_get_parameters (self->invocation);
}

gboolean
handoff_call_is_interactive (HandoffCall *self)
{
  GDBusMessage *message = handoff_call_get_message (self);

  return (g_dbus_message_get_flags (message) &
          G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
}

guint
handoff_call_count_fds (HandoffCall *self)
{
  return handoff_message_descriptors_count (handoff_call_get_message (self));
}

int
handoff_call_take_fd (HandoffCall *self, gint32 index, const char *what, GError **error)
{
  const int fd = handoff_message_descriptors_take (handoff_call_get_message (self), index);

  if (fd < 0)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                 "%s: the message carries no other file descriptor with that index", what);
  return fd;
}

/* As long as the caller is unknown, the descriptors are nobody's: they go with the message. */
void
handoff_call_reap_fds (HandoffCall *self)
{
  if (self->caller != NULL)
    handoff_message_descriptors_reap (handoff_call_get_message (self),
                                      handoff_caller_get_uid (self->caller));
}

void
handoff_call_use_other_action (HandoffCall *self)
{
  self->other_action = TRUE;
}

gboolean
handoff_call_uses_other_action (HandoffCall *self)
{
  return self->other_action;
}

const char *
handoff_call_get_action (HandoffCall *self)
{
  return self->other_action ? self->row->other_action : self->row->action;
}

void
handoff_call_add_detail (HandoffCall *self, const char *key, const char *value)
{
  if (self->details == NULL)
    self->details = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (self->details, g_strdup (key), g_strdup (value));
}

GHashTable *
handoff_call_get_details (HandoffCall *self)
{
  return self->details;
}

void
handoff_call_allow_error_details (HandoffCall *self)
{
  self->error_details = TRUE;
}

void
handoff_call_set_data (HandoffCall *self, gpointer data, GDestroyNotify destroy)
{
  if (self->data != NULL)
    self->destroy_data (self->data);
  self->data = data;
  self->destroy_data = destroy;
}

gpointer
handoff_call_steal_data (HandoffCall *self)
{
  return g_steal_pointer (&self->data);
}

void
handoff_call_return (HandoffCall *self, GVariant *value, GUnixFDList *fds)
{
  g_dbus_method_invocation_return_value_with_unix_fd_list (g_object_ref (self->invocation), value,
                                                           fds);
  handoff_call_free (self);
}

void
handoff_call_fail (HandoffCall *self, const GError *error)
{
  GDBusMessage *call = handoff_call_get_message (self);
  g_autoptr (GError) plain_error = g_error_new_literal (error->domain, error->code, error->message);
  g_autoptr (GDBusMessage) reply = NULL;

  if (!(g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED))
    {
      /* Not through the invocation, which cannot add details to an error. */
      reply = handoff_error_to_reply (self->error_details ? error : plain_error, call);
      g_dbus_connection_send_message (g_dbus_method_invocation_get_connection (self->invocation),
                                      reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
    }
  handoff_call_free (self);
}

void
handoff_call_fail_unknown_object (HandoffCall *self)
{
  g_dbus_method_invocation_return_error (
      g_object_ref (self->invocation), G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT,
      "There is no object %s", g_dbus_method_invocation_get_object_path (self->invocation));
  handoff_call_free (self);
}
