/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/audit.h"

#include "authority/audit-entry.h"
#include "authority/authority.h"

static const char *
get_detail (GHashTable *details, const char *key)
{
  return details != NULL ? g_hash_table_lookup (details, key) : NULL;
}

/* Adds a detail of an authorization as a field, for searching, and to the text, for reading. */
static void
add_detail (HandoffAuditEntry *entry,
            GString *text,
            const char *field,
            GHashTable *details,
            const char *key)
{
  const char *value = get_detail (details, key);

  if (value == NULL)
    return;
  handoff_audit_entry_add (entry, field, g_strdup (value));
  g_string_append_printf (text, " %s=%s", key, value);
}

static void
write_entry (HandoffCaller *caller,
             const char *action,
             GHashTable *details,
             gboolean is_remembered,
             const GError *error)
{
  const char *outcome = error == NULL ? "allowed" : "denied";
  GString *text = g_string_new (NULL);
  HandoffAuditEntry *entry = handoff_audit_entry_new (is_remembered ? HANDOFF_AUDIT_REMEMBERED
                                                                    : HANDOFF_AUDIT_AUTHORIZATION,
                                                      caller, error != NULL);

  g_string_printf (text, "action=%s", action);
  handoff_audit_entry_add (entry, "HANDOFF_ACTION", g_strdup (action));
  handoff_audit_entry_add (entry, "HANDOFF_OUTCOME", g_strdup (outcome));
  add_detail (entry, text, "HANDOFF_ROLE", details, HANDOFF_AUTHORITY_DETAIL_ROLE);
  add_detail (entry, text, "HANDOFF_SERVER_IDENTITY", details,
              HANDOFF_AUTHORITY_DETAIL_SERVER_IDENTITY);
  add_detail (entry, text, "HANDOFF_CREDENTIAL", details, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL);
  add_detail (entry, text, "HANDOFF_CREDENTIAL_CHOICE", details,
              HANDOFF_AUTHORITY_DETAIL_CREDENTIAL_CHOICE);

  g_string_append_printf (text, ": %s", outcome);
  if (is_remembered)
    {
      handoff_audit_entry_add (entry, "HANDOFF_AUTHORIZATION", g_strdup ("remembered"));
      g_string_append (text, " (remembered)");
    }
  if (error != NULL)
    g_string_append_printf (text, ": %s", error->message);
  handoff_audit_entry_write (entry, g_string_free (text, FALSE));
}

void
handoff_audit_authorization (HandoffCaller *caller,
                             const char *action,
                             GHashTable *details,
                             const GError *error)
{
  write_entry (caller, action, details, FALSE, error);
}

void
handoff_audit_remembered (HandoffCaller *caller, const char *action, GHashTable *details)
{
  write_entry (caller, action, details, TRUE, NULL);
}
