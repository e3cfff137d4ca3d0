/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "bus/facade-context.h"

/* org.tlshandoff.Handoff1.Credential on the bus: the objects below …/credentials, each for its
 * owner and for those who may manage all. */
typedef struct _HandoffCredentialFacade HandoffCredentialFacade;

/* context must outlive it. */
HandoffCredentialFacade *handoff_credential_facade_new (const HandoffFacadeContext *context,
                                                        GError **error);
/* No call may be on its way. */
void handoff_credential_facade_free (HandoffCredentialFacade *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredentialFacade, handoff_credential_facade_free)
