/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/message-descriptors.h"

#include <gio/gunixfdlist.h>

#include "guard/bus-tickets.h"
#include "work/descriptor-reaper.h"

/* The descriptors of a message. Only one thread at a time has the message. */
typedef struct
{
  guint uid; /* who sent them; HANDOFF_UID_UNKNOWN if the guard has not told */
  int *fds;  /* (owned): -1 once taken */
  guint n_fds;
} Descriptors;

static void
reap (Descriptors *self, guint uid)
{
  guint i;

  for (i = 0; i < self->n_fds; i++)
    handoff_descriptor_reap (g_steal_fd (&self->fds[i]), uid);
}

/* Freed with the message, on any thread. */
static void
descriptors_free (gpointer data)
{
  Descriptors *self = data;

  reap (self, self->uid);
  g_free (self->fds);
  g_free (self);
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
  descriptors->uid = handoff_bus_ticket_get_uid (message);
  descriptors->fds = g_unix_fd_list_steal_fds (list, &n_fds);
  descriptors->n_fds = (guint) n_fds;
  g_object_set_qdata_full (G_OBJECT (message), get_quark (), descriptors, descriptors_free);
  return message;
}

guint
handoff_message_descriptors_add_filter (GDBusConnection *connection)
{
  return g_dbus_connection_add_filter (connection, filter, NULL, NULL);
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
