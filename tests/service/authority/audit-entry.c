/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Who gets the entries of the audit log, and what is in them. */

#include "config.h"

#include "authority/audit-entry.h"

#include <gio/gio.h>

#include "authority/audit.h"
#include "authority/authority.h"

static GString *heard; /* what came, as lines */

static void
take_record (const HandoffAuditRecord *record, gpointer user_data)
{
  gsize i;

  g_string_append_printf (heard, "%d %u %s", record->kind,
                          (guint) handoff_caller_get_number (record->caller),
                          record->is_error ? "error" : "success");
  for (i = 0; i < record->n_fields; i++)
    g_string_append_printf (heard, " %s=%s", record->fields[i].key,
                            (const char *) record->fields[i].value);
  g_string_append_printf (heard, " | %s\n", record->text);
}

static GLogWriterOutput
take_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gsize i;

  for (i = 0; i < n_fields; i++)
    {
      if (!g_str_equal (fields[i].key, "GLIB_DOMAIN"))
        g_string_append_printf (heard, "%s=%s ", fields[i].key, (const char *) fields[i].value);
    }
  return G_LOG_WRITER_HANDLED;
}

static void
write_entries (void)
{
  g_autoptr (HandoffCaller) caller = handoff_caller_new (":1.7", 1000, 77);
  g_autoptr (GHashTable) details = g_hash_table_new (g_str_hash, g_str_equal);
  const GError error = { G_IO_ERROR, G_IO_ERROR_FAILED, (char *) "no" };

  handoff_caller_set_number (caller, 42);
  g_hash_table_insert (details, (gpointer) HANDOFF_AUTHORITY_DETAIL_ROLE, (gpointer) "client");
  handoff_audit_remembered (caller, "some.action", details);
  handoff_audit_authorization (caller, "some.action", details, &error);
}

/* Breaks if a process that has no journal writes there, or if what it hands on names the caller:
 * who writes it knows that better. */
static void
test_writer (void)
{
  g_string_truncate (heard, 0);
  handoff_audit_set_writer (take_record, NULL);
  write_entries ();
  handoff_audit_set_writer (NULL, NULL);
  g_assert_cmpstr (
      heard->str, ==,
      "1 42 success HANDOFF_ACTION=some.action HANDOFF_OUTCOME=allowed HANDOFF_ROLE=client "
      "HANDOFF_AUTHORIZATION=remembered | action=some.action role=client: allowed (remembered)\n"
      "0 42 error HANDOFF_ACTION=some.action HANDOFF_OUTCOME=denied HANDOFF_ROLE=client | "
      "action=some.action role=client: denied: no\n");
}

/* Breaks if the journal's entry does not say who called. */
static void
test_journal (void)
{
  g_autoptr (HandoffCaller) caller = handoff_caller_new (":1.7", 1000, 77);

  g_string_truncate (heard, 0);
  handoff_audit_entry_write (handoff_audit_entry_new (HANDOFF_AUDIT_HANDSHAKE, caller, TRUE),
                             g_strdup ("failed"));
  g_assert_cmpstr (heard->str, ==,
                   "MESSAGE_ID=" HANDOFF_AUDIT_HANDSHAKE_ID
                   " PRIORITY=5 HANDOFF_UID=1000 HANDOFF_PID=77 MESSAGE=uid=1000 pid=77 failed ");
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  heard = g_string_new (NULL);
  g_log_set_writer_func (take_message, NULL, NULL);
  g_test_add_func ("/audit-entry/writer", test_writer);
  g_test_add_func ("/audit-entry/journal", test_journal);
  status = g_test_run ();
  g_string_free (heard, TRUE);
  return status;
}
