/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "work/turnstile.h"

struct _HandoffTurnstile
{
  grefcount ref_count;
  guint per_user;
  guint total;
  guint n_inside;
  GHashTable *lines; /* (owned) (element-type uid Line): lines of users who wait or are inside */
  GQueue turns;      /* (element-type Line): lines of which a pass may go in; the head is next */
};

typedef struct
{
  guint n_inside;
  GQueue waiting;      /* (element-type HandoffPass) */
  GList turn;          /* the link of this line in the turns */
  gboolean has_a_turn; /* whether that link is in the turns */
} Line;

struct _HandoffPass
{
  HandoffTurnstile *turnstile; /* (owned) */
  guint uid;
  HandoffTurnstileFunc entered;
  gpointer user_data; /* (unowned) */
  gboolean inside;
  guint entered_id; /* tells that it is inside */
};

HandoffTurnstile *
handoff_turnstile_new (guint per_user, guint total)
{
  HandoffTurnstile *self = g_new0 (HandoffTurnstile, 1);

  g_ref_count_init (&self->ref_count);
  self->per_user = per_user;
  self->total = total;
  g_queue_init (&self->turns);
  self->lines = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
handoff_turnstile_unref (HandoffTurnstile *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->lines);
  g_free (self);
}

static gboolean
tell (gpointer user_data)
{
  HandoffPass *pass = user_data;

  pass->entered_id = 0;
  pass->entered (pass->user_data);
  return G_SOURCE_REMOVE;
}

/* Puts the line at the end of the turns, or takes it out. */
static void
update_turn (HandoffTurnstile *self, Line *line)
{
  gboolean wants_one = line->n_inside < self->per_user && !g_queue_is_empty (&line->waiting);

  if (wants_one && !line->has_a_turn)
    g_queue_push_tail_link (&self->turns, &line->turn);
  else if (!wants_one && line->has_a_turn)
    g_queue_unlink (&self->turns, &line->turn);
  line->has_a_turn = wants_one;
}

/* Lets in as many as there is room for. */
static void
let_in (HandoffTurnstile *self)
{
  while (self->n_inside < self->total && !g_queue_is_empty (&self->turns))
    {
      Line *line = g_queue_pop_head_link (&self->turns)->data;
      HandoffPass *pass = g_queue_pop_head (&line->waiting);

      line->has_a_turn = FALSE;
      pass->inside = TRUE;
      pass->entered_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell, pass, NULL);
      line->n_inside++;
      self->n_inside++;
      update_turn (self, line);
    }
}

HandoffPass *
handoff_turnstile_queue (HandoffTurnstile *self,
                         guint uid,
                         HandoffTurnstileFunc entered,
                         gpointer user_data)
{
  Line *line = g_hash_table_lookup (self->lines, GUINT_TO_POINTER (uid));
  HandoffPass *pass = g_new0 (HandoffPass, 1);

  if (line == NULL)
    {
      line = g_new0 (Line, 1);
      g_queue_init (&line->waiting);
      line->turn.data = line;
      g_hash_table_insert (self->lines, GUINT_TO_POINTER (uid), line);
    }
  g_ref_count_inc (&self->ref_count);
  pass->turnstile = self;
  pass->uid = uid;
  pass->entered = entered;
  pass->user_data = user_data;
  g_queue_push_tail (&line->waiting, pass);
  update_turn (self, line);
  let_in (self);
  return pass;
}

void
handoff_pass_free (HandoffPass *self)
{
  HandoffTurnstile *turnstile = self->turnstile;
  Line *line = g_hash_table_lookup (turnstile->lines, GUINT_TO_POINTER (self->uid));

  g_clear_handle_id (&self->entered_id, g_source_remove);
  if (self->inside)
    {
      line->n_inside--;
      turnstile->n_inside--;
    }
  else
    {
      g_queue_remove (&line->waiting, self);
    }
  update_turn (turnstile, line);
  let_in (turnstile);
  if (line->n_inside == 0 && g_queue_is_empty (&line->waiting))
    g_hash_table_remove (turnstile->lines, GUINT_TO_POINTER (self->uid));
  handoff_turnstile_unref (turnstile);
  g_free (self);
}
