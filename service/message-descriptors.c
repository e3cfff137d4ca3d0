/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "message-descriptors.h"

#include <gio/gunixfdlist.h>

#include "descriptor-reaper.h"

/* What the filter of a connection needs; and each message that has descriptors, to tell whose they
 * were. */
typedef struct
{
  gatomicrefcount ref_count;
  GWeakRef registry; /* (element-type HandoffCallerRegistry) */
} Origin;

/* What came with a message. One thread at a time has the message. */
typedef struct
{
  Origin *origin; /* (owned) */
  char *sender;   /* (owned) (nullable) */
  int *fds;       /* (owned): -1 once taken */
  guint n_fds;
} Descriptors;

static Origin *
origin_ref (Origin *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
origin_unref (gpointer data)
{
  Origin *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_weak_ref_clear (&self->registry);
  g_free (self);
}

static void
reap (Descriptors *self, guint uid)
{
  guint i;

  for (i = 0; i < self->n_fds; i++)
    handoff_descriptor_reap (g_steal_fd (&self->fds[i]), uid);
}

static void
free_reaped (Descriptors *self)
{
  origin_unref (self->origin);
  g_free (self->sender);
  g_free (self->fds);
  g_free (self);
}

static void
sender_identified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Descriptors *self = user_data;
  g_autoptr (HandoffCaller) caller =
      handoff_caller_registry_identify_finish (HANDOFF_CALLER_REGISTRY (source), result, NULL);

  reap (self, caller != NULL ? handoff_caller_get_uid (caller) : HANDOFF_UID_UNKNOWN);
  free_reaped (self);
}

/* On the main thread, where the registry is. */
static gboolean
identify_sender (gpointer user_data)
{
  Descriptors *self = user_data;
  g_autoptr (HandoffCallerRegistry) registry = g_weak_ref_get (&self->origin->registry);

  if (registry != NULL && self->sender != NULL)
    {
      handoff_caller_registry_identify_async (registry, self->sender, sender_identified, self);
      return G_SOURCE_REMOVE;
    }
  reap (self, HANDOFF_UID_UNKNOWN);
  free_reaped (self);
  return G_SOURCE_REMOVE;
}

/* With the message; on whatever thread. */
static void
descriptors_free (gpointer data)
{
  Descriptors *self = data;
  guint i = 0;

  while (i < self->n_fds && self->fds[i] < 0)
    i++;
  if (i < self->n_fds)
    g_idle_add_full (G_PRIORITY_DEFAULT, identify_sender, self, NULL);
  else
    free_reaped (self);
}

static GQuark
get_quark (void)
{
  return g_quark_from_static_string ("handoff-message-descriptors");
}

static Descriptors *
get_descriptors (GDBusMessage *message)
{
  return g_object_get_qdata (G_OBJECT (message), get_quark ());
}

/* On GDBus's thread. */
static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  GUnixFDList *list = incoming ? g_dbus_message_get_unix_fd_list (message) : NULL;
  Descriptors *descriptors;
  int n_fds = 0;

  if (list == NULL || g_unix_fd_list_get_length (list) == 0)
    return message;
  descriptors = g_new0 (Descriptors, 1);
  descriptors->origin = origin_ref (user_data);
  descriptors->sender = g_strdup (g_dbus_message_get_sender (message));
  descriptors->fds = g_unix_fd_list_steal_fds (list, &n_fds);
  descriptors->n_fds = (guint) n_fds;
  g_object_set_qdata_full (G_OBJECT (message), get_quark (), descriptors, descriptors_free);
  return message;
}

guint
handoff_message_descriptors_add_filter (GDBusConnection *connection,
                                        HandoffCallerRegistry *registry)
{
  Origin *origin = g_new0 (Origin, 1);

  g_atomic_ref_count_init (&origin->ref_count);
  g_weak_ref_init (&origin->registry, registry);
  return g_dbus_connection_add_filter (connection, filter, origin, origin_unref);
}

guint
handoff_message_descriptors_count (GDBusMessage *message)
{
  const Descriptors *self = get_descriptors (message);
  guint i, n = 0;

  for (i = 0; self != NULL && i < self->n_fds; i++)
    n += self->fds[i] >= 0;
  return n;
}

int
handoff_message_descriptors_take (GDBusMessage *message, gint32 index)
{
  Descriptors *self = get_descriptors (message);

  if (self == NULL || index < 0 || (guint) index >= self->n_fds)
    return -1;
  return g_steal_fd (&self->fds[index]);
}

void
handoff_message_descriptors_reap (GDBusMessage *message, guint uid)
{
  Descriptors *self = get_descriptors (message);

  if (self != NULL)
    reap (self, uid);
}
