/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/audit-entry.h"

#include <gio/gio.h>

#define MAX_FIELDS 18
/* What is added in the journal: MESSAGE_ID, PRIORITY, GLIB_DOMAIN, HANDOFF_UID, HANDOFF_PID,
 * MESSAGE. */
#define OWN_FIELDS 6

/* Fields and the texts that they point to, until the entry is written. */
struct _HandoffAuditEntry
{
  HandoffAuditKind kind;
  HandoffCaller *caller; /* (owned) */
  gboolean is_error;
  GLogField fields[MAX_FIELDS];
  gsize n_fields;
  GPtrArray *texts; /* (owned) (element-type utf8) */
};

static HandoffAuditWriter installed_writer; /* (nullable) */
static gpointer installed_data;
static HandoffAuditWriter installed_listener; /* (nullable) */
static gpointer listener_data;

void
handoff_audit_set_writer (HandoffAuditWriter writer, gpointer user_data)
{
  installed_writer = writer;
  installed_data = user_data;
}

void
handoff_audit_set_listener (HandoffAuditWriter listener, gpointer user_data)
{
  installed_listener = listener;
  listener_data = user_data;
}

HandoffAuditEntry *
handoff_audit_entry_new (HandoffAuditKind kind, HandoffCaller *caller, gboolean is_error)
{
  HandoffAuditEntry *self = g_new0 (HandoffAuditEntry, 1);

  self->kind = kind;
  self->caller = g_object_ref (caller);
  self->is_error = is_error;
  self->texts = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
handoff_audit_entry_add (HandoffAuditEntry *self, const char *field, char *text)
{
  g_assert (self->n_fields < MAX_FIELDS - OWN_FIELDS);
  g_ptr_array_add (self->texts, text);
  self->fields[self->n_fields++] = (GLogField){ field, text, -1 };
}

void
handoff_audit_entry_add_error (HandoffAuditEntry *self, const char *field, const GError *error)
{
  handoff_audit_entry_add (self, field, g_dbus_error_encode_gerror (error));
}

static void
write_to_journal (HandoffAuditEntry *self, const char *text)
{
  const guint uid = handoff_caller_get_uid (self->caller);
  const guint pid = handoff_caller_get_pid (self->caller);
  g_autofree char *uid_text = g_strdup_printf ("%u", uid);
  g_autofree char *pid_text = g_strdup_printf ("%u", pid);
  g_autofree char *message = g_strdup_printf ("uid=%u pid=%u %s", uid, pid, text);
  const GLogField own[OWN_FIELDS] = {
    { "MESSAGE_ID",
      self->kind == HANDOFF_AUDIT_HANDSHAKE ? HANDOFF_AUDIT_HANDSHAKE_ID
                                            : HANDOFF_AUDIT_AUTHORIZATION_ID,
      -1 },
    { "PRIORITY", self->is_error ? "5" : "6", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "HANDOFF_UID", uid_text, -1 },
    { "HANDOFF_PID", pid_text, -1 },
    { "MESSAGE", message, -1 },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (own); i++)
    self->fields[self->n_fields++] = own[i];
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, self->fields, self->n_fields);
}

void
handoff_audit_entry_write (HandoffAuditEntry *self, char *text)
{
  g_autofree char *owned_text G_GNUC_UNUSED = text;
  const HandoffAuditRecord record = { self->kind,   self->caller,   self->is_error,
                                      self->fields, self->n_fields, text };

  if (installed_writer != NULL)
    {
      installed_writer (&record, installed_data);
    }
  else
    {
      if (installed_listener != NULL)
        installed_listener (&record, listener_data);
      write_to_journal (self, text);
    }
  g_object_unref (self->caller);
  g_ptr_array_unref (self->texts);
  g_free (self);
}
