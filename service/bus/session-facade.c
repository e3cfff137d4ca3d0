/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/facade.h"

#include "bus/handoff-interfaces.h"
#include "call/session-call.h"
#include "call/session-properties.h"
#include "keyblob/handoff-names.h"

static const HandoffMethod *const methods[] = { handoff_session_methods,
                                                handoff_session_property_methods, NULL };

/* As many as a page of ListSessions() has: the work here does not grow with the number of sessions.
 */
static char **
list (const HandoffCallContext *context, const char *sender)
{
  return handoff_session_store_list (context->shared->sessions, sender, HANDOFF_LIST_PAGE);
}

/* Each object is for its owner alone. */
const HandoffFacadeKind handoff_session_facade = {
  .path = HANDOFF_SESSIONS_PATH,
  .interface = &org_tlshandoff_handoff1_session_interface,
  .methods = methods,
  .list = list,
};
