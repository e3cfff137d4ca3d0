/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "caller/caller.h"

struct _HandoffCaller
{
  GObject parent;

  char *bus_name; /* (owned): unique name */
  guint uid;
  guint pid;
  guint64 number;
  GCancellable *cancellable; /* (owned) */
  gpointer keep;             /* (owned) (nullable) */
  GDestroyNotify release;
};

G_DEFINE_FINAL_TYPE (HandoffCaller, handoff_caller, G_TYPE_OBJECT)

static void
handoff_caller_finalize (GObject *object)
{
  HandoffCaller *self = HANDOFF_CALLER (object);

  g_free (self->bus_name);
  g_object_unref (self->cancellable);
  if (self->keep != NULL)
    self->release (self->keep);
  G_OBJECT_CLASS (handoff_caller_parent_class)->finalize (object);
}

static void
handoff_caller_class_init (HandoffCallerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_caller_finalize;
}

static void
handoff_caller_init (HandoffCaller *self)
{
  self->cancellable = g_cancellable_new ();
}

HandoffCaller *
handoff_caller_new (const char *bus_name, guint uid, guint pid)
{
  HandoffCaller *self = g_object_new (HANDOFF_TYPE_CALLER, NULL);

  self->bus_name = g_strdup (bus_name);
  self->uid = uid;
  self->pid = pid;
  return self;
}

HandoffCaller *
handoff_caller_new_for_call (HandoffCaller *caller, gpointer keep, GDestroyNotify release)
{
  HandoffCaller *self = handoff_caller_new (caller->bus_name, caller->uid, caller->pid);

  self->number = caller->number;
  self->keep = keep;
  self->release = release;
  return self;
}

void
handoff_caller_set_number (HandoffCaller *self, guint64 number)
{
  self->number = number;
}

guint64
handoff_caller_get_number (HandoffCaller *self)
{
  return self->number;
}

const char *
handoff_caller_get_bus_name (HandoffCaller *self)
{
  return self->bus_name;
}

guint
handoff_caller_get_uid (HandoffCaller *self)
{
  return self->uid;
}

guint
handoff_caller_get_pid (HandoffCaller *self)
{
  return self->pid;
}

GCancellable *
handoff_caller_get_cancellable (HandoffCaller *self)
{
  return self->cancellable;
}
