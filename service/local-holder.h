/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/authority.h"
#include "credential/credentials.h"
#include "keeping/keeper.h"
#include "policy/configuration.h"
#include "signature/signing-grant.h"
#include "signing/signing.h"
#include "tokens/tokens.h"

/* The handshakes of this process as a holder of grants of its own. Main thread. */
typedef struct _HandoffLocalHolder HandoffLocalHolder;

HandoffLocalHolder *handoff_local_holder_new (void);
/* Before the first grant. tokens: (unowned): outlives it. */
void handoff_local_holder_set_tokens (HandoffLocalHolder *self, HandoffTokens *tokens);
/* No handshake is left. */
void handoff_local_holder_free (HandoffLocalHolder *self);

/* The keeper is a signing program, whenever it runs. keeper: (transfer none) (nullable): NULL:
 * there is none any more */
void handoff_local_holder_set_keeper (HandoffLocalHolder *self, HandoffKeeper *keeper);
/* Who the other signing programs are, is told there. */
HandoffSigning *handoff_local_holder_get_signing (HandoffLocalHolder *self);
void handoff_local_holder_configure (HandoffLocalHolder *self,
                                     const HandoffConfiguration *configuration);
/* Asks authority, and gives a grant with each yes that needs one. credentials: (unowned).
 * (transfer full) */
HandoffAuthority *handoff_local_holder_make_authority (HandoffLocalHolder *self,
                                                       HandoffAuthority *authority,
                                                       HandoffCredentials *credentials);
/* A grant for one handshake with a credential that is in no store, whose key the keeper holds. */
void handoff_local_holder_give_async (HandoffLocalHolder *self,
                                      HandoffCredential *credential,
                                      HandoffRole role,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* ended: called with data when it has ended, in whatever way; at once if there is none. (transfer
 * full) */
HandoffSigningGrant *handoff_local_holder_give_finish (HandoffLocalHolder *self,
                                                       GAsyncResult *result,
                                                       GDestroyNotify ended,
                                                       gpointer data,
                                                       GError **error);
/* Nothing is remembered any more: what stands for remembered yeses is taken back. */
void handoff_local_holder_take_back (HandoffLocalHolder *self);
