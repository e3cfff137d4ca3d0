/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/session.h"

#include <gnutls/crypto.h>

#include "keyblob/handoff-names.h"
#include "work/clock.h"

struct _HandoffSessionStore
{
  GHashTable *sessions;  /* (owned) (element-type utf8 HandoffSession): by id */
  GTree *by_number;      /* (owned) (element-type Position HandoffSession) */
  GTree *by_user;        /* (owned) (element-type Position HandoffSession): then by number */
  GHashTable *by_caller; /* (owned) (element-type utf8 GQueue): by bus name; none is empty */
  guint64 last_number;
  HandoffSessionFunc removed;
  gpointer user_data; /* (unowned) */
};

/* A place in both orders. */
typedef struct
{
  guint uid; /* not looked at in the order by number */
  guint64 number;
} Position;

static int
compare_numbers (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Position *one = a;
  const Position *other = b;

  return (one->number > other->number) - (one->number < other->number);
}

static int
compare_users (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Position *one = a;
  const Position *other = b;

  if (one->uid != other->uid)
    return one->uid > other->uid ? 1 : -1;
  return compare_numbers (a, b, NULL);
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
handoff_session_new (HandoffRole role,
                     HandoffCaller *caller,
                     const char *server_identity,
                     HandoffIdleTimer *idle)
{
  HandoffSession *self = g_new0 (HandoffSession, 1);

  g_ref_count_init (&self->ref_count);
  self->id = make_id ();
  self->caller = g_object_ref (caller);
  self->role = role;
  self->server_identity = g_strdup (server_identity != NULL ? server_identity : "");
  self->idle_timer = idle;
  handoff_idle_timer_hold (idle);
  return self;
}

HandoffSession *
handoff_session_ref (HandoffSession *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_session_unref (HandoffSession *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->handshake, handoff_handshake_free);
  g_clear_pointer (&self->outcome, handoff_handshake_outcome_free);
  g_clear_pointer (&self->cache_key, handoff_session_cache_key_unref);
  g_assert (self->window == NULL);
  g_clear_pointer (&self->handshake_place, handoff_place_free);
  g_clear_pointer (&self->session_place, handoff_place_free);
  g_clear_pointer (&self->outliving_place, handoff_place_free);
  handoff_idle_timer_release (self->idle_timer);
  g_free (self->id);
  g_object_unref (self->caller);
  g_clear_object (&self->actor);
  g_free (self->server_identity);
  g_free (self->credential_label);
  g_free (self);
}

const char *
handoff_session_get_role_name (const HandoffSession *session)
{
  return session->role == HANDOFF_ROLE_SERVER ? HANDOFF_ROLE_NAME_SERVER : HANDOFF_ROLE_NAME_CLIENT;
}

HandoffSessionStore *
handoff_session_store_new (HandoffSessionFunc removed, gpointer user_data)
{
  HandoffSessionStore *self = g_new0 (HandoffSessionStore, 1);

  self->sessions = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_number = g_tree_new_full (compare_numbers, NULL, g_free, NULL);
  self->by_user = g_tree_new_full (compare_users, NULL, g_free, NULL);
  self->by_caller =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);
  self->removed = removed;
  self->user_data = user_data;
  return self;
}

void
handoff_session_store_free (HandoffSessionStore *self)
{
  handoff_session_store_remove_all (self);
  g_hash_table_unref (self->sessions);
  g_tree_unref (self->by_number);
  g_tree_unref (self->by_user);
  g_hash_table_unref (self->by_caller);
  g_free (self);
}

static void
add_to_caller (HandoffSessionStore *self, HandoffSession *session)
{
  const char *bus_name = handoff_caller_get_bus_name (session->caller);
  GQueue *queue = g_hash_table_lookup (self->by_caller, bus_name);

  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->by_caller, g_strdup (bus_name), queue);
    }
  session->caller_link.data = session;
  g_queue_push_tail_link (queue, &session->caller_link);
}

static void
remove_from_caller (HandoffSessionStore *self, HandoffSession *session)
{
  const char *bus_name = handoff_caller_get_bus_name (session->caller);
  GQueue *queue = g_hash_table_lookup (self->by_caller, bus_name);

  g_queue_unlink (queue, &session->caller_link);
  if (g_queue_is_empty (queue))
    g_hash_table_remove (self->by_caller, bus_name);
}

