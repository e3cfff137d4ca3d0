/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/audit-feed.h"

#include <string.h>

#include "authority/audit-entry.h"
#include "broker/known-callers.h"

#define MAX_FIELDS 12
#define MAX_TEXT_SIZE 8192

static const HandoffAuditKind kinds[HANDOFF_HANDSHAKER_N_ENTRIES] = {
  [HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE] = HANDOFF_AUDIT_HANDSHAKE,
  [HANDOFF_HANDSHAKER_ENTRY_REMEMBERED] = HANDOFF_AUDIT_REMEMBERED,
};

/* What entries about handshakes and authorizations have, beside what the broker writes. */
static const char *const known_fields[] = {
  "HANDOFF_ACTION",          "HANDOFF_OUTCOME",       "HANDOFF_ROLE",
  "HANDOFF_SERVER_IDENTITY", "HANDOFF_CREDENTIAL",    "HANDOFF_CREDENTIAL_CHOICE",
  "HANDOFF_AUTHORIZATION",   "HANDOFF_PROTOCOL",      "HANDOFF_CIPHER_SUITE",
  "HANDOFF_RESUMED",         "HANDOFF_DURATION_USEC", "HANDOFF_ACCEPTED_FAULTS",
  "HANDOFF_PEER_ADDRESS",    "HANDOFF_ALERT",         "HANDOFF_VERIFICATION_ERRORS",
};

/* The name as the log wants it, which keeps the pointer; NULL if it is none of ours. */
static const char *
find_field (const char *name, gsize length)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known_fields); i++)
    {
      if (strncmp (known_fields[i], name, length) == 0 && known_fields[i][length] == '\0')
        return known_fields[i];
    }
  return NULL;
}

/* An entry is a line. length: of the text, which is UTF-8 (transfer full) */
static char *
dup_line (const char *text, gsize length)
{
  g_autofree char *line = g_strndup (text, MIN (length, MAX_TEXT_SIZE));
  char *c;

  for (c = line; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c))
        *c = '?';
    }
  /* It may have been cut in the middle of a character. */
  return length > MAX_TEXT_SIZE ? g_utf8_make_valid (line, -1) : g_steal_pointer (&line);
}

/* FALSE if the fields are not lines of a known name each. entry: (nullable): NULL: only looks */
static gboolean
read_fields (const char *fields, HandoffAuditEntry *entry)
{
  const char *equals, *end, *name;
  guint n;

  for (n = 0; *fields != '\0'; n++, fields = end + 1)
    {
      end = strchr (fields, '\n');
      equals = end != NULL ? memchr (fields, '=', (gsize) (end - fields)) : NULL;
      name = equals != NULL ? find_field (fields, (gsize) (equals - fields)) : NULL;
      if (name == NULL || n >= MAX_FIELDS)
        return FALSE;
      if (entry != NULL)
        handoff_audit_entry_add (entry, name, dup_line (equals + 1, (gsize) (end - equals - 1)));
    }
  return TRUE;
}

static void
write_entry (
    HandoffCaller *caller, guint kind, gboolean is_error, const char *fields, const char *text)
{
  HandoffAuditEntry *entry = handoff_audit_entry_new (kinds[kind], caller, is_error);

  read_fields (fields, entry);
  handoff_audit_entry_write (entry, dup_line (text, strlen (text)));
}

static gboolean
take_entry (HandoffHandshaker *self, GVariant *entry)
{
  HandoffCaller *caller;
  const char *fields, *text;
  guint64 number;
  guint kind;
  gboolean is_error;

  g_variant_get (entry, "(tub&s&s)", &number, &kind, &is_error, &fields, &text);
  if (kind >= HANDOFF_HANDSHAKER_N_ENTRIES || !read_fields (fields, NULL))
    return FALSE;
  caller = handoff_handshaker_find_caller (self, number);
  if (caller != NULL)
    write_entry (caller, kind, is_error, fields, text);
  return TRUE;
}

gboolean
handoff_handshaker_take_counts (HandoffHandshaker *self, GVariant *counts)
{
  guint64 now[HANDOFF_N_STATISTICS];
  guint i;

  g_variant_get (counts, "(tttt)", &now[HANDOFF_STATISTIC_COMPLETED],
                 &now[HANDOFF_STATISTIC_FAILED], &now[HANDOFF_STATISTIC_DENIED],
                 &now[HANDOFF_STATISTIC_RESUMED]);
  for (i = 0; i < HANDOFF_N_STATISTICS; i++)
    {
      if (now[i] < self->report.counts[i])
        return FALSE;
      handoff_statistics_count_many (self->support->statistics, i, self->uid,
                                     now[i] - self->report.counts[i]);
      self->report.counts[i] = now[i];
    }
  return TRUE;
}

void
handoff_handshaker_take_audit (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  g_autoptr (GVariant) counts = NULL;
  g_autoptr (GVariant) entries = NULL;
  gsize i, n;

  g_variant_get (message->body, "(@(tttt)@a(tubss))", &counts, &entries);
  n = g_variant_n_children (entries);
  if (!handoff_handshaker_take_counts (self, counts) || n > HANDOFF_HANDSHAKER_ENTRIES)
    {
      handoff_handshaker_breach (self, "a report that makes no sense");
      return;
    }
  for (i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      if (!take_entry (self, entry))
        {
          handoff_handshaker_breach (self, "an entry of the log that makes no sense");
          return;
        }
    }
  /* Of what is done on channels the broker hears nothing else, nor of a handshake that failed while
   * nobody called. */
  if (n == 0)
    return;
  handoff_idle_timer_restart (self->support->idle_timer);
  handoff_handshaker_sessions_changed (self);
}
