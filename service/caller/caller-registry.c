/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/caller-registry.h"

#include "keyblob/tls-handoff-error.h"
#include "work/retry.h"

typedef struct
{
  HandoffCallerRegistry *registry; /* (unowned) */
  const char *bus_name;            /* (unowned): the key of the entry */
  HandoffCaller *caller;           /* (owned) (nullable): NULL while the bus is being asked */
  HandoffRetry *retry;             /* (owned) (nullable): NULL once the bus has answered */
  GPtrArray *waiting;              /* (owned) (element-type GTask) */
} Entry;

struct _HandoffCallerRegistry
{
  GObject parent;

  GDBusConnection *connection; /* (owned) */
  GHashTable *entries;         /* (owned) (element-type utf8 Entry): by unique name */
  guint subscription_id;
};

G_DEFINE_FINAL_TYPE (HandoffCallerRegistry, handoff_caller_registry, G_TYPE_OBJECT)

enum
{
  CALLER_VANISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
fail_waiting (Entry *entry, const GError *error)
{
  guint i;

  for (i = 0; i < entry->waiting->len; i++)
    g_task_return_error (g_ptr_array_index (entry->waiting, i), g_error_copy (error));
  g_ptr_array_set_size (entry->waiting, 0);
}

/* error: the error for the tasks that wait to know who that is. */
static void
remove_entry (HandoffCallerRegistry *self, const char *bus_name, const GError *error)
{
  g_autofree char *owned_name = NULL;
  Entry *entry;
  g_autoptr (HandoffCaller) caller = NULL;

  if (!g_hash_table_steal_extended (self->entries, bus_name, (gpointer *) &owned_name,
                                    (gpointer *) &entry))
    return;

  g_clear_pointer (&entry->retry, handoff_retry_free);
  fail_waiting (entry, error);
  caller = g_steal_pointer (&entry->caller);
  g_ptr_array_unref (entry->waiting);
  g_free (entry);

  if (caller != NULL)
    {
      g_debug ("Forget the caller %s: %s", owned_name, error->message);
      g_cancellable_cancel (handoff_caller_get_cancellable (caller));
      g_signal_emit (self, signals[CALLER_VANISHED], 0, caller);
    }
}

/* A method call reaches its object, and then its caller, in more turns of the main loop than a
 * signal takes. So the news that somebody left would overtake what he sent before (PostHandshake,
 * without waiting for a reply). */
#define TURNS_OF_A_CALL 5

static GError *
new_left_error (void)
{
  return g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                              "The caller has left the bus");
}

typedef struct
{
  GWeakRef registry;
  char *bus_name; /* (owned) */
  guint turns;
} Leaving;

static void
leaving_free (gpointer data)
{
  Leaving *leaving = data;

  g_weak_ref_clear (&leaving->registry);
  g_free (leaving->bus_name);
  g_free (leaving);
}

static gboolean
another_turn (gpointer data)
{
  Leaving *leaving = data;
  g_autoptr (HandoffCallerRegistry) registry = g_weak_ref_get (&leaving->registry);
  g_autoptr (GError) error = NULL;

  if (++leaving->turns < TURNS_OF_A_CALL && registry != NULL)
    return G_SOURCE_CONTINUE;
  error = new_left_error ();
  if (registry != NULL)
    remove_entry (registry, leaving->bus_name, error);
  return G_SOURCE_REMOVE;
}

static void
remove_entry_later (HandoffCallerRegistry *self, const char *bus_name)
{
  Leaving *leaving = g_new0 (Leaving, 1);

  g_weak_ref_init (&leaving->registry, self);
  leaving->bus_name = g_strdup (bus_name);
  g_idle_add_full (G_PRIORITY_DEFAULT, another_turn, leaving, leaving_free);
}

static void
name_owner_changed (GDBusConnection *connection,
                    const char *sender_name,
                    const char *object_path,
                    const char *interface_name,
                    const char *signal_name,
                    GVariant *parameters,
                    gpointer user_data)
{
  HandoffCallerRegistry *self = user_data;
  const char *name, *old_owner, *new_owner;

  g_variant_get (parameters, "(&s&s&s)", &name, &old_owner, &new_owner);
  if (*new_owner == '\0' && g_hash_table_contains (self->entries, name))
    remove_entry_later (self, name);
}

/* Keeps the registry until the bus has replied. */
typedef struct
{
  HandoffCallerRegistry *registry; /* (owned) */
  char *bus_name;                  /* (owned) */
} Question;

static GError *
new_unknown_error (const char *bus_name, const char *reason)
{
  return g_error_new (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                      "Cannot tell from the bus who called (%s): %s; try again", bus_name, reason);
}

/* error: (nullable): of the bus; NULL if the reply does not say who that is. Each error keeps its
 * meaning: only one answer says that the caller is gone. */
static GError *
new_answer_error (const char *bus_name, const GError *error)
{
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    return new_left_error ();
  return new_unknown_error (bus_name, error != NULL ? error->message : "the bus names no user");
}

