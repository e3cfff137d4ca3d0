/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/relay.h"

#include "broker/known-sessions.h"
#include "broker/relayed-calls.h"
#include "keyblob/handoff-names.h"

static const struct
{
  const char *interface_name;
  const char *method_name;
  const char *reply_type;
} replies[] = {
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsClient", "(soa{sv})" },
  { HANDOFF_MANAGER_INTERFACE, "HandshakeAsServer", "(soa{sv})" },
  { HANDOFF_MANAGER_INTERFACE, "CreateSession", "(o)" },
  { HANDOFF_SESSION_INTERFACE, "Step", "(sayta{sv})" },
  { HANDOFF_SESSION_INTERFACE, "ReviewCertificate", "(saya{sv})" },
  { HANDOFF_SESSION_INTERFACE, "ProvideCredential", "(saya{sv})" },
  { HANDOFF_SESSION_INTERFACE, "ExportKeys", "(ha{sv})" },
  { HANDOFF_SESSION_INTERFACE, "PostHandshake", "()" },
  { HANDOFF_SESSION_INTERFACE, "Close", "()" },
  { HANDOFF_PROPERTIES_INTERFACE, "Get", "(v)" },
  { HANDOFF_PROPERTIES_INTERFACE, "GetAll", "(a{sv})" },
};

const char *
handoff_relay_get_reply_type (const char *interface_name, const char *method_name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      if (g_str_equal (replies[i].interface_name, interface_name) &&
          g_str_equal (replies[i].method_name, method_name))
        return replies[i].reply_type;
    }
  return NULL;
}

/* call: (transfer full) */
static void
relay (HandoffHandshaker *handshaker, HandoffCall *call)
{
  const HandoffAccessRow *row = handoff_call_get_row (call);

  handoff_handshaker_call (handshaker, call,
                           handoff_relay_get_reply_type (row->interface_name, row->method_name));
}

/* A call that waits for its user's handshaker. */
typedef struct
{
  HandoffCall *call;            /* (owned) */
  HandoffIdleTimer *idle_timer; /* (unowned): held */
} Relay;

static void
got_handshaker (HandoffHandshaker *handshaker, const GError *error, gpointer user_data)
{
  g_autofree Relay *self = user_data;

  if (handoff_call_is_cancelled (self->call))
    handoff_call_free (self->call);
  else if (handshaker != NULL)
    relay (handshaker, self->call);
  else
    handoff_call_fail (self->call, error);
  handoff_idle_timer_release (self->idle_timer);
}

static void
run_manager_method (HandoffCall *call, const HandoffCallContext *context)
{
  Relay *self = g_new (Relay, 1);

  self->call = call;
  self->idle_timer = handoff_call_context_get_gate (context)->idle_timer;
  handoff_idle_timer_hold (self->idle_timer);
  handoff_handshakers_get (handoff_call_context_get_handshakers (context),
                           handoff_caller_get_uid (handoff_call_get_caller (call)), got_handshaker,
                           self);
}

/* A session that is not the caller's does not exist for him: nobody need be asked. */
static void
run_session_method (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffCaller *caller = handoff_call_get_caller (call);
  HandoffHandshaker *handshaker = handoff_handshakers_find (
      handoff_call_context_get_handshakers (context), handoff_caller_get_uid (caller));

  if (handshaker == NULL ||
      !handoff_known_sessions_has (handshaker->sessions, handoff_call_get_object_id (call), caller))
    handoff_call_fail_unknown_object (call);
  else
    run_manager_method (call, context);
}

#define MANAGER(name, type)                                                                        \
  {                                                                                                \
    .interface_name = HANDOFF_MANAGER_INTERFACE, .method_name = name, .arguments = type,           \
    .run = run_manager_method, .is_done_elsewhere = TRUE                                           \
  }
#define SESSION(name, type)                                                                        \
  {                                                                                                \
    .interface_name = HANDOFF_SESSION_INTERFACE, .method_name = name, .arguments = type,           \
    .run = run_session_method, .is_done_elsewhere = TRUE                                           \
  }
#define PROPERTIES(name, type)                                                                     \
  {                                                                                                \
    .interface_name = HANDOFF_PROPERTIES_INTERFACE, .method_name = name, .arguments = type,        \
    .run = run_session_method, .is_done_elsewhere = TRUE                                           \
  }

const HandoffMethod handoff_relayed_manager_methods[] = {
  MANAGER ("HandshakeAsClient", "(hsaya{sv})"),
  MANAGER ("HandshakeAsServer", "(haya{sv})"),
  MANAGER ("CreateSession", "(ssa{sv})"),
  { NULL },
};

const HandoffMethod handoff_relayed_session_methods[] = {
  SESSION ("Step", "(ay)"),
  SESSION ("ReviewCertificate", "(b)"),
  SESSION ("ProvideCredential", "(a{sv})"),
  SESSION ("ExportKeys", "(ay)"),
  SESSION ("PostHandshake", "(ay)"),
  SESSION ("Close", "()"),
  { NULL },
};

const HandoffMethod handoff_relayed_session_property_methods[] = {
  PROPERTIES ("Get", "(ss)"),
  PROPERTIES ("GetAll", "(s)"),
  { NULL },
};

char **
handoff_relay_list_sessions (HandoffHandshakers *handshakers, const char *name, guint maximum)
{
  g_autoptr (GPtrArray) list = handoff_handshakers_list (handshakers);
  guint i;

  /* All sessions of a caller are in one. */
  for (i = 0; i < list->len; i++)
    {
      HandoffHandshaker *handshaker = g_ptr_array_index (list, i);
      char **ids = handoff_known_sessions_list (handshaker->sessions, name, maximum);

      if (*ids != NULL)
        return ids;
      g_strfreev (ids);
    }
  return g_new0 (char *, 1);
}
