/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "gate/call.h"

#include <string.h>

#include "keyblob/tls-handoff-error.h"

struct _HandoffCall
{
  HandoffCallMessage *message; /* (owned) */
  const HandoffAccessRow *row;
  HandoffCaller *caller;     /* (owned) (nullable): NULL until identified */
  GHashTable *details;       /* (owned) (nullable) */
  char *credential_name;     /* (owned) (nullable) */
  HandoffCallMemory *memory; /* (owned) (nullable) */
  gboolean needs_main_thread;
  gboolean other_action;
  gboolean error_details;
  gpointer data; /* (owned) (nullable) */
  GDestroyNotify destroy_data;
};

HandoffCall *
handoff_call_new (HandoffCallMessage *message, const HandoffAccessRow *row)
{
  HandoffCall *self = g_new0 (HandoffCall, 1);

  self->message = message;
  if (message->caller != NULL)
    self->caller = g_object_ref (message->caller);
  self->row = row;
  return self;
}

void
handoff_call_free (HandoffCall *self)
{
  handoff_call_set_data (self, NULL, NULL);
  handoff_call_reap_fds (self);
  g_clear_pointer (&self->details, g_hash_table_unref);
  g_free (self->credential_name);
  g_clear_pointer (&self->memory, handoff_call_memory_free);
  g_clear_object (&self->caller);
  self->message->funcs->free (self->message);
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
  g_clear_pointer (&self->message->place, handoff_place_free);
  self->message->place = place;
}

const HandoffAccessRow *
handoff_call_get_row (HandoffCall *self)
{
  return self->row;
}

const char *
handoff_call_get_sender (HandoffCall *self)
{
  return self->message->sender;
}

const char *
handoff_call_get_object_path (HandoffCall *self)
{
  return self->message->object_path;
}

const char *
handoff_call_get_object_id (HandoffCall *self)
{
  return strrchr (self->message->object_path, '/') + 1;
}

GVariant *
handoff_call_get_parameters (HandoffCall *self)
{
  return self->message->parameters;
}

gboolean
handoff_call_is_interactive (HandoffCall *self)
{
  return self->message->interactive;
}

gboolean
handoff_call_seals_keys (HandoffCall *self)
{
  return self->message->seals_keys;
}

guint32
handoff_call_get_serial (HandoffCall *self)
{
  return self->message->serial;
}

void
handoff_call_note_read (HandoffCall *self, guint32 serial)
{
  if (self->message->funcs->note_read != NULL)
    self->message->funcs->note_read (self->message, serial);
}

void
handoff_call_note_begun (HandoffCall *self)
{
  self->message->has_begun = TRUE;
}

void
handoff_call_note_session (HandoffCall *self, const char *session_id)
{
  handoff_call_note_begun (self);
  if (self->message->funcs->note_session != NULL)
    self->message->funcs->note_session (self->message, session_id);
}

void
handoff_call_wait (HandoffCall *self)
{
  handoff_call_set_place (self, NULL);
  if (self->message->funcs->waits != NULL)
    self->message->funcs->waits (self->message);
}

void
handoff_call_settle (HandoffCall *self)
{
  if (self->message->funcs->settled != NULL)
    self->message->funcs->settled (self->message);
}

guint
handoff_call_count_fds (HandoffCall *self)
{
  return self->message->funcs->count_fds (self->message);
}

int
handoff_call_take_fd (HandoffCall *self, gint32 index, const char *what, GError **error)
{
  const int fd = self->message->funcs->take_fd (self->message, index);

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
    self->message->funcs->reap_fds (self->message, handoff_caller_get_uid (self->caller));
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

gboolean
handoff_call_is_cancelled (HandoffCall *self)
{
  return g_cancellable_is_cancelled (handoff_caller_get_cancellable (self->caller));
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
handoff_call_set_credential_name (HandoffCall *self, const char *name)
{
  g_free (self->credential_name);
  self->credential_name = g_strdup (name);
}

void
handoff_call_set_needs_main_thread (HandoffCall *self)
{
  self->needs_main_thread = TRUE;
}

gboolean
handoff_call_needs_main_thread (HandoffCall *self)
{
  return self->needs_main_thread;
}

/* (transfer full) (nullable) */
static GHashTable *
copy_details (GHashTable *details)
{
  GHashTable *copy;
  GHashTableIter iter;
  const char *key, *value;

  if (details == NULL)
    return NULL;
  copy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, details);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, (gpointer *) &value))
    g_hash_table_insert (copy, g_strdup (key), g_strdup (value));
  return copy;
}

void
handoff_call_remember (HandoffCall *self, HandoffGrants *grants)
{
  g_autoptr (GHashTable) details = self->details;

  self->memory = handoff_call_memory_new (grants, handoff_call_get_action (self), details,
                                          self->credential_name);
  self->details = copy_details (details);
}

HandoffCallMemory *
handoff_call_get_memory (HandoffCall *self)
{
  return self->memory;
}

HandoffCallMemory *
handoff_call_steal_memory (HandoffCall *self)
{
  return g_steal_pointer (&self->memory);
}

void
handoff_call_note_yes (HandoffCall *self, gboolean is_plain)
{
  if (self->memory != NULL)
    handoff_call_memory_note_yes (self->memory, is_plain);
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
handoff_call_get_data (HandoffCall *self)
{
  return self->data;
}

gpointer
handoff_call_steal_data (HandoffCall *self)
{
  return g_steal_pointer (&self->data);
}

void
handoff_call_return (HandoffCall *self, GVariant *value, GUnixFDList *fds)
{
  self->message->funcs->reply (self->message, value, fds);
  handoff_call_free (self);
}

void
handoff_call_return_keys (HandoffCall *self, GVariant *value, HandoffKeyState *keys)
{
  self->message->funcs->reply_with_keys (self->message, value, keys);
  handoff_call_free (self);
}

void
handoff_call_fail (HandoffCall *self, const GError *error)
{
  const gboolean is_ours = error->domain == TLS_HANDOFF_ERROR;
  g_autoptr (GError) plain_error = g_error_new_literal (
      TLS_HANDOFF_ERROR, is_ours ? error->code : TLS_HANDOFF_ERROR_FAILED, error->message);

  self->message->funcs->reply_error (self->message,
                                     is_ours && self->error_details ? error : plain_error);
  handoff_call_free (self);
}

void
handoff_call_pass_error (HandoffCall *self, const GError *error)
{
  if (error->domain == TLS_HANDOFF_ERROR)
    {
      handoff_call_fail (self, error);
      return;
    }
  self->message->funcs->reply_error (self->message, error);
  handoff_call_free (self);
}

void
handoff_call_fail_unknown_object (HandoffCall *self)
{
  g_autoptr (GError) error = g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT,
                                          "There is no object %s", self->message->object_path);

  self->message->funcs->reply_error (self->message, error);
  handoff_call_free (self);
}
