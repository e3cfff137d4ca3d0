/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "bus/bus-context.h"
#include "gate/dispatcher.h"
#include "guard/bus-guard.h"

/* An interface of ours on the bus: one object, or a tree of objects that come and go. */
typedef struct
{
  const char *path; /* of the object, or of the objects' parent */
  const GDBusInterfaceInfo *interface;
  const HandoffMethod *const *methods; /* tables, as for handoff_dispatcher_dispatch() */
  /* (nullable): of one object, the value of a property that anybody may read. (transfer floating).
   * NULL: the calls of Properties go through the gate, too. */
  GVariant *(*get_property) (const HandoffCallContext *context, const char *name);
  /* (nullable): of a tree, what an introspection of path shows to the caller with that unique name.
   * (transfer full). NULL: it is one object. */
  char **(*list) (const HandoffCallContext *context, const char *sender);
} HandoffFacadeKind;

/* All façades. */
extern const HandoffFacadeKind handoff_manager_facade;
extern const HandoffFacadeKind handoff_session_facade;
extern const HandoffFacadeKind handoff_credential_facade;
extern const HandoffFacadeKind handoff_object_manager_facade;

/* A façade that is registered. */
typedef struct _HandoffFacade HandoffFacade;

/* connection, context and guard must outlive it. guard: (nullable): between connection and the
 * bus */
HandoffFacade *handoff_facade_new (const HandoffFacadeKind *kind,
                                   GDBusConnection *connection,
                                   HandoffBusGuard *guard,
                                   const HandoffCallContext *context,
                                   GError **error);
/* No call may be on its way. */
void handoff_facade_free (HandoffFacade *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffFacade, handoff_facade_free)
