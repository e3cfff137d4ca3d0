/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/session.h"

#include <gnutls/crypto.h>

#include "keyblob/handoff-names.h"
#include "work/clock.h"

struct _HandoffSessionStore
{
  HandoffSessionBook *book; /* (unowned) */
  GHashTable *sessions;     /* (owned) (element-type utf8 HandoffSession): by id */
  GHashTable *by_caller;    /* (owned) (element-type utf8 GQueue): by bus name; none is empty */
  GQueue outliving;         /* (element-type HandoffSession): that outlive their callers */
  HandoffSessionFunc removed;
  gpointer user_data; /* (unowned) */
};

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
  g_assert (self->window == NULL && self->lifetime == NULL);
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
  return handoff_session_role_get_name (session->role);
}

const char *
handoff_session_get_state_name (const HandoffSession *session)
{
  if (session->failed)
    return HANDOFF_STATE_FAILED;
  switch (session->state)
    {
    case HANDOFF_HANDSHAKE_CONTINUE:
      return HANDOFF_STATE_CONTINUE;
    case HANDOFF_HANDSHAKE_REVIEW:
      return HANDOFF_STATE_CERTIFICATE_REVIEW;
    case HANDOFF_HANDSHAKE_REQUEST:
      return HANDOFF_STATE_CERTIFICATE_REQUEST;
    case HANDOFF_HANDSHAKE_COMPLETE:
    case HANDOFF_HANDSHAKE_EXPORTED:
      return HANDOFF_STATE_COMPLETE;
    case HANDOFF_HANDSHAKE_FAILED:
    default:
      return HANDOFF_STATE_FAILED;
    }
}

HandoffSessionStore *
handoff_session_store_new (HandoffSessionBook *book, HandoffSessionFunc removed, gpointer user_data)
{
  HandoffSessionStore *self = g_new0 (HandoffSessionStore, 1);

  self->book = book;
  self->sessions = g_hash_table_new (g_str_hash, g_str_equal);
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
  session->outliving_link.data = session;
  if (session->outlives_caller)
    g_queue_push_tail_link (&self->outliving, &session->outliving_link);
}

static void
remove_from_caller (HandoffSessionStore *self, HandoffSession *session)
{
  const char *bus_name = handoff_caller_get_bus_name (session->caller);
  GQueue *queue = g_hash_table_lookup (self->by_caller, bus_name);

  g_queue_unlink (queue, &session->caller_link);
  if (g_queue_is_empty (queue))
    g_hash_table_remove (self->by_caller, bus_name);
  if (session->outlives_caller)
    g_queue_unlink (&self->outliving, &session->outliving_link);
}

/* What the book says of it. Nothing in it is copied. */
static HandoffSessionEntry
describe (const HandoffSession *session)
{
  const HandoffHandshakeOutcome *outcome = session->outcome;

  return (HandoffSessionEntry){
    .role = session->role,
    .pid = handoff_caller_get_pid (session->caller),
    .start_time = session->start_time,
    .state = handoff_session_get_state_name (session),
    .protocol = outcome != NULL ? outcome->protocol : "",
    .cipher_suite = outcome != NULL ? outcome->cipher_suite : "",
    .server_identity = session->server_identity,
    .credential_label = session->credential_label != NULL ? session->credential_label : (char *) "",
    .id = session->id,
  };
}

void
handoff_session_store_add (HandoffSessionStore *self, HandoffSession *session)
{
  const HandoffSessionEntry description = describe (session);

  session->store = self;
  session->entry = handoff_session_book_add (self->book, &description);
  g_hash_table_insert (self->sessions, session->id, handoff_session_ref (session));
  add_to_caller (self, session);
}

void
handoff_session_store_note (HandoffSessionStore *self, HandoffSession *session)
{
  const HandoffSessionEntry description = describe (session);

  if (session->entry != NULL)
    handoff_session_book_update (self->book, session->entry, &description);
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

/* Those of the queue that outlive their callers, or those that do not: the first of them. */
static void
collect (HandoffSessionStore *self,
         const GQueue *queue,
         gboolean outliving,
         HandoffCaller *caller,
         guint64 after,
         guint maximum,
         GPtrArray *found)
{
  const GList *link;
  guint n = 0;

  for (link = queue->head; link != NULL && n < maximum; link = link->next)
    {
      const HandoffSession *session = link->data;

      if (session->entry->number <= after || session->outlives_caller != outliving ||
          !is_owned_by (session, caller))
        continue;
      n++;
      g_ptr_array_add (found, handoff_session_book_dup_entry (self->book, session->entry));
    }
}

static int
compare_elements (gconstpointer a, gconstpointer b)
{
  return handoff_session_entry_compare (*(const gpointer *) a, *(const gpointer *) b);
}

GPtrArray *
handoff_session_store_dup_page_of (HandoffSessionStore *self,
                                   HandoffCaller *caller,
                                   guint64 after,
                                   guint maximum)
{
  const GQueue *own = g_hash_table_lookup (self->by_caller, handoff_caller_get_bus_name (caller));
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_session_entry_free);

  if (own != NULL)
    collect (self, own, FALSE, caller, after, maximum, found);
  collect (self, &self->outliving, TRUE, caller, after, maximum, found);
  g_ptr_array_sort (found, compare_elements);
  if (found->len > maximum)
    g_ptr_array_set_size (found, (int) maximum);
  return found;
}

void
handoff_session_store_remove (HandoffSessionStore *self, HandoffSession *session)
{
  if (!g_hash_table_remove (self->sessions, session->id))
    return;
  remove_from_caller (self, session);
  handoff_session_book_remove (self->book, g_steal_pointer (&session->entry));
  g_clear_pointer (&session->lifetime, handoff_home_timer_free);
  g_clear_pointer (&session->session_place, handoff_place_free);
  g_clear_pointer (&session->outliving_place, handoff_place_free);
  session->store = NULL;
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
  GHashTableIter iter;
  gpointer session;

  /* While one goes, others may go with it. */
  while (g_hash_table_size (self->sessions) > 0)
    {
      g_hash_table_iter_init (&iter, self->sessions);
      g_hash_table_iter_next (&iter, NULL, &session);
      handoff_session_store_remove (self, session);
    }
}
