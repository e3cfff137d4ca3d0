/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Locks: a slot's lock guards all in it but its process. Nobody waits for the bus, or touches a
 * channel's locks for longer than a look, while holding it. */

#include "config.h"

#include "call/channel-slot.h"

#include <unistd.h>

#include "call/channel-opening.h"
#include "call/process.h"

/* How long a refusal is remembered. */
#define REFUSAL_TIME (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  gatomicrefcount ref_count;
  pid_t process; /* the one that made it */
  GMutex lock;
  GCond changed;
  HandoffServiceChannel *channel; /* (owned) (nullable): the last one */
  gint64 refused_until;           /* monotonic; 0: it is not */
  char *refuser;                  /* (owned) (nullable): who refused */

  gboolean opening;
  GQueue waiting; /* (element-type GTask): owned, each for its channel */
  guint n_opened; /* openings that ended, however */
  /* How the last one ended, if it was not cancelled; else a waiting one tries again. */
  gboolean decided;
  GError *error; /* (owned) (nullable): NOBODY */
} Slot;

static Slot *own_slot; /* (owned) (nullable): atomic: of the library's own connection */

static Slot *
slot_new (void)
{
  Slot *self = g_new0 (Slot, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->process = getpid ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  return self;
}

static Slot *
slot_ref (Slot *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
slot_unref (Slot *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count) || handoff_process_is_forked_from (self->process))
    return;

  g_clear_pointer (&self->channel, handoff_service_channel_unref);
  g_free (self->refuser);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Slot, slot_unref)

static gboolean
is_turned_off (void)
{
  static gsize known; /* 1: on, 2: off */

  if (g_once_init_enter (&known))
    g_once_init_leave (&known, g_strcmp0 (g_getenv ("TLS_HANDOFF_CHANNEL"), "0") == 0 ? 2 : 1);
  return known == 2;
}

/* The one of an application's connection lies with it. */
static Slot *
dup_given_slot (GDBusConnection *connection)
{
  static GMutex lock;
  static GQuark key;
  Slot *slot;

  g_mutex_lock (&lock);
  if (key == 0)
    key = g_quark_from_static_string ("tls-handoff-channel-slot");
  slot = g_object_get_qdata (G_OBJECT (connection), key);
  if (slot == NULL)
    {
      slot = slot_new ();
      g_object_set_qdata_full (G_OBJECT (connection), key, slot, (GDestroyNotify) slot_unref);
    }
  slot_ref (slot);
  g_mutex_unlock (&lock);
  return slot;
}

static Slot *
dup_own_slot (void)
{
  Slot *slot = g_atomic_pointer_get (&own_slot);
  Slot *made;

  if (slot == NULL)
    {
      made = slot_new ();
      if (!g_atomic_pointer_compare_and_exchange (&own_slot, NULL, made))
        slot_unref (made);
      slot = g_atomic_pointer_get (&own_slot);
    }
  return slot_ref (slot);
}

/* (transfer full) (nullable): NULL where there are no channels: peer to peer, turned off, and in a
 * child that was forked */
static Slot *
dup_slot (HandoffServiceBus *bus)
{
  g_autoptr (Slot) slot = NULL;

  if (is_turned_off () || handoff_service_bus_get_destination (bus) == NULL)
    return NULL;
  slot = handoff_service_bus_is_given (bus)
             ? dup_given_slot (handoff_service_bus_get_connection (bus))
             : dup_own_slot ();
  return handoff_process_is_forked_from (slot->process) ? NULL : g_steal_pointer (&slot);
}

/* With lock. */
static gboolean
peek (Slot *self, HandoffServiceChannel **channel)
{
  *channel = NULL;
  if (self->channel != NULL && handoff_service_channel_is_usable (self->channel))
    {
      *channel = handoff_service_channel_ref (self->channel);
      return TRUE;
    }
  return self->refused_until != 0 && g_get_monotonic_time () < self->refused_until;
}

