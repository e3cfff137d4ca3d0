/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/bus-call.h"
#include "bus/mending.h"

struct _HandoffFacade
{
  const HandoffFacadeKind *kind;
  GDBusConnection *connection;       /* (unowned) */
  HandoffBusGuard *guard;            /* (unowned) (nullable) */
  const HandoffCallContext *context; /* (unowned) */
  guint registration_id;
};

/* A call of an object of ours. */
typedef struct
{
  HandoffFacade *facade;       /* (unowned) */
  HandoffCallMessage *message; /* (owned) */
  /* Of the message. */
  const char *interface_name;
  const char *method_name;
} ObjectCall;

/* Consumes call's message. */
static void
dispatch_call (const ObjectCall *call)
{
  HandoffFacade *self = call->facade;

  handoff_dispatcher_dispatch (handoff_call_context_get_gate (self->context)->dispatcher,
                               call->message, self->kind->interface->name, call->interface_name,
                               call->method_name, self->kind->methods, self->context);
}

static void
mended (const GError *error, gpointer user_data)
{
  g_autofree ObjectCall *call = user_data;

  if (error == NULL)
    {
      dispatch_call (call);
      return;
    }
  call->message->funcs->reply_error (call->message, error);
  call->message->funcs->free (call->message);
}

static void
method_call (GDBusConnection *connection,
             const char *sender,
             const char *object_path,
             const char *interface_name,
             const char *method_name,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer user_data)
{
  HandoffFacade *self = user_data;
  const ObjectCall call = {
    .facade = self,
    .message = handoff_bus_call_new (invocation, self->guard),
    .interface_name = g_dbus_method_invocation_get_interface_name (invocation),
    .method_name = g_dbus_method_invocation_get_method_name (invocation),
  };

  if (handoff_mending_is_needed (self->context))
    handoff_mending_try (self->context, mended, g_memdup2 (&call, sizeof call));
  else
    dispatch_call (&call);
}

static GVariant *
get_property (GDBusConnection *connection,
              const char *sender,
              const char *object_path,
              const char *interface_name,
              const char *property_name,
              GError **error,
              gpointer user_data)
{
  HandoffFacade *self = user_data;
  GVariant *value = self->kind->get_property (self->context, property_name);

  if (value == NULL)
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY, "There is no property %s",
                 property_name);
  return value;
}

static const GDBusInterfaceVTable open_vtable = { method_call, get_property, NULL };
/* Without getters GDBus brings the calls of Properties to method_call(), through the same gate. */
static const GDBusInterfaceVTable guarded_vtable = { method_call, NULL, NULL };

static const GDBusInterfaceVTable *
get_vtable (const HandoffFacade *self)
{
  return self->kind->get_property != NULL ? &open_vtable : &guarded_vtable;
}

static char **
enumerate (GDBusConnection *connection,
           const char *sender,
           const char *object_path,
           gpointer user_data)
{
  HandoffFacade *self = user_data;

  return self->kind->list (self->context, sender);
}

/* The same answer for every path, whether the object exists or not: only method calls tell, and
 * only the owner. */
static GDBusInterfaceInfo **
introspect (GDBusConnection *connection,
            const char *sender,
            const char *object_path,
            const char *node,
            gpointer user_data)
{
  HandoffFacade *self = user_data;
  GDBusInterfaceInfo **interfaces;

  if (node == NULL)
    return NULL;
  interfaces = g_new0 (GDBusInterfaceInfo *, 2);
  interfaces[0] = g_dbus_interface_info_ref ((GDBusInterfaceInfo *) self->kind->interface);
  return interfaces;
}

static const GDBusInterfaceVTable *
dispatch (GDBusConnection *connection,
          const char *sender,
          const char *object_path,
          const char *interface_name,
          const char *node,
          gpointer *out_user_data,
          gpointer user_data)
{
  *out_user_data = user_data;
  return get_vtable (user_data);
}

static const GDBusSubtreeVTable subtree_vtable = { enumerate, introspect, dispatch };

HandoffFacade *
handoff_facade_new (const HandoffFacadeKind *kind,
                    GDBusConnection *connection,
                    HandoffBusGuard *guard,
                    const HandoffCallContext *context,
                    GError **error)
{
  g_autofree HandoffFacade *self = g_new0 (HandoffFacade, 1);

  self->kind = kind;
  self->connection = connection;
  self->guard = guard;
  self->context = context;
  if (kind->list != NULL)
    self->registration_id = g_dbus_connection_register_subtree (
        connection, kind->path, &subtree_vtable,
        G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, self, NULL, error);
  else
    self->registration_id = g_dbus_connection_register_object (
        connection, kind->path, (GDBusInterfaceInfo *) kind->interface, get_vtable (self), self,
        NULL, error);
  return self->registration_id != 0 ? g_steal_pointer (&self) : NULL;
}

void
handoff_facade_free (HandoffFacade *self)
{
  if (self->kind->list != NULL)
    g_dbus_connection_unregister_subtree (self->connection, self->registration_id);
  else
    g_dbus_connection_unregister_object (self->connection, self->registration_id);
  g_free (self);
}
