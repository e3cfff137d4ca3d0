/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "tokens/module-process.h"

/* The modules, and which of them had which token last. Reference-counted, since a search may end
 * after its owner: then there are no modules. Main thread. */
typedef struct _HandoffTokenPlaces HandoffTokenPlaces;

HandoffTokenPlaces *handoff_token_places_new (void);
HandoffTokenPlaces *handoff_token_places_ref (HandoffTokenPlaces *self);
void handoff_token_places_unref (HandoffTokenPlaces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffTokenPlaces, handoff_token_places_unref)

/* Now these are the modules: (element-type HandoffModuleProcess), (transfer none), as are the
 * elements. */
void handoff_token_places_set_modules (HandoffTokenPlaces *self, GPtrArray *modules);
/* Called when a token was used in a module. found_data: (unowned) */
typedef void (*HandoffTokenFound) (const char *label,
                                   HandoffModuleProcess *module,
                                   gpointer found_data);
void handoff_token_places_set_found (HandoffTokenPlaces *self,
                                     HandoffTokenFound found,
                                     gpointer found_data);
/* The token was used in that module. */
void handoff_token_places_note (HandoffTokenPlaces *self,
                                const char *label,
                                HandoffModuleProcess *module);
/* The module in which the token was last. (transfer none) (nullable) */
HandoffModuleProcess *handoff_token_places_lookup (HandoffTokenPlaces *self, const char *label);
/* The token is not there any more. Whether it was, as far as was known. */
gboolean handoff_token_places_forget (HandoffTokenPlaces *self,
                                      const char *label,
                                      HandoffModuleProcess *module);

/* Which module has the token of that label. Asks for it if more than one may have it, and it is not
 * known. uri: canonical */
void handoff_token_places_find_async (HandoffTokenPlaces *self,
                                      const char *uri,
                                      const char *label,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
/* (transfer none). NULL with CREDENTIAL_NOT_FOUND, or FAILED if no process answered. */
HandoffModuleProcess *
handoff_token_places_find_finish (HandoffTokenPlaces *self, GAsyncResult *result, GError **error);
