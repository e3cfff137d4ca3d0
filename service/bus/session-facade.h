/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* org.tlshandoff.Handoff1.Session on the bus: the objects below …/sessions, each for its owner
 * alone. */
typedef struct _HandoffSessionFacade HandoffSessionFacade;

/* context must outlive it. */
HandoffSessionFacade *handoff_session_facade_new (const HandoffFacadeContext *context,
                                                  GError **error);
/* No call may be on its way. */
void handoff_session_facade_free (HandoffSessionFacade *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffSessionFacade, handoff_session_facade_free)
