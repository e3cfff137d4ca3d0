/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "signature/signing-grant.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"
#include "work/home.h"

/* A request that was sent is read by then. */
#define UNREAD_SECONDS 30

/* The table outlives its grants, whose threads need its lock to go.
 *
 * Threads: the lock covers what is below the lines here and in the grant; no other is taken under
 * it, and nothing is called. */
struct _HandoffSigningGrants
{
  const HandoffSigningGrantsFunctions *functions; /* (nullable): NULL once the process ends */
  gpointer user_data;                             /* (unowned) */
  /* (owned) (element-type guint64 HandoffSigner): the main thread's */
  GHashTable *signers;

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
handoff_signing_grants_new (const HandoffSigningGrantsFunctions *functions, gpointer user_data)
{
  HandoffSigningGrants *self = g_new0 (HandoffSigningGrants, 1);

  self->functions = functions;
  self->user_data = user_data;
  g_mutex_init (&self->mutex);
  self->n_references = 1;
  self->signers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                         (GDestroyNotify) handoff_signer_unref);
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
  self->functions = NULL;
  g_clear_pointer (&self->signers, g_hash_table_unref);
  g_mutex_lock (&self->mutex);
  unlock_and_unref (self);
}

static HandoffSigner *
get_signer (HandoffSigningGrants *self, guint64 number)
{
  HandoffSigner *signer = g_hash_table_lookup (self->signers, &number);

  if (signer == NULL)
    {
      signer = handoff_signer_new (number, number == 0 ? "tls-handoff-keeper" : "tls-handoff-token",
                                   self->functions->open, self->user_data);
      g_hash_table_insert (self->signers, g_memdup2 (&number, sizeof number), signer);
    }
  return signer;
}

HandoffSigningGrant *
handoff_signing_grants_add (HandoffSigningGrants *self, const HandoffSigningTerms *terms)
{
  HandoffSigningGrant *grant = g_new0 (HandoffSigningGrant, 1);

  grant->grants = self;
  grant->signer = handoff_signer_ref (get_signer (self, terms->signer));
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
  if (self->waiters == NULL && grants->functions != NULL)
    grants->functions->over (self->terms.number, grants->user_data);
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

/* A request with a grant, which is not over as long as the signer may not have read it: it would
 * take this process for one that breaks the rules. */
typedef struct
{
  HandoffSigningGrant *grant; /* (owned): a reference */
  HandoffSigned signed_func;
  gpointer user_data;
} Request;

static gboolean
let_go (gpointer grant)
{
  handoff_signing_grant_unref (grant);
  return G_SOURCE_REMOVE;
}

static gboolean
let_go_later (gpointer grant)
{
  handoff_clock_add_timeout (UNREAD_SECONDS * G_TIME_SPAN_SECOND, let_go, grant);
  return G_SOURCE_REMOVE;
}

static void
answered (GBytes *signature, const GError *error, gpointer user_data)
{
  g_autofree Request *request = user_data;

  request->signed_func (signature, error, request->user_data);
  /* The worker ends: nobody hears what the signer says. */
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED))
    handoff_home_invoke (NULL, let_go_later, request->grant, NULL);
  else
    handoff_signing_grant_unref (request->grant);
}

gboolean
handoff_signing_grant_sign (HandoffSigningGrant *self,
                            guint scheme,
                            GBytes *data,
                            HandoffSigned signed_func,
                            gpointer user_data,
                            GError **error)
{
  Request *request;

  if (!take_use (self, error))
    return FALSE;
  request = g_new (Request, 1);
  *request = (Request){ handoff_signing_grant_ref (self), signed_func, user_data };
  handoff_signer_sign (self->signer, self->terms.number, self->terms.role, scheme, data, answered,
                       request);
  return TRUE;
}