static void
got_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (HandoffCallerRegistry) self = question->registry;
  g_autofree char *bus_name = question->bus_name;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) credentials = NULL;
  g_autoptr (GError) unknown_error = NULL;
  g_autoptr (GPtrArray) waiting = NULL;
  Entry *entry = g_hash_table_lookup (self->entries, bus_name);
  guint i, uid, pid = 0;

  g_free (question);
  /* The question may have been repeated: the first answer counts, and one may be lost. */
  if (entry == NULL || entry->caller != NULL ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return;

  if (reply != NULL)
    credentials = g_variant_get_child_value (reply, 0);
  if (credentials == NULL || !g_variant_lookup (credentials, "UnixUserID", "u", &uid))
    {
      unknown_error = new_answer_error (bus_name, error);
      g_info ("%s", unknown_error->message);
      remove_entry (self, bus_name, unknown_error);
      return;
    }

  g_clear_pointer (&entry->retry, handoff_retry_free);
  g_variant_lookup (credentials, "ProcessID", "u", &pid);
  entry->caller = handoff_caller_new (bus_name, uid, pid);
  waiting = g_steal_pointer (&entry->waiting);
  entry->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (i = 0; i < waiting->len; i++)
    g_task_return_pointer (g_ptr_array_index (waiting, i), g_object_ref (entry->caller),
                           g_object_unref);
}

static void
ask (gpointer user_data)
{
  Entry *entry = user_data;
  Question *question = g_new0 (Question, 1);

  question->registry = g_object_ref (entry->registry);
  question->bus_name = g_strdup (entry->bus_name);
  g_dbus_connection_call (
      entry->registry->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
      "org.freedesktop.DBus", "GetConnectionCredentials", g_variant_new ("(s)", entry->bus_name),
      G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, got_credentials, question);
}

static void
give_up (gpointer user_data)
{
  Entry *entry = user_data;
  g_autoptr (GError) error = new_unknown_error (entry->bus_name, "the bus does not answer");

  g_info ("%s", error->message);
  remove_entry (entry->registry, entry->bus_name, error);
}

static const HandoffRetryFuncs retry_funcs = { ask, give_up };

static Entry *
add_entry (HandoffCallerRegistry *self, const char *bus_name)
{
  Entry *entry = g_new0 (Entry, 1);
  char *key = g_strdup (bus_name);

  entry->registry = self;
  entry->bus_name = key;
  entry->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_insert (self->entries, key, entry);
  entry->retry = handoff_retry_new (&retry_funcs, entry);
  ask (entry);
  return entry;
}

void
handoff_caller_registry_identify_async (HandoffCallerRegistry *self,
                                        const char *bus_name,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Entry *entry = g_hash_table_lookup (self->entries, bus_name);

  g_task_set_source_tag (task, handoff_caller_registry_identify_async);
  if (entry == NULL)
    entry = add_entry (self, bus_name);

  if (entry->caller != NULL)
    g_task_return_pointer (task, g_object_ref (entry->caller), g_object_unref);
  else
    g_ptr_array_add (entry->waiting, g_steal_pointer (&task));
}

HandoffCaller *
handoff_caller_registry_identify_finish (HandoffCallerRegistry *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
identify_async (gpointer finder,
                const char *bus_name,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  handoff_caller_registry_identify_async (finder, bus_name, callback, user_data);
}

static HandoffCaller *
identify_finish (gpointer finder, GAsyncResult *result, GError **error)
{
  return handoff_caller_registry_identify_finish (finder, result, error);
}

const HandoffCallerFinder handoff_caller_registry_finder = { identify_async, identify_finish };

static void
handoff_caller_registry_dispose (GObject *object)
{
  HandoffCallerRegistry *self = HANDOFF_CALLER_REGISTRY (object);
  g_autoptr (GList) names = g_hash_table_get_keys (self->entries);
  g_autoptr (GError) error =
      g_error_new_literal (TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED, "The service is ending");
  GList *l;

  if (self->subscription_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscription_id);
  self->subscription_id = 0;
  for (l = names; l != NULL; l = l->next)
    remove_entry (self, l->data, error);
  G_OBJECT_CLASS (handoff_caller_registry_parent_class)->dispose (object);
}

static void
handoff_caller_registry_finalize (GObject *object)
{
  HandoffCallerRegistry *self = HANDOFF_CALLER_REGISTRY (object);

  g_hash_table_unref (self->entries);
  g_object_unref (self->connection);
  G_OBJECT_CLASS (handoff_caller_registry_parent_class)->finalize (object);
}

static void
handoff_caller_registry_class_init (HandoffCallerRegistryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = handoff_caller_registry_dispose;
  object_class->finalize = handoff_caller_registry_finalize;

  signals[CALLER_VANISHED] =
      g_signal_new ("caller-vanished", HANDOFF_TYPE_CALLER_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 1, HANDOFF_TYPE_CALLER);
}

static void
handoff_caller_registry_init (HandoffCallerRegistry *self)
{
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

HandoffCallerRegistry *
handoff_caller_registry_new (GDBusConnection *connection)
{
  HandoffCallerRegistry *self = g_object_new (HANDOFF_TYPE_CALLER_REGISTRY, NULL);

  self->connection = g_object_ref (connection);
  /* One match rule for all callers, since a bus allows a connection few (512, by default). It is
   * added before the bus is asked about any caller: one of the two notices a caller who leaves in
   * between. */
  self->subscription_id = g_dbus_connection_signal_subscribe (
      connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", NULL, G_DBUS_SIGNAL_FLAGS_NONE, name_owner_changed, self, NULL);
  return self;
}

guint
handoff_caller_registry_get_size (HandoffCallerRegistry *self)
{
  return g_hash_table_size (self->entries);
}
