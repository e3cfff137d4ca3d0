/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/bus-context.h"

/* The objects that a caller may see, at one moment, with their properties. Immutable. */
typedef struct _HandoffManagedObjects HandoffManagedObjects;

/* sessions: his, as ListSessions() has them. Of credentials as many as a page has, and of the
 * larger ones not their certificates: what all together cost has a limit. */
HandoffManagedObjects *handoff_managed_objects_new (const HandoffCallContext *context,
                                                    HandoffCaller *caller,
                                                    GVariant *sessions);
void handoff_managed_objects_free (HandoffManagedObjects *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffManagedObjects, handoff_managed_objects_free)

/* How many objects. */
guint handoff_managed_objects_get_size (HandoffManagedObjects *self);
/* (transfer floating): a{oa{sa{sv}}} */
GVariant *handoff_managed_objects_to_variant (HandoffManagedObjects *self);

/* properties: an a{sv}: of an object that was added, all; of one that has changed, those that have
 * changed, as they are now; of one that was removed, NULL. */
typedef void (*HandoffManagedObjectFunc) (const char *path,
                                          const char *interface,
                                          GVariant *properties,
                                          gpointer user_data);
typedef struct
{
  HandoffManagedObjectFunc added;
  HandoffManagedObjectFunc changed;
  HandoffManagedObjectFunc removed;
} HandoffManagedObjectsFuncs;

/* What is different now from before. */
void handoff_managed_objects_compare (HandoffManagedObjects *before,
                                      HandoffManagedObjects *now,
                                      const HandoffManagedObjectsFuncs *funcs,
                                      gpointer user_data);
