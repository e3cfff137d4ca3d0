/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/session-facade.h"

#include "bus/handoff-interfaces.h"
#include "bus/session-reply.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "session/resumption.h"
#include "session/session-handshake.h"

struct _HandoffSessionFacade
{
  const HandoffFacadeContext *context; /* (unowned) */
  guint registration_id;
};

/* Nobody guesses a session's path: who made it has read the reply that told it. */
static void
note_read (HandoffSessionFacade *self, HandoffSession *session, HandoffCall *call)
{
  const char *creator = handoff_caller_get_bus_name (session->caller);

  if (session->call_serial == 0 || self->context->guard == NULL ||
      !g_str_equal (handoff_call_get_sender (call), creator))
    return;
  handoff_bus_guard_note_read (self->context->guard, creator, session->call_serial);
  session->call_serial = 0;
}

/* The object that the call is on, if it is the caller's; otherwise ends the call. */
static HandoffSession *
get_session (HandoffSessionFacade *self, HandoffCall *call)
{
  HandoffSession *session = handoff_session_store_lookup (self->context->shared.sessions,
                                                          handoff_call_get_object_id (call),
                                                          handoff_call_get_caller (call));

  if (session == NULL)
    {
      handoff_call_fail_unknown_object (call);
      return NULL;
    }
  if (session->error_details)
    handoff_call_allow_error_details (call);
  note_read (self, session, call);
  return session;
}

/* Likewise, if it is in the state for which the call is, and has none under way. */
static HandoffSession *
get_session_in (HandoffSessionFacade *self, HandoffCall *call, HandoffHandshakeState state)
{
  HandoffSession *session = get_session (self, call);
  g_autoptr (GError) error = NULL;

  if (session == NULL || handoff_session_check_state (session, state, &error))
    return session;
  handoff_call_fail (call, error);
  return NULL;
}

/* The first argument, an ay, must not be larger than that. */
static gboolean
check_size (HandoffCall *call, const char *name, gsize maximum, GError **error)
{
  g_autoptr (GVariant) bytes = g_variant_get_child_value (handoff_call_get_parameters (call), 0);

  if (g_variant_get_size (bytes) <= maximum)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s: must be at most %" G_GSIZE_FORMAT " bytes, has %" G_GSIZE_FORMAT
               "; give the rest to another call",
               name, maximum, g_variant_get_size (bytes));
  return FALSE;
}

static gboolean
prepare_step (HandoffCall *call, gpointer facade, GError **error)
{
  return check_size (call, "input", HANDOFF_STEP_INPUT_MAX_SIZE, error);
}

static void
run_step (HandoffCall *call, gpointer facade)
{
  HandoffSessionFacade *self = facade;
  HandoffSession *session = get_session_in (self, call, HANDOFF_HANDSHAKE_CONTINUE);
  g_autoptr (GVariant) input = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (session == NULL)
    return;
  if (!session->stepwise)
    {
      g_set_error_literal (&error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "This session does its handshake on a socket, not in steps");
      handoff_call_fail (call, error);
      return;
    }
  g_variant_get (handoff_call_get_parameters (call), "(@ay)", &input);
  bytes = g_variant_get_data_as_bytes (input);
  handoff_session_step (&self->context->shared, session, bytes,
                        handoff_session_reply_new (call, handoff_session_reply_to_step));
}

static void
run_review_certificate (HandoffCall *call, gpointer facade)
{
  HandoffSessionFacade *self = facade;
  HandoffSession *session = get_session_in (self, call, HANDOFF_HANDSHAKE_REVIEW);
  gboolean accept;

  if (session == NULL)
    return;
  g_variant_get (handoff_call_get_parameters (call), "(b)", &accept);
  handoff_session_review (&self->context->shared, session, accept,
                          handoff_session_reply_new (call, handoff_session_reply_to_review));
}

static gboolean
parse_export_keys (HandoffCall *call,
                   guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                   GError **error)
{
  g_autoptr (GVariant) value = NULL;

  g_variant_get (handoff_call_get_parameters (call), "(@ay)", &value);
  return handoff_recipient_key_parse (value, recipient_key, error);
}

static gboolean
prepare_export_keys (HandoffCall *call, gpointer facade, GError **error)
{
  guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE];

  return parse_export_keys (call, recipient_key, error);
}

static void
run_export_keys (HandoffCall *call, gpointer facade)
{
  HandoffSessionFacade *self = facade;
  HandoffSession *session = get_session_in (self, call, HANDOFF_HANDSHAKE_COMPLETE);
  guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE];

  if (session == NULL)
    return;
  parse_export_keys (call, recipient_key, NULL);
  handoff_session_export (&self->context->shared, session, recipient_key,
                          handoff_session_reply_new (call, handoff_session_reply_to_export));
}

static gboolean
prepare_post_handshake (HandoffCall *call, gpointer facade, GError **error)
{
  return check_size (call, "message", HANDOFF_POST_HANDSHAKE_MAX_SIZE, error);
}

static void
run_post_handshake (HandoffCall *call, gpointer facade)
{
  HandoffSessionFacade *self = facade;
  HandoffSession *session = get_session_in (self, call, HANDOFF_HANDSHAKE_EXPORTED);
  g_autoptr (GVariant) messages = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize size;

  if (session == NULL)
    return;
  g_variant_get (handoff_call_get_parameters (call), "(@ay)", &messages);
  data = g_variant_get_fixed_array (messages, &size, 1);
  if (handoff_resumption_take_tickets (self->context->shared.resumption, session, data, size,
                                       &error))
    handoff_call_return (call, NULL, NULL);
  else
    handoff_call_fail (call, error);
}

static void
run_close (HandoffCall *call, gpointer facade)
{
  HandoffSessionFacade *self = facade;
  HandoffSession *session = get_session (self, call);

  if (session == NULL)
    return;
  handoff_session_store_remove (self->context->shared.sessions, session);
  handoff_call_return (call, NULL, NULL);
}

static GVariant *
get_properties (HandoffSession *session)
{
  const HandoffHandshakeOutcome *outcome = session->outcome;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "Role", "s", handoff_session_get_role_name (session));
  g_variant_dict_insert (&dict, "State", "s", handoff_session_get_state_name (session));
  g_variant_dict_insert (&dict, "ServerIdentity", "s", session->server_identity);
  g_variant_dict_insert (&dict, "Protocol", "s", outcome != NULL ? outcome->protocol : "");
  g_variant_dict_insert (&dict, "CipherSuite", "s", outcome != NULL ? outcome->cipher_suite : "");
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
  { HANDOFF_SESSION_INTERFACE, "Step", prepare_step, run_step },
  { HANDOFF_SESSION_INTERFACE, "ReviewCertificate", NULL, run_review_certificate },
  { HANDOFF_SESSION_INTERFACE, "ExportKeys", prepare_export_keys, run_export_keys },
  { HANDOFF_SESSION_INTERFACE, "PostHandshake", prepare_post_handshake, run_post_handshake },
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

  handoff_dispatcher_dispatch (self->context->dispatcher, invocation, HANDOFF_SESSION_INTERFACE,
                               methods, self);
}

/* Without getters GDBus brings the calls of Properties to method_call(), through the same gate. */
static const GDBusInterfaceVTable vtable = { method_call, NULL, NULL };

/* As many as a page of ListSessions() has: nothing here grows with what a caller has. */
static char **
enumerate (GDBusConnection *connection,
           const char *sender,
           const char *object_path,
           gpointer user_data)
{
  HandoffSessionFacade *self = user_data;

  return handoff_session_store_list (self->context->shared.sessions, sender, HANDOFF_LIST_PAGE);
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
