/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "grant/grant-table.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

/* With fewer grants nobody looks for those whose time is over. */
#define MIN_SWEEP 64

typedef struct
{
  guint64 number;
  GHashTable *grants; /* (owned) (element-type Grant): a set */
  guint sweep_at;     /* so many grants */
} Holder;

typedef struct
{
  guint64 number;
  Holder *holder; /* (unowned) */
  char *key;      /* (owned) */
  HandoffSignatureRole role;
  guint uses; /* left; 0: any number */
  gint64 until;
  gpointer data;            /* (owned) (nullable) */
  HandoffGrantTable *table; /* (unowned) */
} Grant;

struct _HandoffGrantTable
{
  GHashTable *grants;  /* (owned) (element-type guint64 Grant) */
  GHashTable *holders; /* (owned) (element-type guint64 Holder) */
  guint64 last_number;
  gpointer (*copy) (gpointer data); /* (nullable) */
  GDestroyNotify destroy;           /* (nullable) */
};

static void
grant_free (Grant *grant)
{
  g_hash_table_remove (grant->holder->grants, grant);
  if (grant->data != NULL)
    grant->table->destroy (grant->data);
  g_free (grant->key);
  g_free (grant);
}

static void
holder_free (Holder *holder)
{
  g_hash_table_unref (holder->grants);
  g_free (holder);
}

HandoffGrantTable *
handoff_grant_table_new (gpointer (*copy) (gpointer data), GDestroyNotify destroy)
{
  HandoffGrantTable *self = g_new0 (HandoffGrantTable, 1);

  self->copy = copy;
  self->destroy = destroy;
  /* The keys are parts of the values. */
  self->grants =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) grant_free);
  self->holders =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) holder_free);
  return self;
}

void
handoff_grant_table_free (HandoffGrantTable *self)
{
  g_hash_table_unref (self->grants);
  g_hash_table_unref (self->holders);
  g_free (self);
}

gboolean
handoff_grant_table_add_holder (HandoffGrantTable *self, guint64 number)
{
  Holder *holder;

  if (g_hash_table_contains (self->holders, &number))
    return FALSE;
  holder = g_new0 (Holder, 1);
  holder->number = number;
  holder->grants = g_hash_table_new (NULL, NULL);
  holder->sweep_at = MIN_SWEEP;
  g_hash_table_insert (self->holders, &holder->number, holder);
  return TRUE;
}

static gboolean
is_any (gpointer grant)
{
  return TRUE;
}

static gboolean
is_over (gpointer grant)
{
  return ((Grant *) grant)->until <= handoff_clock_get_boot_time ();
}

static void
end_those (HandoffGrantTable *self, Holder *holder, gboolean (*select) (gpointer grant))
{
  g_autoptr (GList) grants = g_hash_table_get_keys (holder->grants);
  GList *l;

  for (l = grants; l != NULL; l = l->next)
    {
      const Grant *grant = l->data;

      if (select (l->data))
        g_hash_table_remove (self->grants, &grant->number);
    }
}

void
handoff_grant_table_remove_holder (HandoffGrantTable *self, guint64 number)
{
  Holder *holder = g_hash_table_lookup (self->holders, &number);

  if (holder == NULL)
    return;
  end_those (self, holder, is_any);
  g_hash_table_remove (self->holders, &number);
}

static gboolean
refuse (const HandoffGrantTerms *terms, const char *why, GError **error)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               "Grant %" G_GUINT64_FORMAT " cannot be given: %s", terms->number, why);
  return FALSE;
}

/* Each time that there are twice as many grants as the last look left: so a look costs each grant a
 * fixed share, however many there are. */
static void
sweep (HandoffGrantTable *self, Holder *holder)
{
  end_those (self, holder, is_over);
  holder->sweep_at =
      CLAMP (2 * g_hash_table_size (holder->grants), MIN_SWEEP, HANDOFF_GRANTS_PER_HOLDER);
}

gboolean
handoff_grant_table_add (HandoffGrantTable *self, const HandoffGrantTerms *terms, GError **error)
{
  Holder *holder = g_hash_table_lookup (self->holders, &terms->holder);
  Grant *grant;

  if (terms->number <= self->last_number)
    return refuse (terms, "its number was given before", error);
  if (holder == NULL)
    return refuse (terms, "its holder is gone", error);
  if (g_hash_table_size (holder->grants) >= holder->sweep_at)
    sweep (self, holder);
  if (g_hash_table_size (holder->grants) >= HANDOFF_GRANTS_PER_HOLDER)
    return refuse (terms, "its holder has too many", error);

  self->last_number = terms->number;
  grant = g_new0 (Grant, 1);
  grant->number = terms->number;
  grant->holder = holder;
  grant->key = g_strdup (terms->key);
  grant->role = terms->role;
  grant->uses = terms->uses;
  grant->until = terms->until;
  grant->data = terms->data;
  grant->table = self;
  g_hash_table_insert (self->grants, &grant->number, grant);
  g_hash_table_add (holder->grants, grant);
  return TRUE;
}

void
handoff_grant_table_end (HandoffGrantTable *self, guint64 number)
{
  g_hash_table_remove (self->grants, &number);
}

guint
handoff_grant_table_count (HandoffGrantTable *self, guint64 number)
{
  const Holder *holder = g_hash_table_lookup (self->holders, &number);

  return holder != NULL ? g_hash_table_size (holder->grants) : 0;
}

HandoffGrantVerdict
handoff_grant_table_use (HandoffGrantTable *self,
                         guint64 number,
                         guint64 holder,
                         HandoffSignatureRole role,
                         char **key,
                         gpointer *data)
{
  Grant *grant = g_hash_table_lookup (self->grants, &number);

  if (grant == NULL)
    return number > self->last_number || number == 0 ? HANDOFF_GRANT_NEVER_GIVEN
                                                     : HANDOFF_GRANT_OVER;
  if (grant->holder->number != holder)
    return HANDOFF_GRANT_OTHER_HOLDER;
  if (is_over (grant))
    {
      g_hash_table_remove (self->grants, &number);
      return HANDOFF_GRANT_OVER;
    }
  if (grant->role != role)
    return HANDOFF_GRANT_OTHER_ROLE;
  *key = g_strdup (grant->key);
  *data = grant->data != NULL ? self->copy (grant->data) : NULL;
  if (grant->uses == 1)
    g_hash_table_remove (self->grants, &number);
  else if (grant->uses > 1)
    grant->uses--;
  return HANDOFF_GRANT_VALID;
}

const char *
handoff_grant_verdict_explain (HandoffGrantVerdict verdict)
{
  switch (verdict)
    {
    case HANDOFF_GRANT_NEVER_GIVEN:
      return "it was not granted";
    case HANDOFF_GRANT_OVER:
      return "the grant is over";
    case HANDOFF_GRANT_OTHER_HOLDER:
      return "it was granted to another process";
    case HANDOFF_GRANT_OTHER_ROLE:
      return "it was granted for the other role";
    case HANDOFF_GRANT_VALID:
    default:
      return "it was granted";
    }
}
