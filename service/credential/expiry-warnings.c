/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "credential/expiry-warnings.h"

#include "keyblob/handoff-names.h"
#include "work/clock.h"

#define SECONDS_PER_DAY (24 * 60 * 60)

struct _HandoffExpiryWarnings
{
  HandoffCredentialStore *credentials; /* (unowned) */
  gint64 seconds;                      /* before the end */
  GHashTable *warned; /* (owned) (element-type utf8): what a warning was given for */
  guint daily_id;
};

/* (nullable): NULL if its certificate does not end soon */
static const char *
get_problem (HandoffExpiryWarnings *self, HandoffCredential *credential)
{
  const char *problem = handoff_credential_get_problem (credential, self->seconds, FALSE);

  return g_str_equal (problem, HANDOFF_PROBLEM_EXPIRED) ||
                 g_str_equal (problem, HANDOFF_PROBLEM_EXPIRING)
             ? problem
             : NULL;
}

static void
warn (HandoffCredential *credential, const char *problem)
{
  g_autoptr (GDateTime) end = g_date_time_new_from_unix_utc (credential->description->not_after);
  g_autofree char *date =
      end != NULL ? g_date_time_format (end, "%Y-%m-%d %H:%M:%S UTC") : g_strdup ("?");

  g_warning ("The certificate of the credential “%s” of uid %u %s on %s: it has to be renewed",
             credential->label, credential->owner,
             g_str_equal (problem, HANDOFF_PROBLEM_EXPIRED) ? "ended" : "ends", date);
}

static void
check (HandoffExpiryWarnings *self)
{
  g_autoptr (GPtrArray) all =
      handoff_credentials_list (HANDOFF_CREDENTIALS (self->credentials), NULL);
  GHashTable *warned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint i;

  for (i = 0; i < all->len; i++)
    {
      HandoffCredential *credential = g_ptr_array_index (all, i);
      const char *problem = get_problem (self, credential);
      char *what;

      if (problem == NULL)
        continue;
      what = g_strdup_printf ("%s %" G_GINT64_FORMAT " %s", credential->id,
                              credential->description->not_after, problem);
      if (!g_hash_table_contains (self->warned, what))
        warn (credential, problem);
      g_hash_table_add (warned, what);
    }
  g_hash_table_unref (self->warned);
  self->warned = warned;
}

static gboolean
check_daily (gpointer user_data)
{
  check (user_data);
  return G_SOURCE_CONTINUE;
}

HandoffExpiryWarnings *
handoff_expiry_warnings_new (HandoffCredentialStore *credentials)
{
  HandoffExpiryWarnings *self = g_new0 (HandoffExpiryWarnings, 1);

  self->credentials = credentials;
  self->warned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect_swapped (credentials, "changed", G_CALLBACK (check), self);
  self->daily_id = handoff_clock_add_timeout (G_TIME_SPAN_DAY, check_daily, self);
  return self;
}

void
handoff_expiry_warnings_configure (HandoffExpiryWarnings *self, guint days)
{
  self->seconds = (gint64) days * SECONDS_PER_DAY;
  check (self);
}

void
handoff_expiry_warnings_free (HandoffExpiryWarnings *self)
{
  g_signal_handlers_disconnect_by_data (self->credentials, self);
  g_source_remove (self->daily_id);
  g_hash_table_unref (self->warned);
  g_free (self);
}

guint
handoff_expiry_warnings_get_n_expiring (HandoffExpiryWarnings *self)
{
  g_autoptr (GPtrArray) all =
      handoff_credentials_list (HANDOFF_CREDENTIALS (self->credentials), NULL);
  guint i, count = 0;

  for (i = 0; i < all->len; i++)
    {
      if (get_problem (self, g_ptr_array_index (all, i)) != NULL)
        count++;
    }
  return count;
}