void
handoff_session_store_add (HandoffSessionStore *self, HandoffSession *session)
{
  Position position = { handoff_caller_get_uid (session->caller), 0 };

  /* The numbers come from the clock: if they were counted, callers could tell how many sessions
   * others make. */
  self->last_number = MAX (self->last_number + 1, (guint64) handoff_clock_get_monotonic_time ());
  position.number = self->last_number;
  session->number = position.number;
  g_hash_table_insert (self->sessions, session->id, handoff_session_ref (session));
  g_tree_insert (self->by_number, g_memdup2 (&position, sizeof position), session);
  g_tree_insert (self->by_user, g_memdup2 (&position, sizeof position), session);
  add_to_caller (self, session);
}

static gboolean
is_owned_by (const HandoffSession *session, HandoffCaller *caller)
{
  if (session->outlives_caller)
    return handoff_caller_get_uid (session->caller) == handoff_caller_get_uid (caller);
  return g_str_equal (handoff_caller_get_bus_name (session->caller),
                      handoff_caller_get_bus_name (caller));
}

HandoffSession *
handoff_session_store_lookup (HandoffSessionStore *self, const char *id, HandoffCaller *caller)
{
  HandoffSession *session = id != NULL ? g_hash_table_lookup (self->sessions, id) : NULL;

  return session != NULL && is_owned_by (session, caller) ? session : NULL;
}

char **
handoff_session_store_list (HandoffSessionStore *self, const char *bus_name, guint maximum)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GQueue *queue = g_hash_table_lookup (self->by_caller, bus_name);
  GList *link;

  for (link = queue != NULL ? queue->head : NULL; link != NULL && maximum > 0; link = link->next)
    {
      const HandoffSession *session = link->data;

      g_strv_builder_add (builder, session->id);
      maximum--;
    }
  return g_strv_builder_end (builder);
}

GPtrArray *
handoff_session_store_dup_page (HandoffSessionStore *self,
                                const guint *uid,
                                guint64 after,
                                guint maximum)
{
  GPtrArray *sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_session_unref);
  const Position position = { uid != NULL ? *uid : 0, after };
  GTreeNode *node;

  for (node = g_tree_upper_bound (uid != NULL ? self->by_user : self->by_number, &position);
       node != NULL && sessions->len < maximum; node = g_tree_node_next (node))
    {
      HandoffSession *session = g_tree_node_value (node);

      if (uid != NULL && handoff_caller_get_uid (session->caller) != *uid)
        break;
      g_ptr_array_add (sessions, handoff_session_ref (session));
    }
  return sessions;
}

void
handoff_session_store_remove (HandoffSessionStore *self, HandoffSession *session)
{
  const Position position = { handoff_caller_get_uid (session->caller), session->number };

  if (!g_hash_table_remove (self->sessions, session->id))
    return;
  g_tree_remove (self->by_number, &position);
  g_tree_remove (self->by_user, &position);
  remove_from_caller (self, session);
  g_clear_handle_id (&session->lifetime_id, g_source_remove);
  g_clear_pointer (&session->session_place, handoff_place_free);
  g_clear_pointer (&session->outliving_place, handoff_place_free);
  session->removed = TRUE;
  self->removed (session, self->user_data);
  handoff_session_unref (session);
}

void
handoff_session_store_remove_all_of (HandoffSessionStore *self, HandoffCaller *caller)
{
  GQueue *queue = g_hash_table_lookup (self->by_caller, handoff_caller_get_bus_name (caller));
  GList *links = queue != NULL ? queue->head : NULL;
  g_autoptr (GPtrArray) sessions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_session_unref);
  guint i;

  for (; links != NULL; links = links->next)
    g_ptr_array_add (sessions, handoff_session_ref (links->data));
  for (i = 0; i < sessions->len; i++)
    {
      HandoffSession *session = g_ptr_array_index (sessions, i);

      if (!session->outlives_caller)
        handoff_session_store_remove (self, session);
    }
}

void
handoff_session_store_remove_all (HandoffSessionStore *self)
{
  g_autoptr (GPtrArray) sessions = handoff_session_store_dup_page (self, NULL, 0, G_MAXUINT);
  guint i;

  for (i = 0; i < sessions->len; i++)
    handoff_session_store_remove (self, g_ptr_array_index (sessions, i));
}

guint
handoff_session_store_get_size (HandoffSessionStore *self)
{
  return g_hash_table_size (self->sessions);
}
