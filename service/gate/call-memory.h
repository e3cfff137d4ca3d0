/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "authority/grants.h"
#include "caller/caller.h"
#include "credential/credential.h"
#include "signature/signing-grant.h"

/* What is remembered for a call on a channel: what polkit answered to one like it, or what it is to
 * answer to this one. On the bus a call has no memory. Belongs to the thread of its call. */
typedef struct _HandoffCallMemory HandoffCallMemory;

/* What a grant has beside polkit's yes, so that the main thread need not be asked for it. */
typedef struct
{
  HandoffCredential *credential; /* (owned) (nullable): the one that the call names */
  HandoffSigningGrant *grant;    /* (owned) (nullable): for as long as this is remembered */
  guint64 choice[4];             /* as in HandoffHandshakeRequest */
} HandoffRemembered;

/* Looks the question up. action, credential_name: as in HandoffGrantQuestion; copied. details:
 * (transfer none) (nullable): not changed any more. grants: (unowned): outlives the call. Any
 * thread. */
HandoffCallMemory *handoff_call_memory_new (HandoffGrants *grants,
                                            const char *action,
                                            GHashTable *details,
                                            const char *credential_name);
void handoff_call_memory_free (HandoffCallMemory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCallMemory, handoff_call_memory_free)

/* (nullable): NULL if polkit has to be asked. Valid as long as the memory. */
const HandoffRemembered *handoff_call_memory_get (const HandoffCallMemory *self);
/* After a wait: FALSE if what was remembered is forgotten meanwhile, even if the same question was
 * answered again since; then polkit has to be asked. TRUE if it is valid still, or polkit was asked
 * already. Any thread. */
gboolean handoff_call_memory_look_again (HandoffCallMemory *self);
/* Polkit says yes to the question, or to another one that the call asks. is_plain: see
 * authorization.h */
void handoff_call_memory_note_yes (HandoffCallMemory *self, gboolean is_plain);
/* Whether another plain yes would be remembered. */
gboolean handoff_call_memory_may_keep (const HandoffCallMemory *self);
/* The call has all that it needs: the next one like it need not ask, if all answers were plain.
 * credential: (nullable): the one that the call named. grant: (nullable): to use that, as long as
 * it is remembered. Main thread. */
void handoff_call_memory_keep (HandoffCallMemory *self,
                               HandoffCredential *credential,
                               HandoffSigningGrant *grant,
                               const guint64 choice[4]);
/* What is remembered gets the entries of the audit log that polkit's answers would have: one for
 * the call, and one for the credential that it named. label: (nullable): of the credential that the
 * call uses. Any thread. */
void handoff_call_memory_audit (HandoffCallMemory *self, HandoffCaller *caller, const char *label);
