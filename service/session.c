/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session.h"

#include <gnutls/crypto.h>

struct _HandoffSessionStore
{
  GHashTable *sessions; /* (owned) (element-type utf8 HandoffSession): by id */
  HandoffSessionFunc removed;
  gpointer user_data; /* (unowned) */
};

static void
session_free (HandoffSession *session)
{
  g_free (session->id);
  g_object_unref (session->caller);
  g_free (session->server_identity);
  g_free (session);
}

HandoffSessionStore *
handoff_session_store_new (HandoffSessionFunc removed, gpointer user_data)
{
  HandoffSessionStore *self = g_new0 (HandoffSessionStore, 1);

  self->sessions =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) session_free);
  self->removed = removed;
  self->user_data = user_data;
  return self;
}

void
handoff_session_store_free (HandoffSessionStore *self)
{
  g_hash_table_unref (self->sessions);
  g_free (self);
}

static char *
make_id (void)
{
  guint64 random[2];

  if (gnutls_rnd (GNUTLS_RND_NONCE, random, sizeof random) < 0)
    g_error ("No random numbers");
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", random[0],
                          random[1]);
}

HandoffSession *
handoff_session_store_add (HandoffSessionStore *self,
                           HandoffCaller *caller,
                           const char *server_identity,
                           const char *protocol,
                           const char *cipher_suite)
{
  HandoffSession *session = g_new0 (HandoffSession, 1);

  session->id = make_id ();
  session->caller = g_object_ref (caller);
  session->server_identity = g_strdup (server_identity);
  session->protocol = protocol;
  session->cipher_suite = cipher_suite;
  g_hash_table_insert (self->sessions, session->id, session);
  return session;
}

HandoffSession *
handoff_session_store_lookup (HandoffSessionStore *self, const char *id, const char *bus_name)
{
  HandoffSession *session = id != NULL ? g_hash_table_lookup (self->sessions, id) : NULL;

  if (session == NULL || !g_str_equal (handoff_caller_get_bus_name (session->caller), bus_name))
    return NULL;
  return session;
}

char **
handoff_session_store_list (HandoffSessionStore *self, const char *bus_name)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  HandoffSession *session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &session))
    {
      if (g_str_equal (handoff_caller_get_bus_name (session->caller), bus_name))
        g_strv_builder_add (builder, session->id);
    }
  return g_strv_builder_end (builder);
}

void
handoff_session_store_remove (HandoffSessionStore *self, HandoffSession *session)
{
  self->removed (session, self->user_data);
  g_hash_table_remove (self->sessions, session->id);
}

void
handoff_session_store_remove_all_of (HandoffSessionStore *self, HandoffCaller *caller)
{
  GHashTableIter iter;
  HandoffSession *session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &session))
    {
      if (session->caller == caller)
        {
          self->removed (session, self->user_data);
          g_hash_table_iter_remove (&iter);
        }
    }
}

guint
handoff_session_store_get_size (HandoffSessionStore *self)
{
  return g_hash_table_size (self->sessions);
}
