/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tokens/module-process.h"

/* Asks all modules at once whether they have the token of a URI: one that hangs keeps only a no
 * from being said. The first that says yes has it. Main thread. */

/* modules: (element-type HandoffModuleProcess). uri: canonical */
void handoff_token_search_async (GPtrArray *modules,
                                 const char *uri,
                                 const char *label,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* (transfer none): the array that was given may have changed meanwhile, and this be gone from it:
 * look. NULL with CREDENTIAL_NOT_FOUND; FAILED if no process answered. */
HandoffModuleProcess *handoff_token_search_finish (GAsyncResult *result, GError **error);
