/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session/session-home.h"

struct _HandoffSessionHomes
{
  GPtrArray *homes; /* (owned) (element-type HandoffSessionContext) */
};

static void
session_removed (HandoffSession *session, gpointer user_data)
{
  HandoffSessionContext *self = user_data;

  if (self->observer != NULL)
    self->observer->removed (session, self->observer_data);
  handoff_resumption_forget (self->resumption, session);
  if (session->handshake != NULL)
    handoff_handshake_cancel (session->handshake);
}

static void
window_closed (HandoffSession *session, gpointer user_data)
{
  HandoffSessionContext *self = user_data;

  if (session->transient)
    handoff_session_store_remove (self->sessions, session);
}

void
handoff_session_home_init (HandoffSessionContext *self)
{
  g_atomic_ref_count_init (&self->ref_count);
  self->sessions = handoff_session_store_new (self->book, session_removed, self);
  self->resumption = handoff_resumption_new (self->home, self->kept, window_closed, self);
}

void
handoff_session_home_clear (HandoffSessionContext *self)
{
  g_clear_pointer (&self->sessions, handoff_session_store_free);
  g_clear_pointer (&self->resumption, handoff_resumption_free);
}

HandoffSessionContext *
handoff_session_home_new (const HandoffSessionContext *main,
                          HandoffSeat *seat,
                          HandoffGrants *grants)
{
  HandoffSessionContext *self = g_memdup2 (main, sizeof *main);

  self->observer = NULL;
  self->home = handoff_seat_get_worker (seat);
  self->seat = seat;
  self->grants = grants != NULL ? handoff_grants_ref (grants) : NULL;
  handoff_session_home_init (self);
  return self;
}

HandoffSessionContext *
handoff_session_home_ref (const HandoffSessionContext *self)
{
  HandoffSessionContext *home = (HandoffSessionContext *) self;

  g_atomic_ref_count_inc (&home->ref_count);
  return home;
}

void
handoff_session_home_unref (HandoffSessionContext *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  /* It is closed, or its worker would still know of it. */
  handoff_session_home_clear (self);
  handoff_seat_unref (self->seat);
  g_clear_pointer (&self->grants, handoff_grants_unref);
  g_free (self);
}

void
handoff_session_home_close (HandoffSessionContext *self)
{
  handoff_session_store_remove_all (self->sessions);
  handoff_resumption_rest (self->resumption);
}

HandoffSeat *
handoff_session_context_take_seat (const HandoffSessionContext *self, guint uid)
{
  return self->seat != NULL ? handoff_seat_ref (self->seat)
                            : handoff_worker_pool_take_seat (self->worker_pool, uid);
}

HandoffSessionHomes *
handoff_session_homes_new (void)
{
  HandoffSessionHomes *self = g_new (HandoffSessionHomes, 1);

  self->homes = g_ptr_array_new_with_free_func ((GDestroyNotify) handoff_session_home_unref);
  return self;
}

void
handoff_session_homes_free (HandoffSessionHomes *self)
{
  g_ptr_array_unref (self->homes);
  g_free (self);
}

void
handoff_session_homes_add (HandoffSessionHomes *self, HandoffSessionContext *home)
{
  g_ptr_array_add (self->homes, handoff_session_home_ref (home));
}

void
handoff_session_homes_remove (HandoffSessionHomes *self, HandoffSessionContext *home)
{
  g_ptr_array_remove_fast (self->homes, home);
}

/* Word for a home. The service waits until it is heard. */
typedef struct
{
  HandoffSessionContext *home;  /* (owned) */
  HandoffCaller *caller;        /* (owned) (nullable) */
  HandoffIdleTimer *idle_timer; /* (unowned): held */
} Word;

static void
word_free (gpointer data)
{
  Word *word = data;

  handoff_session_home_unref (word->home);
  g_clear_object (&word->caller);
  handoff_idle_timer_release (word->idle_timer);
  g_free (word);
}

/* caller: (nullable) */
static void
send (HandoffSessionHomes *self, GSourceFunc function, HandoffCaller *caller)
{
  guint i;

  for (i = 0; i < self->homes->len; i++)
    {
      Word *word = g_new0 (Word, 1);

      word->home = handoff_session_home_ref (g_ptr_array_index (self->homes, i));
      word->idle_timer = word->home->idle_timer;
      handoff_idle_timer_hold (word->idle_timer);
      g_set_object (&word->caller, caller);
      handoff_worker_invoke (word->home->home, function, word, word_free);
    }
}

static gboolean
close_outdated (gpointer data)
{
  handoff_resumption_close_outdated (((Word *) data)->home->resumption);
  return G_SOURCE_REMOVE;
}

void
handoff_session_homes_close_outdated (HandoffSessionHomes *self)
{
  send (self, close_outdated, NULL);
}

static gboolean
remove_all_of (gpointer data)
{
  Word *word = data;

  handoff_session_store_remove_all_of (word->home->sessions, word->caller);
  return G_SOURCE_REMOVE;
}

void
handoff_session_homes_remove_all_of (HandoffSessionHomes *self, HandoffCaller *caller)
{
  send (self, remove_all_of, caller);
}

static gboolean
close_home (gpointer data)
{
  handoff_session_home_close (((Word *) data)->home);
  return G_SOURCE_REMOVE;
}

void
handoff_session_homes_close (HandoffSessionHomes *self)
{
  send (self, close_home, NULL);
}
