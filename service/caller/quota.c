/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/quota.h"

#include "keyblob/tls-handoff-error.h"

struct _HandoffQuota
{
  char *what;          /* (owned) */
  GHashTable *by_user; /* (owned) (element-type uid count) */
  guint total;
  HandoffQuotaFreedFunc freed; /* (nullable) */
  gpointer freed_data;
};

struct _HandoffPlace
{
  HandoffQuota *quota; /* (unowned) */
  guint uid;
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

void
handoff_quota_set_freed_func (HandoffQuota *self, HandoffQuotaFreedFunc func, gpointer user_data)
{
  self->freed = func;
  self->freed_data = user_data;
}

HandoffPlace *
handoff_quota_take (HandoffQuota *self, guint uid, guint per_user, guint total, GError **error)
{
  HandoffPlace *place;
  guint count = handoff_quota_get_count (self, uid);

  if (per_user == 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "The service's configuration allows no %s", self->what);
      return NULL;
    }
  if (count >= per_user)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "This user has %u %s, which is the limit; try again when some have ended", count,
                   self->what);
      return NULL;
    }
  if (self->total >= total)
    {
      g_set_error (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
          "The service has %u %s in all, which is the limit; try again when some have ended",
          self->total, self->what);
      return NULL;
    }

  g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), GUINT_TO_POINTER (count + 1));
  self->total++;
  place = g_new (HandoffPlace, 1);
  place->quota = self;
  place->uid = uid;
  return place;
}

void
handoff_place_free (HandoffPlace *self)
{
  HandoffQuota *quota = self->quota;
  gpointer uid = GUINT_TO_POINTER (self->uid);
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (quota->by_user, uid));

  g_assert (count > 0);

  quota->total--;
  if (count > 1)
    g_hash_table_insert (quota->by_user, uid, GUINT_TO_POINTER (count - 1));
  else
    g_hash_table_remove (quota->by_user, uid);
  g_free (self);
  if (quota->freed != NULL)
    quota->freed (quota->freed_data);
}

guint
handoff_quota_get_total (HandoffQuota *self)
{
  return self->total;
}

guint
handoff_quota_get_count (HandoffQuota *self, guint uid)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->by_user, GUINT_TO_POINTER (uid)));
}