gboolean
handoff_channel_slot_peek (HandoffServiceBus *bus, HandoffServiceChannel **channel)
{
  g_autoptr (Slot) slot = dup_slot (bus);
  gboolean known;

  *channel = NULL;
  if (slot == NULL)
    return TRUE;
  g_mutex_lock (&slot->lock);
  known = peek (slot, channel);
  g_mutex_unlock (&slot->lock);
  return known;
}

/* What an opening that was not cancelled means for those that waited for it. With lock. */
static gboolean
take_outcome (Slot *self, HandoffServiceChannel **channel, GError **error)
{
  if (peek (self, channel) || self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

/* Without lock: it may call back at once. task: (transfer full) */
static void
return_outcome (GTask *task, Slot *self)
{
  HandoffServiceChannel *channel;
  GError *error = NULL;
  gboolean good;

  g_mutex_lock (&self->lock);
  good = take_outcome (self, &channel, &error);
  g_mutex_unlock (&self->lock);
  if (good)
    g_task_return_pointer (task, channel, (GDestroyNotify) handoff_service_channel_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void open_in_thread (HandoffServiceBus *bus, Slot *slot);

/* Opens the channel, with opening set, which it ends. Without lock. */
static void
open_now (Slot *self, HandoffServiceBus *bus, GCancellable *cancellable, GError **error)
{
  HandoffServiceChannel *channel = NULL;
  g_autoptr (GError) cause = NULL;
  g_autofree char *refuser = NULL;
  HandoffChannelOpening opening =
      handoff_channel_open (bus, &channel, &refuser, cancellable, &cause);
  GQueue decided = G_QUEUE_INIT;
  GTask *task;

  g_mutex_lock (&self->lock);
  self->opening = FALSE;
  self->n_opened++;
  self->decided = opening != HANDOFF_CHANNEL_CANCELLED;
  self->refused_until =
      opening == HANDOFF_CHANNEL_REFUSED ? g_get_monotonic_time () + REFUSAL_TIME : 0;
  g_clear_pointer (&self->refuser, g_free);
  self->refuser = g_steal_pointer (&refuser);
  g_clear_error (&self->error);
  if (opening == HANDOFF_CHANNEL_NOBODY)
    self->error = g_error_copy (cause);
  if (opening == HANDOFF_CHANNEL_OPENED)
    {
      g_clear_pointer (&self->channel, handoff_service_channel_unref);
      self->channel = channel;
    }
  if (self->decided)
    {
      decided = self->waiting;
      g_queue_init (&self->waiting);
    }
  self->opening = !g_queue_is_empty (&self->waiting);
  if (self->opening)
    open_in_thread (bus, self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  while ((task = g_queue_pop_head (&decided)) != NULL)
    return_outcome (task, self);

  if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
}

/* What a thread that opens the channel is given. */
typedef struct
{
  HandoffServiceBus *bus; /* (owned) */
  Slot *slot;             /* (owned) */
} Opener;

static gpointer
opening_thread (gpointer user_data)
{
  Opener *opener = user_data;

  open_now (opener->slot, opener->bus, NULL, NULL);
  handoff_service_bus_unref (opener->bus);
  slot_unref (opener->slot);
  g_free (opener);
  return NULL;
}

static void
open_in_thread (HandoffServiceBus *bus, Slot *slot)
{
  Opener *opener = g_new0 (Opener, 1);

  opener->bus = handoff_service_bus_ref (bus);
  opener->slot = slot_ref (slot);
  g_thread_unref (g_thread_new ("tls-handoff-open", opening_thread, opener));
}

static void
wake_cb (GCancellable *cancellable, gpointer user_data)
{
  Slot *slot = user_data;

  g_mutex_lock (&slot->lock);
  g_cond_broadcast (&slot->changed);
  g_mutex_unlock (&slot->lock);
}

/* Waits until another's opening has ended. Without lock. FALSE if it was cancelled before. */
static gboolean
wait_for_opening (Slot *self, guint n_opened, GCancellable *cancellable)
{
  gulong waking = 0;
  gboolean ended;

  if (cancellable != NULL)
    waking = g_cancellable_connect (cancellable, G_CALLBACK (wake_cb), self, NULL);
  g_mutex_lock (&self->lock);
  while (self->n_opened == n_opened && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  ended = self->n_opened != n_opened;
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, waking);
  return ended;
}

gboolean
handoff_channel_slot_get_sync (HandoffServiceBus *bus,
                               HandoffServiceChannel **channel,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (Slot) slot = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean mine, known, good;
  guint n_opened;

  *channel = NULL;
  if (!handoff_service_bus_check_process (bus, error))
    return FALSE;
  slot = dup_slot (bus);
  if (slot == NULL)
    return TRUE;

  do
    {
      g_mutex_lock (&slot->lock);
      known = peek (slot, channel);
      mine = !known && !slot->opening;
      if (mine)
        slot->opening = TRUE;
      n_opened = slot->n_opened;
      g_mutex_unlock (&slot->lock);
      if (known)
        return TRUE;
      if (mine)
        open_now (slot, bus, cancellable, &cause);
      else if (!wait_for_opening (slot, n_opened, cancellable))
        g_cancellable_set_error_if_cancelled (cancellable, &cause);
      if (cause != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }

      g_mutex_lock (&slot->lock);
      known = slot->decided;
      good = known && take_outcome (slot, channel, error);
      g_mutex_unlock (&slot->lock);
    }
  while (!known);
  return good;
}

static void
waiting_free (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* In the context of the task: whether it is cancelled there while it waits. */
static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  Slot *slot = g_object_get_data (G_OBJECT (task), "slot");
  gboolean was_waiting;

  g_mutex_lock (&slot->lock);
  was_waiting = g_queue_remove (&slot->waiting, task);
  g_mutex_unlock (&slot->lock);

  if (was_waiting)
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

void
handoff_channel_slot_get_async (HandoffServiceBus *bus,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (Slot) slot = NULL;
  HandoffServiceChannel *channel = NULL;
  GSource *cancelled;
  GError *error = NULL;
  gboolean known;

  g_task_set_source_tag (task, handoff_channel_slot_get_async);
  if (!handoff_service_bus_check_process (bus, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  slot = dup_slot (bus);
  if (slot == NULL)
    {
      g_task_return_pointer (task, NULL, NULL);
      return;
    }

  g_object_set_data_full (G_OBJECT (task), "slot", slot_ref (slot), (GDestroyNotify) slot_unref);
  cancelled = g_cancellable_source_new (cancellable);
  g_task_set_task_data (task, cancelled, waiting_free);
  g_mutex_lock (&slot->lock);
  known = peek (slot, &channel);
  if (!known)
    g_queue_push_tail (&slot->waiting, g_object_ref (task));
  if (!known && !slot->opening)
    {
      slot->opening = TRUE;
      open_in_thread (bus, slot);
    }
  /* With the lock: the task's context may be another thread's, where it would be over before. */
  if (!known && cancellable != NULL)
    {
      g_source_set_callback (cancelled, G_SOURCE_FUNC (cancelled_cb), g_object_ref (task),
                             g_object_unref);
      g_source_attach (cancelled, g_task_get_context (task));
    }
  g_mutex_unlock (&slot->lock);
  if (known)
    g_task_return_pointer (task, channel, (GDestroyNotify) handoff_service_channel_unref);
}

gboolean
handoff_channel_slot_get_finish (GAsyncResult *result,
                                 HandoffServiceChannel **channel,
                                 GError **error)
{
  g_autoptr (GError) cause = NULL;
  GSource *cancelled = g_task_get_task_data (G_TASK (result));

  /* It holds the task, if it was attached. */
  if (cancelled != NULL)
    g_source_destroy (cancelled);
  *channel = g_task_propagate_pointer (G_TASK (result), &cause);
  if (cause == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

void
handoff_channel_slot_note_service (HandoffServiceBus *bus, const char *service)
{
  g_autoptr (Slot) slot = service != NULL ? dup_slot (bus) : NULL;

  if (slot == NULL)
    return;
  g_mutex_lock (&slot->lock);
  /* A refusal by the bus itself says nothing of a service. */
  if (slot->refuser != NULL && g_dbus_is_unique_name (slot->refuser) &&
      !g_str_equal (slot->refuser, service))
    slot->refused_until = 0;
  g_mutex_unlock (&slot->lock);
}
