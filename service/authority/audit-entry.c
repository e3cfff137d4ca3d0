/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/audit-entry.h"

#include <gio/gio.h>

#define MAX_FIELDS 16

/* Fields and the texts that they point to, until the entry is written. */
struct _HandoffAuditEntry
{
  GLogField fields[MAX_FIELDS];
  gsize n_fields;
  GPtrArray *texts; /* (owned) (element-type utf8) */
};

static void
add_constant (HandoffAuditEntry *self, const char *field, const char *text)
{
  g_assert (self->n_fields < MAX_FIELDS);
  self->fields[self->n_fields++] = (GLogField){ field, text, -1 };
}

HandoffAuditEntry *
handoff_audit_entry_new (const char *message_id, HandoffCaller *caller, const GError *error)
{
  HandoffAuditEntry *self = g_new0 (HandoffAuditEntry, 1);

  self->texts = g_ptr_array_new_with_free_func (g_free);
  add_constant (self, "MESSAGE_ID", message_id);
  add_constant (self, "PRIORITY", error == NULL ? "6" : "5");
  add_constant (self, "GLIB_DOMAIN", G_LOG_DOMAIN);
  handoff_audit_entry_add (self, "HANDOFF_UID",
                           g_strdup_printf ("%u", handoff_caller_get_uid (caller)));
  handoff_audit_entry_add (self, "HANDOFF_PID",
                           g_strdup_printf ("%u", handoff_caller_get_pid (caller)));
  return self;
}

void
handoff_audit_entry_add (HandoffAuditEntry *self, const char *field, char *text)
{
  g_ptr_array_add (self->texts, text);
  add_constant (self, field, text);
}

void
handoff_audit_entry_add_error (HandoffAuditEntry *self, const char *field, const GError *error)
{
  handoff_audit_entry_add (self, field, g_dbus_error_encode_gerror (error));
}

void
handoff_audit_entry_write (HandoffAuditEntry *self, char *message)
{
  handoff_audit_entry_add (self, "MESSAGE", message);
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, self->fields, self->n_fields);
  g_ptr_array_unref (self->texts);
  g_free (self);
}
