/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signature/signing-grant.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/home.h"

/* The table outlives its grants, whose threads need its lock to go.
 *
 * Threads: the lock covers what is below the lines here and in the grant; no other is taken under
 * it, and nothing is called. */
struct _HandoffSigningGrants
{
  void (*over) (guint64 number, gpointer user_data); /* (nullable): NULL once the process ends */
  gpointer user_data;                                /* (unowned) */

  GMutex mutex;
  /* ---- */
  guint n_references;    /* the process's, and one of each grant */
  GHashTable *by_number; /* (owned) (element-type guint64 HandoffSigningGrant): none is held */
};

/* Somebody who waits until a grant is over. */
typedef struct
{
  void (*over) (gpointer data);
  gpointer data;
} Waiter;

struct _HandoffSigningGrant
{
  HandoffSigningGrants *grants; /* (owned): a reference */
  HandoffSigner *signer;        /* (owned) */
  HandoffSigningTerms terms;    /* number, role: constant; the rest below the line */

  /* ---- */
  guint n_references;
  gboolean is_limited; /* terms.uses counts down to 0 */
  GArray *waiters;     /* (owned) (nullable) (element-type Waiter): it was taken back */
};

HandoffSigningGrants *
handoff_signing_grants_new (void (*over) (guint64 number, gpointer user_data), gpointer user_data)
{
  HandoffSigningGrants *self = g_new0 (HandoffSigningGrants, 1);

  self->over = over;
  self->user_data = user_data;
  g_mutex_init (&self->mutex);
  self->n_references = 1;
  self->by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
  return self;
}

/* Unlocks it. */
static void
unlock_and_unref (HandoffSigningGrants *self)
{
  const gboolean is_last = --self->n_references == 0;

  g_mutex_unlock (&self->mutex);
  if (!is_last)
    return;
  g_hash_table_unref (self->by_number);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
handoff_signing_grants_free (HandoffSigningGrants *self)
{
  self->over = NULL;
  g_mutex_lock (&self->mutex);
  unlock_and_unref (self);
}

HandoffSigningGrant *
handoff_signing_grants_add (HandoffSigningGrants *self,
                            HandoffSigner *signer,
                            const HandoffSigningTerms *terms)
{
  HandoffSigningGrant *grant = g_new0 (HandoffSigningGrant, 1);

  grant->grants = self;
  grant->signer = handoff_signer_ref (signer);
  grant->terms = *terms;
  grant->n_references = 1;
  grant->is_limited = terms->uses > 0;
  g_mutex_lock (&self->mutex);
  self->n_references++;
  g_hash_table_insert (self->by_number, &grant->terms.number, grant);
  g_mutex_unlock (&self->mutex);
  return grant;
}

void
handoff_signing_grants_take_back (HandoffSigningGrants *self,
                                  guint64 number,
                                  void (*over) (gpointer data),
                                  gpointer data)
{
  const Waiter waiter = { over, data };
  HandoffSigningGrant *grant;

  g_mutex_lock (&self->mutex);
  grant = g_hash_table_lookup (self->by_number, &number);
  if (grant != NULL)
    {
      grant->terms.until =
          MIN (grant->terms.until, handoff_clock_get_boot_time () +
                                       HANDOFF_SIGNING_FINISH_SECONDS * G_TIME_SPAN_SECOND);
      if (grant->waiters == NULL)
        grant->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
      g_array_append_val (grant->waiters, waiter);
    }
  g_mutex_unlock (&self->mutex);
  if (grant == NULL)
    over (data);
}

HandoffSigningGrant *
handoff_signing_grant_ref (HandoffSigningGrant *self)
{
  g_mutex_lock (&self->grants->mutex);
  self->n_references++;
  g_mutex_unlock (&self->grants->mutex);
  return self;
}

/* On the main thread: nobody has the grant any more. */
static gboolean
tell (gpointer data)
{
  HandoffSigningGrant *self = data;
  HandoffSigningGrants *grants = self->grants;
  guint i;

  for (i = 0; self->waiters != NULL && i < self->waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (self->waiters, Waiter, i);

      waiter->over (waiter->data);
    }
  if (self->waiters == NULL && grants->over != NULL)
    grants->over (self->terms.number, grants->user_data);
  g_clear_pointer (&self->waiters, g_array_unref);
  handoff_signer_unref (self->signer);
  g_free (self);
  g_mutex_lock (&grants->mutex);
  unlock_and_unref (grants);
  return G_SOURCE_REMOVE;
}

void
handoff_signing_grant_unref (HandoffSigningGrant *self)
{
  gboolean is_last;

  g_mutex_lock (&self->grants->mutex);
  is_last = --self->n_references == 0;
  if (is_last)
    g_hash_table_remove (self->grants->by_number, &self->terms.number);
  g_mutex_unlock (&self->grants->mutex);
  if (is_last)
    handoff_home_invoke (NULL, tell, self, NULL);
}

static gboolean
take_use (HandoffSigningGrant *self, GError **error)
{
  const gint64 now = handoff_clock_get_boot_time ();
  const char *problem = NULL;

  g_mutex_lock (&self->grants->mutex);
  if (self->terms.until <= now)
    problem = self->waiters != NULL ? "was taken back" : "is over";
  else if (self->is_limited && self->terms.uses == 0)
    problem = "was used before";
  else if (self->is_limited)
    self->terms.uses--;
  g_mutex_unlock (&self->grants->mutex);
  if (problem == NULL)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
               "The permission to sign this handshake with the credential %s", problem);
  return FALSE;
}

gboolean
handoff_signing_grant_sign (HandoffSigningGrant *self,
                            guint scheme,
                            GBytes *data,
                            HandoffSigned signed_func,
                            gpointer user_data,
                            GError **error)
{
  if (!take_use (self, error))
    return FALSE;
  handoff_signer_sign (self->signer, self->terms.number, self->terms.role, scheme, data,
                       signed_func, user_data);
  return TRUE;
}
