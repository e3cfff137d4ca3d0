/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/object-watch.h"
#include "keyblob/handoff-names.h"

/* The interface of the D-Bus specification: it is not ours to describe in our XML. */

static GDBusArgInfo objects_argument = { -1, (char *) "objects", (char *) "a{oa{sa{sv}}}", NULL };
static GDBusArgInfo object_argument = { -1, (char *) "object", (char *) "o", NULL };
static GDBusArgInfo added_argument = { -1, (char *) "interfaces", (char *) "a{sa{sv}}", NULL };
static GDBusArgInfo removed_argument = { -1, (char *) "interfaces", (char *) "as", NULL };
static GDBusArgInfo *get_arguments[] = { &objects_argument, NULL };
static GDBusArgInfo *added_arguments[] = { &object_argument, &added_argument, NULL };
static GDBusArgInfo *removed_arguments[] = { &object_argument, &removed_argument, NULL };
static GDBusMethodInfo get_method = { -1, (char *) "GetManagedObjects", NULL, get_arguments, NULL };
static GDBusSignalInfo added_signal = { -1, (char *) "InterfacesAdded", added_arguments, NULL };
static GDBusSignalInfo removed_signal = { -1, (char *) "InterfacesRemoved", removed_arguments,
                                          NULL };
static GDBusMethodInfo *interface_methods[] = { &get_method, NULL };
static GDBusSignalInfo *interface_signals[] = { &added_signal, &removed_signal, NULL };
static const GDBusInterfaceInfo interface = {
  -1, (char *) HANDOFF_OBJECT_MANAGER_INTERFACE, interface_methods, interface_signals, NULL, NULL,
};

static const HandoffMethod own_methods[] = {
  { HANDOFF_OBJECT_MANAGER_INTERFACE, "GetManagedObjects", "()", NULL, NULL,
    handoff_object_watch_run },
  { NULL },
};
static const HandoffMethod *const methods[] = { own_methods, NULL };

const HandoffFacadeKind handoff_object_manager_facade = {
  .path = HANDOFF_ROOT_PATH,
  .interface = &interface,
  .methods = methods,
};
