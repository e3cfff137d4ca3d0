/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/handshake-line.h"

#include "keyblob/tls-handoff-error.h"
#include "work/clock.h"

struct _HandoffHandshakeLine
{
  HandoffQuota *handshakes; /* (unowned) */
  HandoffQuota *waiting;    /* (owned) */
  /* (element-type GQueue): a queue of what waits for each user who has any; the next user first */
  GQueue users;
  gint n_users; /* (atomic): how many these are, for other threads */
};

/* A call in line, or one that has its place and is about to go on. */
typedef struct
{
  HandoffHandshakeLine *line;         /* (unowned) (nullable): NULL once it has its place */
  HandoffPreparedHandshake *prepared; /* (owned) */
  HandoffCall *call;                  /* (owned) */
  HandoffHandshakeTurnFunc turn;
  GSource *deadline; /* (owned) */
  GSource *left;     /* (owned): its caller has left */
} Waiting;

static guint
get_uid (const Waiting *waiting)
{
  return handoff_caller_get_uid (waiting->prepared->session->caller);
}

static gboolean
take_place (HandoffHandshakeLine *self, HandoffPreparedHandshake *prepared, GError **error)
{
  const HandoffConfiguration *configuration =
      handoff_tls_policy_get_configuration (prepared->request->policy);
  HandoffSession *session = prepared->session;

  session->handshake_place = handoff_quota_take (
      self->handshakes, handoff_caller_get_uid (session->caller),
      configuration->handshakes_per_user, configuration->handshakes_total, error);
  return session->handshake_place != NULL;
}

/* The link of the queue of that user. (nullable) */
static GList *
find_user (HandoffHandshakeLine *self, guint uid)
{
  GList *link;

  for (link = self->users.head; link != NULL; link = link->next)
    {
      if (get_uid (g_queue_peek_head (link->data)) == uid)
        return link;
    }
  return NULL;
}

/* After each change of the users. */
static void
count_users (HandoffHandshakeLine *self)
{
  g_atomic_int_set (&self->n_users, (gint) self->users.length);
}

static void
drop_user (HandoffHandshakeLine *self, GList *user)
{
  g_queue_free (user->data);
  g_queue_delete_link (&self->users, user);
  count_users (self);
}

static void
end_source (GSource **source)
{
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* It does not wait any more. What it held is the caller's to free. */
static void
waiting_end (Waiting *waiting)
{
  end_source (&waiting->deadline);
  end_source (&waiting->left);
  g_clear_pointer (&waiting->prepared->waiting_place, handoff_place_free);
}

/* It is out of the line, and its caller has left: nobody would close a session that begins now. */
static void
drop (Waiting *waiting)
{
  handoff_call_free (waiting->call);
  handoff_prepared_handshake_free (waiting->prepared);
}

static gboolean
turn_cb (gpointer user_data)
{
  Waiting *waiting = user_data;
  HandoffCaller *caller = waiting->prepared->session->caller;

  /* When a process dies, the places of its handshakes may be given to others of its own. */
  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (caller)))
    drop (waiting);
  else
    waiting->turn (waiting->prepared, waiting->call);
  g_free (waiting);
  return G_SOURCE_REMOVE;
}

/* It has its place, and goes on when whatever freed the place is done. */
static void
give_turn (Waiting *waiting)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  waiting_end (waiting);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, turn_cb, waiting, NULL);
  g_source_attach (source, NULL);
}

/* The first user who may have a free place gets it, and is the last one the next time. FALSE if
 * there is none for anybody. */
static gboolean
give_place (HandoffHandshakeLine *self)
{
  GList *user;

  for (user = self->users.head; user != NULL; user = user->next)
    {
      GQueue *queue = user->data;
      Waiting *waiting = g_queue_peek_head (queue);

      if (!take_place (self, waiting->prepared, NULL))
        continue;
      g_queue_pop_head (queue);
      g_queue_unlink (&self->users, user);
      if (g_queue_is_empty (queue))
        {
          g_queue_free (queue);
          g_list_free (user);
        }
      else
        g_queue_push_tail_link (&self->users, user);
      count_users (self);
      give_turn (waiting);
      return TRUE;
    }
  return FALSE;
}

/* Perhaps several are free: a worker may have freed some before this thread heard of the first. */
static void
place_freed (gpointer user_data)
{
  while (give_place (user_data))
    ;
}

HandoffHandshakeLine *
handoff_handshake_line_new (HandoffQuota *handshakes)
{
  HandoffHandshakeLine *self = g_new0 (HandoffHandshakeLine, 1);

  self->handshakes = handshakes;
  self->waiting = handoff_quota_new ("handshakes that wait for their turn");
  g_queue_init (&self->users);
  handoff_quota_set_freed_func (handshakes, place_freed, self);
  return self;
}

