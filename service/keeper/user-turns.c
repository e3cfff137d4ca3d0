/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/user-turns.h"

#include "keyblob/secret-memory.h"

typedef struct
{
  HandoffTurnWork work;
  HandoffTurnDone done;
  gpointer data;
  guint uid;
} Piece;

typedef struct
{
  guint uid;
  guint n_working;
  GQueue waiting;      /* (element-type Piece) */
  GList turn;          /* the link of this line in the turns */
  gboolean has_a_turn; /* whether that link is in the turns */
} Line;

/* The lock covers all but the threads. */
struct _HandoffUserTurns
{
  GMutex mutex;
  GCond cond;         /* there is a turn, or an end */
  GHashTable *lines;  /* (owned) (element-type uid Line) */
  GQueue turns;       /* (element-type Line): the head is next */
  GQueue done;        /* (element-type Piece): for the main thread */
  guint done_id;      /* the source that runs there; 0: none */
  GPtrArray *threads; /* (owned) (element-type GThread) */
  guint per_user;
  gboolean has_ended;
};

static void
update_turn (HandoffUserTurns *self, Line *line)
{
  const gboolean wants_one = line->n_working < self->per_user && !g_queue_is_empty (&line->waiting);

  if (wants_one && !line->has_a_turn)
    {
      g_queue_push_tail_link (&self->turns, &line->turn);
      g_cond_signal (&self->cond);
    }
  else if (!wants_one && line->has_a_turn)
    g_queue_unlink (&self->turns, &line->turn);
  line->has_a_turn = wants_one;
  if (line->n_working == 0 && g_queue_is_empty (&line->waiting))
    g_hash_table_remove (self->lines, GUINT_TO_POINTER (line->uid));
}

static Piece *
take_piece (HandoffUserTurns *self)
{
  Line *line = g_queue_pop_head_link (&self->turns)->data;
  Piece *piece = g_queue_pop_head (&line->waiting);

  line->has_a_turn = FALSE;
  line->n_working++;
  update_turn (self, line);
  return piece;
}

static gboolean
tell (gpointer user_data)
{
  HandoffUserTurns *self = user_data;
  GQueue done;

  g_mutex_lock (&self->mutex);
  done = self->done;
  g_queue_init (&self->done);
  self->done_id = 0;
  g_mutex_unlock (&self->mutex);
  while (!g_queue_is_empty (&done))
    {
      g_autofree Piece *piece = g_queue_pop_head (&done);

      piece->done (piece->data);
    }
  return G_SOURCE_REMOVE;
}

static void
finish_piece (HandoffUserTurns *self, Piece *piece)
{
  Line *line = g_hash_table_lookup (self->lines, GUINT_TO_POINTER (piece->uid));

  line->n_working--;
  update_turn (self, line);
  g_queue_push_tail (&self->done, piece);
  if (self->done_id == 0)
    self->done_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell, self, NULL);
}

static gpointer
work_in_turns (gpointer user_data)
{
  HandoffUserTurns *self = user_data;

  g_mutex_lock (&self->mutex);
  while (TRUE)
    {
      Piece *piece;

      while (g_queue_is_empty (&self->turns) && !self->has_ended)
        g_cond_wait (&self->cond, &self->mutex);
      if (self->has_ended)
        break;
      piece = take_piece (self);
      g_mutex_unlock (&self->mutex);
      piece->work (piece->data);
      /* All of it has to do with keys, and the thread goes on. */
      handoff_wipe_stack ();
      g_mutex_lock (&self->mutex);
      finish_piece (self, piece);
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static void
line_free (Line *line)
{
  g_queue_clear_full (&line->waiting, g_free);
  g_free (line);
}

HandoffUserTurns *
handoff_user_turns_new (const char *name, guint n_threads, guint per_user)
{
  HandoffUserTurns *self = g_new0 (HandoffUserTurns, 1);
  guint i;

  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->lines = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) line_free);
  self->threads = g_ptr_array_new ();
  self->per_user = per_user;
  for (i = 0; i < n_threads; i++)
    g_ptr_array_add (self->threads, g_thread_new (name, work_in_turns, self));
  return self;
}

void
handoff_user_turns_free (HandoffUserTurns *self)
{
  guint i;

  g_mutex_lock (&self->mutex);
  self->has_ended = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  for (i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_clear_handle_id (&self->done_id, g_source_remove);
  g_ptr_array_unref (self->threads);
  g_queue_clear_full (&self->done, g_free);
  g_hash_table_unref (self->lines);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

void
handoff_user_turns_add (
    HandoffUserTurns *self, guint uid, HandoffTurnWork work, HandoffTurnDone done, gpointer data)
{
  Piece *piece = g_new (Piece, 1);
  Line *line;

  *piece = (Piece){ work, done, data, uid };
  g_mutex_lock (&self->mutex);
  line = g_hash_table_lookup (self->lines, GUINT_TO_POINTER (uid));
  if (line == NULL)
    {
      line = g_new0 (Line, 1);
      line->uid = uid;
      g_queue_init (&line->waiting);
      line->turn.data = line;
      g_hash_table_insert (self->lines, GUINT_TO_POINTER (uid), line);
    }
  g_queue_push_tail (&line->waiting, piece);
  update_turn (self, line);
  g_mutex_unlock (&self->mutex);
}
