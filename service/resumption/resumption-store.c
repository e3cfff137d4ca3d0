/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "resumption/resumption-store.h"

#include "keyblob/secret-memory.h"

/* Threads: the lock covers serial and tickets, and keeps what is put under an old serial out of the
 * cache. Under it that of the cache is taken. */
struct _HandoffResumptionStore
{
  GMutex mutex;
  guint64 serial;                /* of the configuration that is in force */
  HandoffSessionCache *cache;    /* (owned): what clients resume */
  HandoffServerTickets *tickets; /* (owned): keys of the tickets that servers give */
};

HandoffResumptionStore *
handoff_resumption_store_new (void)
{
  HandoffResumptionStore *self = g_new0 (HandoffResumptionStore, 1);

  g_mutex_init (&self->mutex);
  self->serial = G_MAXUINT64;
  self->cache = handoff_session_cache_new (0);
  self->tickets = handoff_server_tickets_new ();
  return self;
}

void
handoff_resumption_store_free (HandoffResumptionStore *self)
{
  handoff_session_cache_free (self->cache);
  handoff_server_tickets_free (self->tickets);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
handoff_resumption_store_configure (HandoffResumptionStore *self, guint64 serial, guint maximum_age)
{
  g_mutex_lock (&self->mutex);
  self->serial = serial;
  handoff_session_cache_clear (self->cache);
  handoff_session_cache_set_maximum_age (self->cache, maximum_age);
  handoff_server_tickets_forget (self->tickets);
  handoff_server_tickets_set_lifetime (self->tickets, maximum_age);
  g_mutex_unlock (&self->mutex);
}

gboolean
handoff_resumption_store_is_in_force (HandoffResumptionStore *self, guint64 serial)
{
  gboolean is_in_force;

  g_mutex_lock (&self->mutex);
  is_in_force = self->serial == serial;
  g_mutex_unlock (&self->mutex);
  return is_in_force;
}

void
handoff_resumption_store_put (HandoffResumptionStore *self,
                              guint64 serial,
                              HandoffSessionCacheKey *key,
                              gboolean single_use,
                              gpointer data,
                              guint lifetime,
                              gint64 verified_at)
{
  gboolean is_in_force;

  g_mutex_lock (&self->mutex);
  is_in_force = self->serial == serial;
  if (is_in_force)
    handoff_session_cache_put (self->cache, key, single_use, data, lifetime, verified_at);
  g_mutex_unlock (&self->mutex);
  if (!is_in_force)
    handoff_secret_free (data);
}

gpointer
handoff_resumption_store_take (HandoffResumptionStore *self,
                               guint64 serial,
                               HandoffSessionCacheKey *key,
                               gint64 *verified_at)
{
  gpointer data = NULL;

  g_mutex_lock (&self->mutex);
  if (self->serial == serial)
    data = handoff_session_cache_take (self->cache, key, verified_at);
  g_mutex_unlock (&self->mutex);
  return data;
}

guint8 *
handoff_resumption_store_derive_secret (HandoffResumptionStore *self,
                                        guint64 serial,
                                        GVariant *conditions)
{
  g_autoptr (GVariant) owned_conditions = g_variant_ref_sink (conditions);
  guint8 *secret = NULL;

  g_mutex_lock (&self->mutex);
  if (self->serial == serial)
    secret = handoff_server_tickets_derive_secret (self->tickets, owned_conditions);
  g_mutex_unlock (&self->mutex);
  return secret;
}

void
handoff_resumption_store_remove (HandoffResumptionStore *self, HandoffSessionCacheKey *key)
{
  handoff_session_cache_remove (self->cache, key);
}

void
handoff_resumption_store_remove_all_of (HandoffResumptionStore *self, const char *bus_name)
{
  handoff_session_cache_remove_all_of (self->cache, bus_name);
}

guint
handoff_resumption_store_get_size (HandoffResumptionStore *self)
{
  return handoff_session_cache_get_size (self->cache);
}
