/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/quota.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/home.h"

/* Threads: the lock of the reserve is taken first, and held while the reserve is asked; the lock of
 * the quota is a leaf. That covers what is below the first line; under it the source is made ready,
 * which takes the lock of the main context. What is below the second belongs to the main thread. */
struct _HandoffQuota
{
  char *what;                         /* (owned) */
  const HandoffReserveFuncs *reserve; /* (unowned) (nullable): who counts the total */
  gpointer reserve_data;              /* (unowned) */
  GMutex reserve_mutex;

  GMutex mutex;
  /* ---- */
  GHashTable *by_user; /* (owned) (element-type uid count) */
  guint total;
  guint lent;         /* by the reserve: those of the total, and some that nobody holds */
  gboolean is_scarce; /* the reserve gave less than it was asked for */
  gboolean is_wanted; /* somebody got no place, and nobody was told of a free one since */
  GSource *source;    /* (owned) (nullable): tells the main thread, if there is a function */

  /* ---- */
  HandoffQuotaFreedFunc freed; /* (nullable) */
  gpointer freed_data;
};

struct _HandoffPlace
{
  HandoffQuota *quota; /* (unowned) (nullable): NULL if somebody else counts it */
  guint uid;
  GDestroyNotify freed; /* (nullable): tells who counts it */
  gpointer data;        /* (unowned) */
};

HandoffQuota *
handoff_quota_new (const char *what)
{
  HandoffQuota *self = g_new0 (HandoffQuota, 1);

  g_mutex_init (&self->mutex);
  g_mutex_init (&self->reserve_mutex);
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
  g_mutex_clear (&self->reserve_mutex);
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
  HandoffPlace *place = g_new0 (HandoffPlace, 1);

  place->quota = quota;
  place->uid = uid;
  return place;
}

HandoffPlace *
handoff_place_new (GDestroyNotify freed, gpointer data)
{
  HandoffPlace *place = place_new (NULL, 0);

  place->freed = freed;
  place->data = data;
  return place;
}

void
handoff_quota_set_reserve (HandoffQuota *self, const HandoffReserveFuncs *funcs, gpointer user_data)
{
  self->reserve = funcs;
  self->reserve_data = user_data;
}

typedef enum
{
  TAKEN,
  USER_LIMIT,
  TOTAL_LIMIT,
} Taking;

/* total: how many there may be */
static Taking
try_to_take (HandoffQuota *self, guint uid, guint per_user, guint total)
{
  Taking result = TAKEN;
  guint count;

  g_mutex_lock (&self->mutex);
  count = count_of (self, uid);
  if (self->reserve != NULL)
    total = self->lent;
  if (count >= per_user)
    result = USER_LIMIT;
  else if (self->total >= total)
    result = TOTAL_LIMIT;
  if (result == TAKEN)
    {
      g_hash_table_insert (self->by_user, GUINT_TO_POINTER (uid), GUINT_TO_POINTER (count + 1));
      self->total++;
    }
  else
    self->is_wanted = TRUE;
  g_mutex_unlock (&self->mutex);
  return result;
}

/* Whether there may be more places now than there are. */
static gboolean
borrow (HandoffQuota *self)
{
  gboolean is_free;
  guint n = 0;

  g_mutex_lock (&self->reserve_mutex);
  g_mutex_lock (&self->mutex);
  /* Another thread may have borrowed some, or freed one. */
  is_free = self->total < self->lent;
  g_mutex_unlock (&self->mutex);
  if (!is_free)
    n = self->reserve->lend (HANDOFF_RESERVE_BLOCK, self->reserve_data);
  g_mutex_lock (&self->mutex);
  self->lent += n;
  if (!is_free)
    self->is_scarce = n < HANDOFF_RESERVE_BLOCK;
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->reserve_mutex);
  return is_free || n > 0;
}

HandoffPlace *
handoff_quota_take (HandoffQuota *self, guint uid, guint per_user, guint total, GError **error)
{
  Taking taking;

  do
    taking = try_to_take (self, uid, per_user, total);
  while (taking == TOTAL_LIMIT && self->reserve != NULL && borrow (self));

  if (taking == TAKEN)
    return place_new (self, uid);
  if (per_user == 0)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "The service's configuration allows no %s", self->what);
  else if (taking == USER_LIMIT)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "This user has reached the limit of %s (%u); try again when some have ended",
                 self->what, per_user);
  else if (self->reserve != NULL)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "The service has as many %s in all as its limit allows; try again when some have "
                 "ended",
                 self->what);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                 "The service has reached the limit of %s in all (%u); try again when some have "
                 "ended",
                 self->what, total);
  return NULL;
}

/* Keeps a block beside those that are held. Call with the lock held. Returns: how many go back to
 * the reserve. */
static guint
take_surplus (HandoffQuota *self)
{
  const guint n_free = self->reserve != NULL ? self->lent - self->total : 0;
  guint surplus = 0;

  if (self->is_scarce)
    surplus = n_free;
  else if (n_free >= 2 * HANDOFF_RESERVE_BLOCK)
    surplus = HANDOFF_RESERVE_BLOCK;
  self->lent -= surplus;
  return surplus;
}

void
handoff_place_free (HandoffPlace *self)
{
  HandoffQuota *quota = self->quota;
  const gpointer uid = GUINT_TO_POINTER (self->uid);
  gboolean is_wanted;
  guint count, surplus;

  if (quota == NULL)
    {
      self->freed (self->data);
      g_free (self);
      return;
    }

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
  surplus = take_surplus (quota);
  g_mutex_unlock (&quota->mutex);
  g_free (self);
  if (surplus > 0)
    quota->reserve->take_back (surplus, quota->reserve_data);
  if (is_wanted)
    quota->freed (quota->freed_data);
}

void
handoff_quota_note_reserve (HandoffQuota *self)
{
  gboolean is_wanted;

  g_mutex_lock (&self->mutex);
  is_wanted = self->is_wanted && self->source != NULL;
  self->is_wanted = FALSE;
  g_mutex_unlock (&self->mutex);
  if (is_wanted)
    self->freed (self->freed_data);
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
