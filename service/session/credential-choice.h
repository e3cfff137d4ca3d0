/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "handshake/credential-question.h"
#include "session/session-context.h"

/* Which credential a handshake may use. Main thread, except where it says otherwise. */

/* What a user's client could choose from, as numbers that change with it: a session without a
 * certificate must not be resumed when there is a certificate now. */
void
handoff_credential_choice_get_state (HandoffCredentials *credentials, guint uid, guint64 state[4]);
/* Whether a handshake in that role may try it; TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND says why not.
 */
gboolean
handoff_credential_choice_check (HandoffCredential *credential, HandoffRole role, GError **error);
/* The credential as the store has it now, if owner and label are as they were when the service
 * asked polkit. (transfer none), or NULL with TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND */
HandoffCredential *handoff_credential_choice_check_again (HandoffCredentials *credentials,
                                                          HandoffCredential *credential,
                                                          GError **error);

/* At the session's home: what polkit's rules see of a session whose caller wants to use a
 * credential. label: (nullable): of the credential. is_named: the caller named it. (transfer full)
 * (element-type utf8 utf8) */
GHashTable *handoff_credential_choice_new_details (const HandoffSession *session,
                                                   const char *label,
                                                   gboolean is_named);

/* At the session's home: answers a handshake's question with the first credential that fits and
 * that polkit lets the caller use without a prompt. The main thread looks for it, and knows of the
 * session what is copied now. A server's gets the name that its client asks for. question:
 * (transfer full). caller: who takes the handshake further.
 */
void handoff_credential_choice_answer (const HandoffSessionContext *context,
                                       HandoffSession *session,
                                       HandoffCaller *caller,
                                       HandoffCredentialQuestion *question);
