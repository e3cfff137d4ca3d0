/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/handoff-interfaces.h"
#include "broker/relay.h"
#include "keyblob/handoff-names.h"

static const HandoffMethod *const methods[] = { handoff_relayed_session_methods,
                                                handoff_relayed_session_property_methods, NULL };

/* As many as a page of ListSessions() has: the work here does not grow with the number of sessions.
 */
static char **
list (const HandoffCallContext *context, const char *sender)
{
  return handoff_relay_list_sessions (context->broker.handshakers, sender, HANDOFF_LIST_PAGE);
}

/* Each object is for its owner alone. */
const HandoffFacadeKind handoff_session_facade = {
  .path = HANDOFF_SESSIONS_PATH,
  .interface = &org_tlshandoff_handoff1_session_interface,
  .methods = methods,
  .list = list,
};
