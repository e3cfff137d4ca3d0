/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/audit-feed.h"

#include <string.h>

#include "authority/audit-entry.h"
#include "link/handshaker-messages.h"
#include "work/clock.h"

/* How long an entry may wait for others. */
#define PATIENCE (5 * G_TIME_SPAN_MILLISECOND)
/* Of the entries in one message, if there are several: bytes. */
#define MAX_SIZE 65536

/* Threads: the lock covers what is below the line; under it the source is armed. The rest is the
 * main thread's. */
struct _HandoffAuditFeed
{
  HandoffLink *link;             /* (unowned): outlives it */
  HandoffStatistics *statistics; /* (unowned) */
  GSource *source;               /* (owned) */

  GMutex mutex;
  /* ---- */
  GPtrArray *entries; /* (owned) (element-type GVariant) */
};

/* A line. */
static void
add_field (GString *fields, const GLogField *field)
{
  const gsize start = fields->len + strlen (field->key) + 1;
  gsize i;

  g_string_append (fields, field->key);
  g_string_append_c (fields, '=');
  g_string_append (fields, field->value);
  for (i = start; i < fields->len; i++)
    {
      if (fields->str[i] == '\n')
        fields->str[i] = '?';
    }
  g_string_append_c (fields, '\n');
}

/* (transfer floating) */
static GVariant *
new_entry (const HandoffAuditRecord *record, HandoffHandshakerEntry kind)
{
  g_autoptr (GString) fields = g_string_sized_new (512);
  gsize i;

  for (i = 0; i < record->n_fields; i++)
    add_field (fields, &record->fields[i]);
  return g_variant_new ("(tubss)", handoff_caller_get_number (record->caller), (guint32) kind,
                        record->is_error, fields->str, record->text);
}

/* On any thread. */
static void
take_record (const HandoffAuditRecord *record, gpointer user_data)
{
  HandoffAuditFeed *self = user_data;
  GVariant *entry;

  /* What polkit answered the broker, who asked, has written down himself. */
  if (record->kind == HANDOFF_AUDIT_AUTHORIZATION)
    return;
  entry = g_variant_ref_sink (new_entry (record, record->kind == HANDOFF_AUDIT_REMEMBERED
                                                     ? HANDOFF_HANDSHAKER_ENTRY_REMEMBERED
                                                     : HANDOFF_HANDSHAKER_ENTRY_HANDSHAKE));
  g_mutex_lock (&self->mutex);
  if (self->entries->len == 0)
    handoff_clock_arm (self->source, handoff_clock_get_monotonic_time () + PATIENCE);
  g_ptr_array_add (self->entries, entry);
  if (self->entries->len == HANDOFF_HANDSHAKER_ENTRIES)
    handoff_clock_arm (self->source, 0);
  g_mutex_unlock (&self->mutex);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_functions = { .dispatch = dispatch };

static gboolean
send_entries (gpointer user_data)
{
  handoff_audit_feed_flush (user_data);
  return G_SOURCE_CONTINUE;
}

HandoffAuditFeed *
handoff_audit_feed_new (HandoffLink *link, HandoffStatistics *statistics)
{
  HandoffAuditFeed *self = g_new0 (HandoffAuditFeed, 1);

  g_mutex_init (&self->mutex);
  self->link = link;
  self->statistics = statistics;
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  self->source = g_source_new (&source_functions, sizeof (GSource));
  g_source_set_static_name (self->source, "audit feed");
  g_source_set_callback (self->source, send_entries, self, NULL);
  g_source_attach (self->source, NULL);
  handoff_audit_set_writer (take_record, self);
  return self;
}

void
handoff_audit_feed_free (HandoffAuditFeed *self)
{
  handoff_audit_set_writer (NULL, NULL);
  handoff_clock_arm (self->source, -1);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_ptr_array_unref (self->entries);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* (transfer full) (element-type GVariant) */
static GPtrArray *
take_entries (HandoffAuditFeed *self)
{
  GPtrArray *entries;

  g_mutex_lock (&self->mutex);
  entries = self->entries;
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  handoff_clock_arm (self->source, -1);
  g_mutex_unlock (&self->mutex);
  return entries;
}

static void
send (HandoffAuditFeed *self, GPtrArray *entries, guint first, guint end)
{
  guint64 totals[HANDOFF_N_STATISTICS];
  GVariantBuilder builder;
  g_autoptr (GError) error = NULL;

  handoff_statistics_get_totals (self->statistics, totals);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tubss)"));
  for (; first < end; first++)
    g_variant_builder_add_value (&builder, g_ptr_array_index (entries, first));
  if (!handoff_link_send (self->link, HANDOFF_HANDSHAKER_AUDIT,
                          g_variant_new ("((tttt)a(tubss))", totals[HANDOFF_STATISTIC_COMPLETED],
                                         totals[HANDOFF_STATISTIC_FAILED],
                                         totals[HANDOFF_STATISTIC_DENIED],
                                         totals[HANDOFF_STATISTIC_RESUMED], &builder),
                          NULL, 0, &error))
    g_warning ("Entries of the audit log are lost: %s", error->message);
}

/* How many of the entries, from the first on, fit into one message. */
static guint
count_fitting (GPtrArray *entries, guint first)
{
  gsize size = 0;
  guint n;

  for (n = 0; n < HANDOFF_HANDSHAKER_ENTRIES && first + n < entries->len; n++)
    {
      size += g_variant_get_size (g_ptr_array_index (entries, first + n));
      if (n > 0 && size > MAX_SIZE)
        break;
    }
  return n;
}

void
handoff_audit_feed_flush (HandoffAuditFeed *self)
{
  g_autoptr (GPtrArray) entries = take_entries (self);
  guint first, n;

  for (first = 0; first < entries->len; first += n)
    {
      n = count_fitting (entries, first);
      send (self, entries, first, first + n);
    }
}
