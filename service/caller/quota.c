/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/quota.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/home.h"

/* Threads: the lock covers what is below the first line; under it the source is made ready, which
 * takes the lock of the main context. What is below the second belongs to the main thread. */
struct _HandoffQuota
{
  char *what; /* (owned) */

  GMutex mutex;
  /* ---- */
  GHashTable *by_user; /* (owned) (element-type uid count) */
  guint total;
  gboolean is_wanted; /* somebody got no place, and nobody was told of a free one since */
  GSource *source;    /* (owned) (nullable): tells the main thread, if there is a function */

  /* ---- */
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

  g_mutex_init (&self->mutex);
  self->what = g_strdup (what);
  self->by_user = g_hash_table_new (NULL, NULL);
  return self;
}

void
handoff_quota_free (HandoffQuota *self)
{
  handoff_quota_set_freed_func (self, NULL, NULL);
  g_free (self->what);
  g_hash_table_unref (self->by_user);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
tell (gpointer user_data)
{
  HandoffQuota *self = user_data;

  self->freed (self->freed_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  handoff_clock_arm (source, -1);
  return callback (user_data);
}

static GSourceFuncs teller_functions = { .dispatch = dispatch };

/* (transfer full) */
static GSource *
teller_new (HandoffQuota *self)
{
  GSource *source = g_source_new (&teller_functions, sizeof (GSource));

  g_source_set_static_name (source, "quota");
  g_source_set_callback (source, tell, self, NULL);
  g_source_attach (source, NULL);
  return source;
}

void
handoff_quota_set_freed_func (HandoffQuota *self, HandoffQuotaFreedFunc func, gpointer user_data)
{
  g_autoptr (GSource) old = NULL;

  g_mutex_lock (&self->mutex);
  old = g_steal_pointer (&self->source);
  if (func != NULL)
    self->source = teller_new (self);
  self->freed = func;
  self->freed_data = user_data;
  g_mutex_unlock (&self->mutex);
  if (old != NULL)
    g_source_destroy (old);
}

/* Call with the lock held. */
static guint
count_of (HandoffQuota *self, guint uid)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->by_user, GUINT_TO_POINTER (uid)));
}

static HandoffPlace *
place_new (HandoffQuota *quota, guint uid)
{
  HandoffPlace *place = g_new (HandoffPlace, 1);

  place->quota = quota;
  place->uid = uid;
  return place;
}

HandoffPlace *
handoff_quota_take (HandoffQuota *self, guint uid, guint per_user, guint total, GError **error)
{
  gboolean is_taken;
  guint count, n;

  g_mutex_lock (&self->mutex);
  count = count_of (self, uid);
  n = self->total;
  is_taken = count < per_user && n < total;
  if (is_taken)
    {
      g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), GUINT_TO_POINTER (count + 1));
      self->total++;
    }
  else
    self->is_wanted = TRUE;
  g_mutex_unlock (&self->mutex);

  if (is_taken)
    return place_new (self, uid);
  if (per_user == 0)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "The service's configuration allows no %s", self->what);
  else if (count >= per_user)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "This user has %u %s, which is the limit; try again when some have ended", count,
                 self->what);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "The service has %u %s in all, which is the limit; try again when some have ended",
                 n, self->what);
  return NULL;
}

void
handoff_place_free (HandoffPlace *self)
{
  HandoffQuota *quota = self->quota;
  const gpointer uid = GUINT_TO_POINTER (self->uid);
  gboolean is_wanted;
  guint count;

  g_mutex_lock (&quota->mutex);
  count = count_of (quota, self->uid);
  g_assert (count > 0);
  quota->total--;
  if (count > 1)
    g_hash_table_insert (quota->by_user, uid, GUINT_TO_POINTER (count - 1));
  else
    g_hash_table_remove (quota->by_user, uid);
  is_wanted = quota->is_wanted && quota->source != NULL;
  quota->is_wanted = FALSE;
  if (is_wanted && !handoff_home_is_here (NULL))
    {
      handoff_clock_arm (quota->source, 0);
      is_wanted = FALSE;
    }
  g_mutex_unlock (&quota->mutex);
  g_free (self);
  if (is_wanted)
    quota->freed (quota->freed_data);
}

guint
handoff_quota_get_total (HandoffQuota *self)
{
  guint total;

  g_mutex_lock (&self->mutex);
  total = self->total;
  g_mutex_unlock (&self->mutex);
  return total;
}

guint
handoff_quota_get_count (HandoffQuota *self, guint uid)
{
  guint count;

  g_mutex_lock (&self->mutex);
  count = count_of (self, uid);
  g_mutex_unlock (&self->mutex);
  return count;
}
