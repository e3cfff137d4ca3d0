/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "audit.h"

#include "keyblob/error-private.h"
#include "keyblob/handoff-names.h"

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
get_detail (HandoffCall *call, const char *key)
{
  GHashTable *details = handoff_call_get_details (call);

  return details != NULL ? g_hash_table_lookup (details, key) : NULL;
}

void
handoff_audit_authorization (HandoffCall *call, const GError *error)
{
  const char *action = handoff_call_get_row (call)->action;
  const char *identity = get_detail (call, HANDOFF_CALL_DETAIL_SERVER_IDENTITY);
  const char *role = get_detail (call, HANDOFF_CALL_DETAIL_ROLE);
  HandoffCaller *caller = handoff_call_get_caller (call);
  Entry entry;

  entry_init (&entry, HANDOFF_AUDIT_AUTHORIZATION_ID, error == NULL ? "6" : "5");
  entry_add_caller (&entry, caller);
  entry_add (&entry, "HANDOFF_ACTION", g_strdup (action));
  entry_add (&entry, "HANDOFF_OUTCOME", g_strdup (error == NULL ? "allowed" : "denied"));
  if (identity != NULL)
    entry_add (&entry, "HANDOFF_SERVER_IDENTITY", g_strdup (identity));
  if (role != NULL)
    entry_add (&entry, "HANDOFF_ROLE", g_strdup (role));

  entry_write (&entry, g_strdup_printf (
                           "uid=%u pid=%u action=%s%s%s: %s%s%s", handoff_caller_get_uid (caller),
                           handoff_caller_get_pid (caller), action,
                           identity != NULL ? " server-identity=" : "",
                           identity != NULL ? identity : "", error == NULL ? "allowed" : "denied",
                           error == NULL ? "" : ": ", error == NULL ? "" : error->message));
}

void
handoff_audit_handshake (const HandoffSession *session, const GError *error)
{
  const HandoffHandshakeOutcome *outcome = session->outcome;
  gint64 duration = g_get_monotonic_time () - session->start_time;
  g_autofree char *result = NULL;
  Entry entry;

  entry_init (&entry, HANDOFF_AUDIT_HANDSHAKE_ID, error == NULL ? "6" : "5");
  entry_add_caller (&entry, session->caller);
  entry_add (&entry, "HANDOFF_ROLE", g_strdup (HANDOFF_ROLE_NAME_CLIENT));
  entry_add (&entry, "HANDOFF_SERVER_IDENTITY", g_strdup (session->server_identity));
  entry_add (&entry, "HANDOFF_DURATION_USEC", g_strdup_printf ("%" G_GINT64_FORMAT, duration));
  if (error == NULL)
    {
      /* A certificate that the caller accepted in spite of its faults is worth a note. */
      g_autofree char *faults = outcome->verification_errors != NULL
                                    ? g_strjoinv (" ", outcome->verification_errors)
                                    : NULL;

      entry_add (&entry, "HANDOFF_OUTCOME", g_strdup (HANDOFF_STATE_COMPLETE));
      entry_add (&entry, "HANDOFF_PROTOCOL", g_strdup (outcome->protocol));
      entry_add (&entry, "HANDOFF_CIPHER_SUITE", g_strdup (outcome->cipher_suite));
      entry_add (&entry, "HANDOFF_RESUMED", g_strdup (outcome->resumed ? "1" : "0"));
      if (faults != NULL)
        entry_add (&entry, "HANDOFF_ACCEPTED_FAULTS", g_strdup (faults));
      result = g_strdup_printf ("complete, %s, %s%s%s%s", outcome->protocol, outcome->cipher_suite,
                                outcome->resumed ? ", resumed" : "",
                                faults != NULL ? ", certificate accepted by the caller: " : "",
                                faults != NULL ? faults : "");
    }
  else
    {
      entry_add (&entry, "HANDOFF_OUTCOME", g_dbus_error_encode_gerror (error));
      result = g_strdup (error->message);
    }

  entry_write (&entry, g_strdup_printf (
                           "uid=%u pid=%u role=%s server-identity=%s: %s (%" G_GINT64_FORMAT " us)",
                           handoff_caller_get_uid (session->caller),
                           handoff_caller_get_pid (session->caller), HANDOFF_ROLE_NAME_CLIENT,
                           session->server_identity, result, duration));
}
