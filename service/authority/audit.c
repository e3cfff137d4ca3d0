/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/audit.h"

#include "keyblob/error-private.h"
#include "keyblob/handoff-names.h"
#include "work/clock.h"

#define MAX_FIELDS 16

/* Fields and the texts that they point to, until the entry is written. */
typedef struct
{
  GLogField fields[MAX_FIELDS];
  gsize n_fields;
  GPtrArray *texts; /* (owned) (element-type utf8) */
} Entry;

static void
entry_init (Entry *entry, const char *message_id, const char *priority)
{
  entry->n_fields = 0;
  entry->texts = g_ptr_array_new_with_free_func (g_free);
  entry->fields[entry->n_fields++] = (GLogField){ "MESSAGE_ID", message_id, -1 };
  entry->fields[entry->n_fields++] = (GLogField){ "PRIORITY", priority, -1 };
  entry->fields[entry->n_fields++] = (GLogField){ "GLIB_DOMAIN", G_LOG_DOMAIN, -1 };
}

/* text: (transfer full) */
static void
entry_add (Entry *entry, const char *field, char *text)
{
  g_assert (entry->n_fields < MAX_FIELDS);
  g_ptr_array_add (entry->texts, text);
  entry->fields[entry->n_fields++] = (GLogField){ field, text, -1 };
}

static void
entry_add_caller (Entry *entry, HandoffCaller *caller)
{
  entry_add (entry, "HANDOFF_UID", g_strdup_printf ("%u", handoff_caller_get_uid (caller)));
  entry_add (entry, "HANDOFF_PID", g_strdup_printf ("%u", handoff_caller_get_pid (caller)));
}

/* message: (transfer full) */
static void
entry_write (Entry *entry, char *message)
{
  entry_add (entry, "MESSAGE", message);
  g_log_structured_array (G_LOG_LEVEL_MESSAGE, entry->fields, entry->n_fields);
  g_ptr_array_unref (entry->texts);
}

static const char *
get_detail (GHashTable *details, const char *key)
{
  return details != NULL ? g_hash_table_lookup (details, key) : NULL;
}

/* A detail of an authorization, for those who search and for those who read. */
static void
entry_add_detail (
    Entry *entry, GString *text, const char *field, GHashTable *details, const char *key)
{
  const char *value = get_detail (details, key);

  if (value == NULL)
    return;
  entry_add (entry, field, g_strdup (value));
  g_string_append_printf (text, " %s=%s", key, value);
}

void
handoff_audit_authorization (HandoffCaller *caller,
                             const char *action,
                             GHashTable *details,
                             const GError *error)
{
  const char *outcome = error == NULL ? "allowed" : "denied";
  GString *text = g_string_new (NULL);
  Entry entry;

  g_string_printf (text, "uid=%u pid=%u action=%s", handoff_caller_get_uid (caller),
                   handoff_caller_get_pid (caller), action);
  entry_init (&entry, HANDOFF_AUDIT_AUTHORIZATION_ID, error == NULL ? "6" : "5");
  entry_add_caller (&entry, caller);
  entry_add (&entry, "HANDOFF_ACTION", g_strdup (action));
  entry_add (&entry, "HANDOFF_OUTCOME", g_strdup (outcome));
  entry_add_detail (&entry, text, "HANDOFF_ROLE", details, HANDOFF_CALL_DETAIL_ROLE);
  entry_add_detail (&entry, text, "HANDOFF_SERVER_IDENTITY", details,
                    HANDOFF_CALL_DETAIL_SERVER_IDENTITY);
  entry_add_detail (&entry, text, "HANDOFF_CREDENTIAL", details, HANDOFF_CALL_DETAIL_CREDENTIAL);

  g_string_append_printf (text, ": %s", outcome);
  if (error != NULL)
    g_string_append_printf (text, ": %s", error->message);
  entry_write (&entry, g_string_free (text, FALSE));
}

/* What came of a handshake that is complete. (transfer full) */
static char *
add_outcome (Entry *entry, const HandoffHandshakeOutcome *outcome)
{
  /* A certificate that the caller accepted in spite of its faults is worth a note. */
  g_autofree char *faults =
      outcome->verification_errors != NULL ? g_strjoinv (" ", outcome->verification_errors) : NULL;

  entry_add (entry, "HANDOFF_OUTCOME", g_strdup (HANDOFF_STATE_COMPLETE));
  entry_add (entry, "HANDOFF_PROTOCOL", g_strdup (outcome->protocol));
  entry_add (entry, "HANDOFF_CIPHER_SUITE", g_strdup (outcome->cipher_suite));
  entry_add (entry, "HANDOFF_RESUMED", g_strdup (outcome->resumed ? "1" : "0"));
  if (faults != NULL)
    entry_add (entry, "HANDOFF_ACCEPTED_FAULTS", g_strdup (faults));
  return g_strdup_printf ("complete, %s, %s%s%s%s", outcome->protocol, outcome->cipher_suite,
                          outcome->resumed ? ", resumed" : "",
                          faults != NULL ? ", certificate accepted by the caller: " : "",
                          faults != NULL ? faults : "");
}

void
handoff_audit_handshake (const HandoffSession *session, const GError *error)
{
  gint64 duration = handoff_clock_get_monotonic_time () - session->start_time;
  const char *label = session->credential_label;
  g_autofree char *result = NULL;
  Entry entry;

  entry_init (&entry, HANDOFF_AUDIT_HANDSHAKE_ID, error == NULL ? "6" : "5");
  entry_add_caller (&entry, session->caller);
  entry_add (&entry, "HANDOFF_ROLE", g_strdup (handoff_session_get_role_name (session)));
  entry_add (&entry, "HANDOFF_SERVER_IDENTITY", g_strdup (session->server_identity));
  if (label != NULL)
    entry_add (&entry, "HANDOFF_CREDENTIAL", g_strdup (label));
  entry_add (&entry, "HANDOFF_DURATION_USEC", g_strdup_printf ("%" G_GINT64_FORMAT, duration));
  if (error == NULL)
    {
      result = add_outcome (&entry, session->outcome);
    }
  else
    {
      entry_add (&entry, "HANDOFF_OUTCOME", g_dbus_error_encode_gerror (error));
      result = g_strdup (error->message);
    }

  entry_write (
      &entry,
      g_strdup_printf (
          "uid=%u pid=%u role=%s server-identity=%s%s%s: %s (%" G_GINT64_FORMAT " us)",
          handoff_caller_get_uid (session->caller), handoff_caller_get_pid (session->caller),
          handoff_session_get_role_name (session), session->server_identity,
          label != NULL ? " credential=" : "", label != NULL ? label : "", result, duration));
}
