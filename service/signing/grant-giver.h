/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "credential/credential.h"
#include "keyblob/key-state.h"
#include "signing/signing.h"

/* Gives grants for credentials: finds out who signs with a credential's key, and for how long.
 * Main thread. */
typedef struct _HandoffGrantGiver HandoffGrantGiver;

/* Finds the program that has the key of a credential in a token, and starts it if needed. callback:
 * with the source object NULL; user_data: for it. */
typedef struct
{
  void (*find_async) (gpointer self,
                      HandoffCredential *credential,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  /* *program: (out): the number under which signing/ knows it. */
  gboolean (*find_finish) (gpointer self, GAsyncResult *result, guint64 *program, GError **error);
} HandoffTokenFinder;

/* signing, finder, finder_self: (unowned). finder: (nullable): no key is in a token */
HandoffGrantGiver *handoff_grant_giver_new (HandoffSigning *signing,
                                            const HandoffTokenFinder *finder,
                                            gpointer finder_self);
void handoff_grant_giver_free (HandoffGrantGiver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffGrantGiver, handoff_grant_giver_free)
/* handshake: how long one may take at the longest, its caller's decisions included; memory: how
 * long a yes is remembered. Seconds. */
void handoff_grant_giver_set_times (HandoffGrantGiver *self, guint handshake, guint memory);

/* is_standing: for all handshakes as long as a yes is remembered; otherwise for one, and so if
 * nothing is remembered. holder: may be removed meanwhile: it is looked for again, by its number.
 */
void handoff_grant_giver_give_async (HandoffGrantGiver *self,
                                     HandoffHolder *holder,
                                     HandoffCredential *credential,
                                     HandoffRole role,
                                     gboolean is_standing,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/* FALSE with the error of handoff_signing_give(), or of the finder. */
gboolean handoff_grant_giver_give_finish (HandoffGrantGiver *self,
                                          GAsyncResult *result,
                                          HandoffGrantGiven *given,
                                          GError **error);