static void
remove_from_line (Waiting *waiting)
{
  GList *user = find_user (waiting->line, get_uid (waiting));

  g_queue_remove (user->data, waiting);
  if (g_queue_is_empty (user->data))
    drop_user (waiting->line, user);
}

/* It is out of the line. */
static void
fail (Waiting *waiting, const GError *error)
{
  waiting_end (waiting);
  handoff_prepared_handshake_note_error (waiting->prepared, error);
  handoff_call_fail (waiting->call, error);
  handoff_prepared_handshake_free (waiting->prepared);
  g_free (waiting);
}

void
handoff_handshake_line_free (HandoffHandshakeLine *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, "The service ends");

  handoff_quota_set_freed_func (self->handshakes, NULL, NULL);
  while (!g_queue_is_empty (&self->users))
    {
      Waiting *waiting = g_queue_peek_head (g_queue_peek_head (&self->users));

      remove_from_line (waiting);
      fail (waiting, error);
    }
  handoff_quota_free (self->waiting);
  g_free (self);
}

gboolean
handoff_handshake_line_try (HandoffHandshakeLine *self, HandoffPreparedHandshake *prepared)
{
  return g_atomic_int_get (&self->n_users) == 0 && take_place (self, prepared, NULL);
}

gboolean
handoff_handshake_line_enter (HandoffHandshakeLine *self,
                              HandoffPreparedHandshake *prepared,
                              HandoffCall *call,
                              GError **error)
{
  g_autoptr (GError) local_error = NULL;
  const guint uid = handoff_caller_get_uid (prepared->session->caller);

  /* Whoever waits has precedence. */
  if (find_user (self, uid) == NULL || !prepared->request->options->wait)
    {
      if (take_place (self, prepared, &local_error))
        return TRUE;
    }
  if (prepared->request->options->wait &&
      g_variant_get_size (handoff_call_get_parameters (call)) <= HANDOFF_CALLS_WAITING_MAX_SIZE)
    prepared->waiting_place =
        handoff_quota_take (self->waiting, uid, HANDOFF_CALLS_WAITING_PER_USER,
                            HANDOFF_CALLS_WAITING, local_error == NULL ? &local_error : NULL);
  if (prepared->waiting_place != NULL)
    {
      /* It counts here, not among the calls under way: those are limited for all methods alike. */
      handoff_call_wait (call);
      return TRUE;
    }
  if (local_error == NULL)
    take_place (self, prepared, &local_error);
  if (prepared->session->handshake_place != NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
deadline_cb (gpointer user_data)
{
  Waiting *waiting = user_data;
  g_autoptr (GError) error =
      g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED,
                   "This user has as many handshakes at once as the configuration allows, and no "
                   "turn came within %u s; try again when some have ended",
                   waiting->prepared->request->options->timeout);

  remove_from_line (waiting);
  fail (waiting, error);
  return G_SOURCE_REMOVE;
}

static gboolean
left_cb (GCancellable *cancellable, gpointer user_data)
{
  Waiting *waiting = user_data;

  remove_from_line (waiting);
  waiting_end (waiting);
  drop (waiting);
  g_free (waiting);
  return G_SOURCE_REMOVE;
}

void
handoff_handshake_line_join (HandoffHandshakeLine *self,
                             HandoffPreparedHandshake *prepared,
                             HandoffCall *call,
                             HandoffHandshakeTurnFunc turn)
{
  const guint uid = handoff_caller_get_uid (prepared->session->caller);
  GList *user = find_user (self, uid);
  Waiting *waiting;

  /* Places may have become free while polkit was asked. */
  if (user == NULL && take_place (self, prepared, NULL))
    {
      g_clear_pointer (&prepared->waiting_place, handoff_place_free);
      turn (prepared, call);
      return;
    }

  waiting = g_new0 (Waiting, 1);
  waiting->line = self;
  waiting->prepared = prepared;
  waiting->call = call;
  waiting->turn = turn;
  waiting->deadline = handoff_clock_timeout_source_new (
      (gint64) prepared->request->options->timeout * G_TIME_SPAN_SECOND);
  g_source_set_callback (waiting->deadline, deadline_cb, waiting, NULL);
  g_source_attach (waiting->deadline, NULL);
  waiting->left =
      g_cancellable_source_new (handoff_caller_get_cancellable (prepared->session->caller));
  g_source_set_callback (waiting->left, G_SOURCE_FUNC (left_cb), waiting, NULL);
  g_source_attach (waiting->left, NULL);

  if (user == NULL)
    {
      g_queue_push_tail (&self->users, g_queue_new ());
      count_users (self);
      user = self->users.tail;
    }
  g_queue_push_tail (user->data, waiting);
}
