/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "credential/credential.h"
#include "keyblob/key-state.h"

/* A handshake that has got so far that it has to know with which credential: the server's name or
 * its authorities are known now. Asked on the worker, answered by the main thread, which may have
 * to ask polkit first; the handshake waits meanwhile, and its worker does not. */
typedef struct _HandoffCredentialQuestion HandoffCredentialQuestion;

/* Called on the main thread. question: (transfer full): ended by its answer, sooner or later. */
typedef void (*HandoffCredentialAskFunc) (HandoffCredentialQuestion *question, gpointer user_data);

/* (transfer none) */
HandoffRole handoff_credential_question_get_role (HandoffCredentialQuestion *self);
/* As a server: the name that the client asked for, A-labels in lower case; NULL if none. */
const char *handoff_credential_question_get_server_name (HandoffCredentialQuestion *self);
/* As a client: whether one of the authorities that the server names issued the credential, and the
 * server takes keys of its kind. As a server: whether the client does. */
gboolean handoff_credential_question_accepts (HandoffCredentialQuestion *self,
                                              const HandoffCredential *credential);

/* Ends and frees it. credential: (transfer none) (nullable): NULL for none. error: (transfer none)
 * (nullable): what the handshake fails with: why a server has none, or why nobody can tell. */
void handoff_credential_question_answer (HandoffCredentialQuestion *self,
                                         HandoffCredential *credential,
                                         const GError *error);
