/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* The service's name on the bus: asked for, and given back. Main thread. */
typedef struct _HandoffBusName HandoffBusName;

typedef struct
{
  /* error: (transfer full) (nullable): NULL: the name is ours. */
  void (*requested) (gpointer owner, GError *error);
  /* The name is not ours any more, or the bus does not answer. The bus keeps the order of messages:
   * whatever was addressed to the name has arrived. */
  void (*released) (gpointer owner);
} HandoffBusNameFuncs;

/* funcs: (static). owner: (unowned), a GObject, which frees the name at its end and is held while
 * the bus is asked. */
HandoffBusName *handoff_bus_name_new (GDBusConnection *connection,
                                      const HandoffBusNameFuncs *funcs,
                                      gpointer owner);
void handoff_bus_name_free (HandoffBusName *self);

/* One of them at a time. */
void handoff_bus_name_request (HandoffBusName *self);
void handoff_bus_name_release (HandoffBusName *self);

/* From now on the bus has so many seconds, until handoff_bus_name_calm_down(); then what is asked
 * of it fails at once. */
void handoff_bus_name_hurry (HandoffBusName *self, guint seconds);
void handoff_bus_name_calm_down (HandoffBusName *self);
