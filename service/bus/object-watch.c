/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/object-watch.h"

#include "broker/session-list.h"
#include "bus/managed-objects.h"
#include "bus/object-turns.h"
#include "keyblob/handoff-names.h"

/* Each remembers what he was told: a few hundred KiB, if he has much. */
#define WATCHERS_PER_USER 16
#define WATCHERS 512

struct _HandoffObjectWatch
{
  grefcount ref_count; /* a turn holds it */
  gboolean is_over;
  GDBusConnection *connection;       /* (unowned) */
  const HandoffCallContext *context; /* (unowned) */
  GHashTable *watchers;              /* (owned) (element-type utf8 Watcher): by bus name */
  HandoffObjectTurns *turns;         /* (owned): of the watchers */
  HandoffQuota *quota;               /* (owned): of the watchers */
};

typedef struct
{
  grefcount ref_count;
  HandoffObjectWatch *watch;      /* (unowned) (nullable): NULL once he is no watcher any more */
  HandoffIdleTimer *idle_timer;   /* (unowned): held while it looks */
  HandoffCaller *caller;          /* (owned) */
  HandoffPlace *place;            /* (owned) (nullable): until he is no watcher any more */
  HandoffManagedObjects *objects; /* (owned) (nullable): as he was told; NULL: not yet */
  GQueue calls; /* (element-type HandoffCall): GetManagedObjects(), before it is looked for them */
  GQueue answered; /* (element-type HandoffCall): while it is looked for them */
} Watcher;

static void
watch_unref (HandoffObjectWatch *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->watchers);
  handoff_object_turns_free (self->turns);
  handoff_quota_free (self->quota);
  g_free (self);
}

static void
watcher_unref (Watcher *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->objects, handoff_managed_objects_free);
  g_object_unref (self->caller);
  g_free (self);
}

/* He is no watcher any more. */
static void
dismiss (gpointer data)
{
  Watcher *self = data;

  handoff_object_turns_forget (self->watch->turns, handoff_caller_get_uid (self->caller), self);
  g_clear_pointer (&self->place, handoff_place_free);
  self->watch = NULL;
  /* Nobody waits for their replies. */
  g_queue_clear_full (&self->calls, (GDestroyNotify) handoff_call_free);
  watcher_unref (self);
}

/* ---- Telling. ---- */

static void
emit (Watcher *self, const char *path, const char *interface, const char *signal, GVariant *body)
{
  g_dbus_connection_emit_signal (self->watch->connection,
                                 handoff_caller_get_bus_name (self->caller), path, interface,
                                 signal, body, NULL);
}

static void
added (const char *path, const char *interface, GVariant *properties, gpointer user_data)
{
  GVariantBuilder interfaces;

  g_variant_builder_init (&interfaces, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_variant_builder_add (&interfaces, "{s@a{sv}}", interface, properties);
  emit (user_data, HANDOFF_ROOT_PATH, HANDOFF_OBJECT_MANAGER_INTERFACE, "InterfacesAdded",
        g_variant_new ("(oa{sa{sv}})", path, &interfaces));
}

static void
changed (const char *path, const char *interface, GVariant *properties, gpointer user_data)
{
  emit (user_data, path, HANDOFF_PROPERTIES_INTERFACE, "PropertiesChanged",
        g_variant_new ("(s@a{sv}as)", interface, properties, NULL));
}

static void
removed (const char *path, const char *interface, GVariant *properties, gpointer user_data)
{
  const char *const interfaces[] = { interface, NULL };

  emit (user_data, HANDOFF_ROOT_PATH, HANDOFF_OBJECT_MANAGER_INTERFACE, "InterfacesRemoved",
        g_variant_new ("(o^as)", path, interfaces));
}

static const HandoffManagedObjectsFuncs tell_difference = { added, changed, removed };

/* ---- Looking. ---- */

/* Whoever waits for them gets all; otherwise, what is different. objects: (transfer full) */
static void
tell (Watcher *self, HandoffManagedObjects *objects)
{
  HandoffCall *call;

  if (self->objects != NULL)
    handoff_managed_objects_compare (self->objects, objects, &tell_difference, self);
  g_clear_pointer (&self->objects, handoff_managed_objects_free);
  self->objects = objects;
  while ((call = g_queue_pop_head (&self->answered)) != NULL)
    handoff_call_return (
        call, g_variant_new ("(@a{oa{sa{sv}}})", handoff_managed_objects_to_variant (objects)),
        NULL);
}

typedef struct
{
  HandoffObjectWatch *watch; /* (owned) */
  Watcher *watcher;          /* (owned) */
} Turn;

static void
listed (GVariant *sessions, gpointer user_data)
{
  g_autofree Turn *turn = user_data;
  Watcher *watcher = turn->watcher;
  G_GNUC_UNUSED g_autoptr (GVariant) owned_sessions = g_variant_ref_sink (sessions);

  if (watcher->watch != NULL)
    tell (watcher, handoff_managed_objects_new (turn->watch->context, watcher->caller, sessions));
  /* Of who has left. */
  g_queue_clear_full (&watcher->answered, (GDestroyNotify) handoff_call_free);
  if (!turn->watch->is_over)
    handoff_object_turns_end (
        turn->watch->turns, handoff_caller_get_uid (watcher->caller),
        watcher->objects != NULL ? handoff_managed_objects_get_size (watcher->objects) : 0);
  handoff_idle_timer_release (watcher->idle_timer);
  watcher_unref (watcher);
  watch_unref (turn->watch);
}

static void
look (gpointer data)
{
  Watcher *watcher = data;
  HandoffObjectWatch *self = watcher->watch;
  Turn *turn = g_new (Turn, 1);

  *turn = (Turn){ self, watcher };
  g_ref_count_inc (&self->ref_count);
  g_ref_count_inc (&watcher->ref_count);
  handoff_idle_timer_hold (watcher->idle_timer);
  watcher->answered = watcher->calls;
  g_queue_init (&watcher->calls);
  handoff_session_list_ask_own (self->context->broker.handshakers, watcher->caller,
                                HANDOFF_LIST_PAGE, listed, turn);
}

/* ---- The watch. ---- */

HandoffObjectWatch *
handoff_object_watch_new (GDBusConnection *connection, const HandoffCallContext *context)
{
  HandoffObjectWatch *self = g_new0 (HandoffObjectWatch, 1);

  g_ref_count_init (&self->ref_count);
  self->connection = connection;
  self->context = context;
  self->turns = handoff_object_turns_new (look);
  self->quota = handoff_quota_new ("programs that are told of changes of their objects");
  self->watchers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, dismiss);
  return self;
}

