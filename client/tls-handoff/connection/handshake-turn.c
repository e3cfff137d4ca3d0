/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "connection/handshake-turn.h"

#include "call/process.h"

typedef struct
{
  pid_t process; /* the one that counts */
  GMutex lock;
  guint n_taken;
  GQueue waiting; /* (element-type GTask): each owned, and in order */
} Turns;

/* (owned) (nullable): atomic. That of a parent process is left alone: its lock may be held for
 * ever.
 */
static Turns *current;

static Turns *
get_turns (void)
{
  Turns *found = g_atomic_pointer_get (&current);
  Turns *made;

  if (found != NULL && !handoff_process_is_forked_from (found->process))
    return found;

  made = g_new0 (Turns, 1);
  made->process = getpid ();
  g_mutex_init (&made->lock);
  g_queue_init (&made->waiting);
  if (g_atomic_pointer_compare_and_exchange (&current, found, made))
    return made;

  /* Another thread was faster. */
  g_mutex_clear (&made->lock);
  g_free (made);
  return get_turns ();
}

gboolean
handoff_handshake_turn_try_take (void)
{
  Turns *turns = get_turns ();
  gboolean taken;

  g_mutex_lock (&turns->lock);
  taken = turns->n_taken < HANDOFF_HANDSHAKES_AT_ONCE;
  if (taken)
    turns->n_taken++;
  g_mutex_unlock (&turns->lock);
  return taken;
}

void
handoff_handshake_turn_release (void)
{
  Turns *turns = get_turns ();
  g_autoptr (GTask) next = NULL;

  g_mutex_lock (&turns->lock);
  next = g_queue_pop_head (&turns->waiting);
  /* One that was taken before a fork() is not counted here. */
  if (next == NULL && turns->n_taken > 0)
    turns->n_taken--;
  g_mutex_unlock (&turns->lock);

  if (next != NULL)
    g_task_return_boolean (next, TRUE);
}

/* In the context of the task: whether it is cancelled there while it waits. */
static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  Turns *turns = get_turns ();
  gboolean was_waiting;

  g_mutex_lock (&turns->lock);
  was_waiting = g_queue_remove (&turns->waiting, task);
  g_mutex_unlock (&turns->lock);

  if (was_waiting)
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

void
handoff_handshake_turn_take_async (GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Turns *turns = get_turns ();
  GSource *cancelled;
  gboolean taken;

  g_task_set_source_tag (task, handoff_handshake_turn_take_async);
  /* A turn that was given has to be released: it must not get lost in a cancellation. */
  g_task_set_check_cancellable (task, FALSE);
  cancelled = g_cancellable_source_new (cancellable);
  g_task_set_task_data (task, cancelled, (GDestroyNotify) g_source_unref);

  g_mutex_lock (&turns->lock);
  taken = turns->n_taken < HANDOFF_HANDSHAKES_AT_ONCE;
  if (taken)
    turns->n_taken++;
  else
    g_queue_push_tail (&turns->waiting, g_object_ref (task));
  g_mutex_unlock (&turns->lock);

  if (taken)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  /* Only what is attached lets go of the task when it is destroyed. */
  g_source_set_callback (cancelled, G_SOURCE_FUNC (cancelled_cb), g_object_ref (task),
                         g_object_unref);
  g_source_attach (cancelled, g_task_get_context (task));
}

gboolean
handoff_handshake_turn_take_finish (GAsyncResult *result, GError **error)
{
  /* It holds the task, if it was attached. */
  g_source_destroy (g_task_get_task_data (G_TASK (result)));
  return g_task_propagate_boolean (G_TASK (result), error);
}
