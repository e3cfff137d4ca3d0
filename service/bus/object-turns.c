/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/object-turns.h"

#include "work/clock.h"

struct _HandoffObjectTurns
{
  HandoffObjectTurnFunc func;
  GHashTable *users; /* (owned) (element-type uid User): with something to do */
};

typedef struct
{
  HandoffObjectTurns *turns; /* (unowned) */
  guint uid;
  GQueue called;  /* the watchers that somebody waits for, in order */
  GQueue waiting; /* the others */
  gboolean has_turn;
  gboolean is_rested; /* the next of the others may come */
  guint rest_id;
} User;

static void
user_free (gpointer data)
{
  User *user = data;

  g_queue_clear (&user->called);
  g_queue_clear (&user->waiting);
  g_clear_handle_id (&user->rest_id, g_source_remove);
  g_free (user);
}

HandoffObjectTurns *
handoff_object_turns_new (HandoffObjectTurnFunc func)
{
  HandoffObjectTurns *self = g_new0 (HandoffObjectTurns, 1);

  self->func = func;
  self->users = g_hash_table_new_full (NULL, NULL, NULL, user_free);
  return self;
}

void
handoff_object_turns_free (HandoffObjectTurns *self)
{
  g_hash_table_unref (self->users);
  g_free (self);
}

static User *
get_user (HandoffObjectTurns *self, guint uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  user->turns = self;
  user->uid = uid;
  user->is_rested = TRUE;
  g_queue_init (&user->called);
  g_queue_init (&user->waiting);
  g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
  return user;
}

static void
go_on (User *user)
{
  HandoffObjectTurns *self = user->turns;
  gpointer watcher;

  if (user->has_turn)
    return;
  /* The others first, after a rest: calls without end would keep them waiting for ever. */
  watcher = user->is_rested ? g_queue_pop_head (&user->waiting) : NULL;
  if (watcher != NULL)
    user->is_rested = FALSE;
  else
    watcher = g_queue_pop_head (&user->called);
  if (watcher != NULL)
    {
      user->has_turn = TRUE;
      self->func (watcher);
    }
  else if (user->is_rested)
    {
      g_hash_table_remove (self->users, GUINT_TO_POINTER (user->uid));
    }
}

void
handoff_object_turns_want (HandoffObjectTurns *self,
                           guint uid,
                           gpointer watcher,
                           gboolean is_called)
{
  User *user = get_user (self, uid);

  if (g_queue_find (&user->called, watcher) == NULL)
    {
      if (is_called)
        g_queue_remove (&user->waiting, watcher);
      if (is_called || g_queue_find (&user->waiting, watcher) == NULL)
        g_queue_push_tail (is_called ? &user->called : &user->waiting, watcher);
    }
  go_on (user);
}

void
handoff_object_turns_forget (HandoffObjectTurns *self, guint uid, gpointer watcher)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user == NULL)
    return;
  g_queue_remove (&user->called, watcher);
  g_queue_remove (&user->waiting, watcher);
}

static gboolean
rest_over (gpointer user_data)
{
  User *user = user_data;

  user->rest_id = 0;
  user->is_rested = TRUE;
  go_on (user);
  return G_SOURCE_REMOVE;
}

void
handoff_object_turns_end (HandoffObjectTurns *self, guint uid, guint n_objects)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  user->has_turn = FALSE;
  if (user->rest_id == 0 && !user->is_rested)
    user->rest_id = handoff_clock_add_timeout (
        HANDOFF_OBJECT_TURNS_REST + n_objects * HANDOFF_OBJECT_TURNS_REST_FOR_ONE, rest_over, user);
  go_on (user);
}
