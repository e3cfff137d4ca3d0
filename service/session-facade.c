/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "session-facade.h"

#include "handoff-interfaces.h"
#include "keyblob/handoff-names.h"

struct _HandoffSessionFacade
{
  const HandoffFacadeContext *context; /* (unowned) */
  guint registration_id;
};

/* The object that the call is on, if it is the caller's; otherwise ends the call. */
static HandoffSession *
get_session (HandoffSessionFacade *self, HandoffCall *call)
{
  HandoffSession *session = handoff_session_store_lookup (
      self->context->sessions, handoff_call_get_object_id (call), handoff_call_get_sender (call));

  if (session == NULL)
    handoff_call_fail_unknown_object (call);
  return session;
}

static void
run_close (HandoffCall *call, gpointer facade)
{
  HandoffSessionFacade *self = facade;
  HandoffSession *session = get_session (self, call);

  if (session == NULL)
    return;
  handoff_session_store_remove (self->context->sessions, session);
  handoff_call_return (call, NULL, NULL);
}

static GVariant *
get_properties (HandoffSession *session)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "Role", "s", "client");
  g_variant_dict_insert (&dict, "State", "s", HANDOFF_STATE_COMPLETE);
  g_variant_dict_insert (&dict, "ServerIdentity", "s", session->server_identity);
  g_variant_dict_insert (&dict, "Protocol", "s", session->protocol);
  g_variant_dict_insert (&dict, "CipherSuite", "s", session->cipher_suite);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
run_get_all (HandoffCall *call, gpointer facade)
{
  HandoffSession *session = get_session (facade, call);
  g_autoptr (GVariant) properties = NULL;

  if (session == NULL)
    return;
  properties = get_properties (session);
  handoff_call_return (call, g_variant_new ("(@a{sv})", properties), NULL);
}

/* GDBus has checked that the interface has a property of that name. */
static void
run_get (HandoffCall *call, gpointer facade)
{
  HandoffSession *session = get_session (facade, call);
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) value = NULL;
  const char *name;

  if (session == NULL)
    return;
  properties = get_properties (session);
  g_variant_get_child (handoff_call_get_parameters (call), 1, "&s", &name);
  value = g_variant_lookup_value (properties, name, NULL);
  handoff_call_return (call, g_variant_new ("(v)", value), NULL);
}

static const HandoffMethod methods[] = {
  { HANDOFF_SESSION_INTERFACE, "Close", NULL, run_close },
  { HANDOFF_PROPERTIES_INTERFACE, "Get", NULL, run_get },
  { HANDOFF_PROPERTIES_INTERFACE, "GetAll", NULL, run_get_all },
  { NULL },
};

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
  HandoffSessionFacade *self = user_data;

  handoff_dispatcher_dispatch (self->context->dispatcher, invocation, methods, self);
}

/* Without getters GDBus brings the calls of Properties to method_call(), through the same gate. */
static const GDBusInterfaceVTable vtable = { method_call, NULL, NULL };

static char **
enumerate (GDBusConnection *connection,
           const char *sender,
           const char *object_path,
           gpointer user_data)
{
  HandoffSessionFacade *self = user_data;

  return handoff_session_store_list (self->context->sessions, sender);
}

/* The same answer for every path, whether the object exists or not: only its calls tell, and they
 * tell its owner alone. */
static GDBusInterfaceInfo **
introspect (GDBusConnection *connection,
            const char *sender,
            const char *object_path,
            const char *node,
            gpointer user_data)
{
  GDBusInterfaceInfo **interfaces;

  if (node == NULL)
    return NULL;
  interfaces = g_new0 (GDBusInterfaceInfo *, 2);
  interfaces[0] =
      g_dbus_interface_info_ref ((GDBusInterfaceInfo *) &org_tlshandoff_handoff1_session_interface);
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
  return &vtable;
}

static const GDBusSubtreeVTable subtree_vtable = { enumerate, introspect, dispatch };

HandoffSessionFacade *
handoff_session_facade_new (const HandoffFacadeContext *context, GError **error)
{
  HandoffSessionFacade *self = g_new0 (HandoffSessionFacade, 1);

  self->context = context;
  self->registration_id = g_dbus_connection_register_subtree (
      context->connection, HANDOFF_SESSIONS_PATH, &subtree_vtable,
      G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, self, NULL, error);
  if (self->registration_id == 0)
    {
      g_free (self);
      return NULL;
    }
  return self;
}

void
handoff_session_facade_free (HandoffSessionFacade *self)
{
  g_dbus_connection_unregister_subtree (self->context->connection, self->registration_id);
  g_free (self);
}
