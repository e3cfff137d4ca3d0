/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "quota.h"

#include "keyblob/tls-handoff-error.h"

struct _HandoffQuota
{
  char *what;          /* (owned) */
  GHashTable *by_user; /* (owned) (element-type uid count) */
  guint total;
};

HandoffQuota *
handoff_quota_new (const char *what)
{
  HandoffQuota *self = g_new0 (HandoffQuota, 1);

  self->what = g_strdup (what);
  self->by_user = g_hash_table_new (NULL, NULL);
  return self;
}

void
handoff_quota_free (HandoffQuota *self)
{
  g_free (self->what);
  g_hash_table_unref (self->by_user);
  g_free (self);
}

gboolean
handoff_quota_take (HandoffQuota *self, guint uid, guint per_user, guint total, GError **error)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_user, GUINT_TO_POINTER (uid)));

  if (count >= per_user)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "This user has %u %s, which is the limit; try again when some have ended", count,
                   self->what);
      return FALSE;
    }
  if (self->total >= total)
    {
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
          "The service has %u %s in all, which is the limit; try again when some have ended",
          self->total, self->what);
      return FALSE;
    }

  g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), GUINT_TO_POINTER (count + 1));
  self->total++;
  return TRUE;
}

void
handoff_quota_release (HandoffQuota *self, guint uid)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_user, GUINT_TO_POINTER (uid)));

  g_return_if_fail (count > 0);

  self->total--;
  if (count > 1)
    g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), GUINT_TO_POINTER (count - 1));
  else
    g_hash_table_remove (self->by_user, GUINT_TO_POINTER (uid));
}

guint
handoff_quota_get_total (HandoffQuota *self)
{
  return self->total;
}
