/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/known-sessions.h"

#include <string.h>

#include "broker/known-callers.h"
#include "broker/places.h"

typedef struct
{
  char *id;          /* (owned) */
  char *name;        /* (owned): of who made it */
  gboolean is_users; /* it outlives him: it is his user's */
  GList link;        /* in the queue of who made it */
} Path;

struct _HandoffKnownSessions
{
  GHashTable *by_id;   /* (owned) (element-type utf8 Path): owns them */
  GHashTable *by_name; /* (owned) (element-type utf8 GQueue): none is empty */
};

static void
path_free (gpointer data)
{
  Path *path = data;

  g_free (path->id);
  g_free (path->name);
  g_free (path);
}

HandoffKnownSessions *
handoff_known_sessions_new (void)
{
  HandoffKnownSessions *self = g_new0 (HandoffKnownSessions, 1);

  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, path_free);
  self->by_name =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);
  return self;
}

static void
remove_path (HandoffKnownSessions *self, Path *path)
{
  GQueue *queue = g_hash_table_lookup (self->by_name, path->name);

  g_queue_unlink (queue, &path->link);
  if (g_queue_is_empty (queue))
    g_hash_table_remove (self->by_name, path->name);
  g_hash_table_remove (self->by_id, path->id);
}

void
handoff_known_sessions_free (HandoffKnownSessions *self)
{
  GHashTableIter iter;
  gpointer path;

  while (g_hash_table_size (self->by_id) > 0)
    {
      g_hash_table_iter_init (&iter, self->by_id);
      g_hash_table_iter_next (&iter, NULL, &path);
      remove_path (self, path);
    }
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_id);
  g_free (self);
}

static void
add (HandoffKnownSessions *self, HandoffCaller *caller, const char *id, gboolean is_users)
{
  Path *path = g_new0 (Path, 1);
  GQueue *queue = g_hash_table_lookup (self->by_name, handoff_caller_get_bus_name (caller));

  path->id = g_strdup (id);
  path->name = g_strdup (handoff_caller_get_bus_name (caller));
  path->is_users = is_users;
  path->link.data = path;
  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->by_name, g_strdup (path->name), queue);
    }
  g_queue_push_tail_link (queue, &path->link);
  g_hash_table_insert (self->by_id, path->id, path);
}

gboolean
handoff_known_sessions_has (HandoffKnownSessions *self, const char *id, HandoffCaller *caller)
{
  const Path *path = g_hash_table_lookup (self->by_id, id);

  return path != NULL &&
         (path->is_users || g_str_equal (path->name, handoff_caller_get_bus_name (caller)));
}

char **
handoff_known_sessions_list (HandoffKnownSessions *self, const char *name, guint maximum)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const GQueue *queue = g_hash_table_lookup (self->by_name, name);
  const GList *link;

  for (link = queue != NULL ? queue->head : NULL; link != NULL && maximum > 0; link = link->next)
    {
      g_strv_builder_add (builder, ((const Path *) link->data)->id);
      maximum--;
    }
  return g_strv_builder_end (builder);
}

void
handoff_known_sessions_forget (HandoffKnownSessions *self, HandoffCaller *caller)
{
  GQueue *queue = g_hash_table_lookup (self->by_name, handoff_caller_get_bus_name (caller));
  GList *link = queue != NULL ? queue->head : NULL;

  while (link != NULL)
    {
      Path *path = link->data;

      link = link->next;
      if (!path->is_users)
        remove_path (self, path);
    }
}

/* As session.c makes it: 32 hexadecimal digits. */
static gboolean
is_id (const char *id)
{
  return strlen (id) == 32 && strspn (id, "0123456789abcdef") == 32;
}

void
handoff_handshaker_take_session_made (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  HandoffCaller *caller;
  const char *id;
  guint64 number;
  gboolean is_users;

  g_variant_get (message->body, "(t&sb)", &number, &id, &is_users);
  caller = handoff_handshaker_find_caller (self, number);
  if (!is_id (id) || g_hash_table_contains (self->sessions->by_id, id))
    handoff_handshaker_breach (self, "a session of that name");
  /* Each had its place before; what it gave back since may have come before this. */
  else if (g_hash_table_size (self->sessions->by_id) >=
           handoff_places_desk_get_most (self->places, HANDOFF_PLACES_SESSIONS))
    handoff_handshaker_breach (self, "a session that has no place");
  else if (caller != NULL &&
           (is_users || !g_cancellable_is_cancelled (handoff_caller_get_cancellable (caller))))
    {
      add (self->sessions, caller, id, is_users);
      handoff_handshaker_sessions_changed (self);
    }
}

void
handoff_handshaker_take_session_expired (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  const char *id;

  g_variant_get (message->body, "(&s)", &id);
  /* It may have gone with its caller. */
  if (g_hash_table_contains (self->sessions->by_id, id))
    handoff_handshaker_sessions_changed (self);
}

void
handoff_handshaker_take_session_gone (HandoffHandshaker *self, HandoffLinkMessage *message)
{
  const char *id;
  Path *path;

  g_variant_get (message->body, "(&s)", &id);
  path = g_hash_table_lookup (self->sessions->by_id, id);
  /* It may have gone with its caller. */
  if (path == NULL)
    return;
  remove_path (self->sessions, path);
  handoff_handshaker_sessions_changed (self);
}
