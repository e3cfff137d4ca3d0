/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "importers/importers.h"
#include "keeping/keeper.h"

/* What the keeper tells of while it reads all credentials. One whose files nobody has described is
 * described first; one that cannot be described is damaged, and left aside, with a warning. Main
 * thread. */
typedef struct _HandoffCredentialLoading HandoffCredentialLoading;

/* keeper, importers: (unowned). It takes what the keeper tells, until it is freed. */
HandoffCredentialLoading *handoff_credential_loading_new (HandoffKeeper *keeper,
                                                          HandoffImporters *importers);
void handoff_credential_loading_free (HandoffCredentialLoading *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredentialLoading, handoff_credential_loading_free)

/* All that came until now, since the last call: (element-type utf8 HandoffCredential): by id, which
 * is part of the value. n_damaged: (out): of what came. (transfer full) */
GHashTable *handoff_credential_loading_take (HandoffCredentialLoading *self, guint *n_damaged);
