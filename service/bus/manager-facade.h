/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* org.tlshandoff.Handoff1.Manager on the bus. */
typedef struct _HandoffManagerFacade HandoffManagerFacade;

/* context must outlive it. */
HandoffManagerFacade *handoff_manager_facade_new (const HandoffFacadeContext *context,
                                                  GError **error);
/* No call may be on its way. */
void handoff_manager_facade_free (HandoffManagerFacade *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffManagerFacade, handoff_manager_facade_free)