void
handoff_object_watch_free (HandoffObjectWatch *self)
{
  self->is_over = TRUE;
  g_hash_table_remove_all (self->watchers);
  watch_unref (self);
}

/* (transfer none) (nullable): NULL with the error if the caller must not become a watcher */
static Watcher *
get_watcher (HandoffObjectWatch *self, HandoffCaller *caller, GError **error)
{
  Watcher *watcher = g_hash_table_lookup (self->watchers, handoff_caller_get_bus_name (caller));
  HandoffPlace *place;

  if (watcher != NULL)
    return watcher;
  place = handoff_quota_take (self->quota, handoff_caller_get_uid (caller), WATCHERS_PER_USER,
                              WATCHERS, error);
  if (place == NULL)
    return NULL;
  watcher = g_new0 (Watcher, 1);
  g_ref_count_init (&watcher->ref_count);
  watcher->watch = self;
  watcher->place = place;
  watcher->idle_timer = self->context->broker.gate.idle_timer;
  watcher->caller = g_object_ref (caller);
  g_queue_init (&watcher->calls);
  g_queue_init (&watcher->answered);
  g_hash_table_insert (self->watchers, (gpointer) handoff_caller_get_bus_name (watcher->caller),
                       watcher);
  return watcher;
}

void
handoff_object_watch_run (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffObjectWatch *self = context->object_watch;
  HandoffCaller *caller = handoff_call_get_caller (call);
  g_autoptr (GError) error = NULL;
  Watcher *watcher;

  /* Nobody would say again that he has left. */
  if (handoff_call_is_cancelled (call))
    {
      handoff_call_free (call);
      return;
    }
  watcher = get_watcher (self, caller, &error);
  if (watcher == NULL)
    {
      handoff_call_fail (call, error);
      return;
    }
  g_queue_push_tail (&watcher->calls, call);
  handoff_object_turns_want (self->turns, handoff_caller_get_uid (caller), watcher, TRUE);
}

/* uid: (nullable): NULL: of all users */
static void
note (HandoffObjectWatch *self, const guint *uid)
{
  g_autoptr (GPtrArray) noted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer watcher;
  guint i;

  if (self == NULL)
    return;
  g_hash_table_iter_init (&iter, self->watchers);
  while (g_hash_table_iter_next (&iter, NULL, &watcher))
    {
      if (uid == NULL || handoff_caller_get_uid (((Watcher *) watcher)->caller) == *uid)
        g_ptr_array_add (noted, watcher);
    }
  for (i = 0; i < noted->len; i++)
    {
      Watcher *one = noted->pdata[i];

      handoff_object_turns_want (self->turns, handoff_caller_get_uid (one->caller), one, FALSE);
    }
}

void
handoff_object_watch_note (HandoffObjectWatch *self, guint uid)
{
  note (self, &uid);
}

void
handoff_object_watch_note_all (HandoffObjectWatch *self)
{
  note (self, NULL);
}

void
handoff_object_watch_forget (HandoffObjectWatch *self, HandoffCaller *caller)
{
  g_hash_table_remove (self->watchers, handoff_caller_get_bus_name (caller));
}
