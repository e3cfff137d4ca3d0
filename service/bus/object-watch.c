/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/object-watch.h"

#include "broker/session-list.h"
#include "bus/managed-objects.h"
#include "keyblob/handoff-names.h"
#include "work/clock.h"

/* Changes that follow each other closer than that are told at once. */
#define PAUSE (50 * G_TIME_SPAN_MILLISECOND)

struct _HandoffObjectWatch
{
  GDBusConnection *connection;       /* (unowned) */
  const HandoffCallContext *context; /* (unowned) */
  GHashTable *watchers;              /* (owned) (element-type utf8 Watcher): by bus name */
};

typedef struct
{
  grefcount ref_count;
  HandoffObjectWatch *watch;      /* (unowned) (nullable): NULL once he is no watcher any more */
  HandoffIdleTimer *idle_timer;   /* (unowned): held while it looks */
  HandoffCaller *caller;          /* (owned) */
  HandoffManagedObjects *objects; /* (owned) (nullable): as he was told; NULL: not yet */
  GQueue calls;                   /* (element-type HandoffCall): GetManagedObjects(), waiting */
  gboolean is_looking;
  gboolean is_outdated; /* something may have changed since it was looked */
  guint pause_id;
} Watcher;

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

  self->watch = NULL;
  g_clear_handle_id (&self->pause_id, g_source_remove);
  watcher_unref (self);
}

HandoffObjectWatch *
handoff_object_watch_new (GDBusConnection *connection, const HandoffCallContext *context)
{
  HandoffObjectWatch *self = g_new0 (HandoffObjectWatch, 1);

  self->connection = connection;
  self->context = context;
  self->watchers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, dismiss);
  return self;
}

void
handoff_object_watch_free (HandoffObjectWatch *self)
{
  g_hash_table_unref (self->watchers);
  g_free (self);
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

static void look (Watcher *self);

static gboolean
pause_over (gpointer user_data)
{
  Watcher *self = user_data;

  self->pause_id = 0;
  if (self->is_outdated)
    look (self);
  return G_SOURCE_REMOVE;
}

/* Whoever waits for them gets all; otherwise, what is different. objects: (transfer full) */
static void
tell (Watcher *self, HandoffManagedObjects *objects)
{
  HandoffCall *call;

  if (self->objects != NULL)
    handoff_managed_objects_compare (self->objects, objects, &tell_difference, self);
  g_clear_pointer (&self->objects, handoff_managed_objects_free);
  self->objects = objects;
  while ((call = g_queue_pop_head (&self->calls)) != NULL)
    handoff_call_return (
        call, g_variant_new ("(@a{oa{sa{sv}}})", handoff_managed_objects_to_variant (objects)),
        NULL);
}

static void
listed (GVariant *sessions, gpointer user_data)
{
  Watcher *self = user_data;
  g_autoptr (GVariant) owned_sessions = g_variant_ref_sink (sessions);
  HandoffCall *call;

  self->is_looking = FALSE;
  if (self->watch != NULL)
    {
      tell (self, handoff_managed_objects_new (self->watch->context, self->caller, sessions));
      self->pause_id = handoff_clock_add_timeout (PAUSE, pause_over, self);
    }
  while ((call = g_queue_pop_head (&self->calls)) != NULL)
    handoff_call_free (call); /* he has left */
  handoff_idle_timer_release (self->idle_timer);
  watcher_unref (self);
}

static void
look (Watcher *self)
{
  const guint uid = handoff_caller_get_uid (self->caller);

  if (self->is_looking || (self->pause_id != 0 && g_queue_is_empty (&self->calls)))
    {
      self->is_outdated = TRUE;
      return;
    }
  g_clear_handle_id (&self->pause_id, g_source_remove);
  self->is_looking = TRUE;
  self->is_outdated = FALSE;
  g_ref_count_inc (&self->ref_count);
  handoff_idle_timer_hold (self->idle_timer);
  handoff_session_list_ask (self->watch->context->broker.handshakers, &uid, self->caller, 0,
                            HANDOFF_LIST_PAGE, listed, self);
}

static Watcher *
get_watcher (HandoffObjectWatch *self, HandoffCaller *caller)
{
  const char *name = handoff_caller_get_bus_name (caller);
  Watcher *watcher = g_hash_table_lookup (self->watchers, name);

  if (watcher != NULL)
    return watcher;
  watcher = g_new0 (Watcher, 1);
  g_ref_count_init (&watcher->ref_count);
  watcher->watch = self;
  watcher->idle_timer = self->context->broker.gate.idle_timer;
  watcher->caller = g_object_ref (caller);
  g_queue_init (&watcher->calls);
  g_hash_table_insert (self->watchers, (gpointer) handoff_caller_get_bus_name (watcher->caller),
                       watcher);
  return watcher;
}

void
handoff_object_watch_run (HandoffCall *call, const HandoffCallContext *context)
{
  Watcher *watcher = get_watcher (context->object_watch, handoff_call_get_caller (call));

  g_queue_push_tail (&watcher->calls, call);
  look (watcher);
}

void
handoff_object_watch_note (HandoffObjectWatch *self, guint uid)
{
  GHashTableIter iter;
  gpointer watcher;

  if (self == NULL)
    return;
  g_hash_table_iter_init (&iter, self->watchers);
  while (g_hash_table_iter_next (&iter, NULL, &watcher))
    {
      if (handoff_caller_get_uid (((Watcher *) watcher)->caller) == uid)
        look (watcher);
    }
}

void
handoff_object_watch_note_all (HandoffObjectWatch *self)
{
  GHashTableIter iter;
  gpointer watcher;

  g_hash_table_iter_init (&iter, self->watchers);
  while (g_hash_table_iter_next (&iter, NULL, &watcher))
    look (watcher);
}

void
handoff_object_watch_forget (HandoffObjectWatch *self, HandoffCaller *caller)
{
  g_hash_table_remove (self->watchers, handoff_caller_get_bus_name (caller));
}
