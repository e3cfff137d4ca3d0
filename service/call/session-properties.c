/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/session-properties.h"

#include "call/session-call.h"
#include "gate/properties.h"
#include "session/session-handshake.h"

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
run_get_properties (HandoffCall *call, const HandoffCallContext *context)
{
  HandoffSession *session = handoff_session_call_get (context, call);

  if (session != NULL)
    handoff_properties_reply (call, get_properties (session));
}

const HandoffMethod handoff_session_property_methods[] = {
  { HANDOFF_PROPERTIES_INTERFACE, "Get", "(ss)", NULL, NULL, run_get_properties },
  { HANDOFF_PROPERTIES_INTERFACE, "GetAll", "(s)", NULL, NULL, run_get_properties },
  { NULL },
};
