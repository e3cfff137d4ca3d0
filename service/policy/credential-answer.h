/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* What a caller answers in the state certificate-request: the a{sv} of ProvideCredential(),
 * checked. At most one of the three; none of them: go on without a credential. */
typedef struct
{
  char *credential;      /* (owned) (nullable): label or object path */
  gint32 credential_pem; /* index of a descriptor; -1 if there is none */
  gboolean automatic;    /* the service looks for one of the user's */
} HandoffCredentialAnswer;

/* answer: an a{sv}. TLS_HANDOFF_ERROR_INVALID_ARGUMENT names the key and says what it must be. */
HandoffCredentialAnswer *handoff_credential_answer_parse (GVariant *answer, GError **error);
void handoff_credential_answer_free (HandoffCredentialAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandoffCredentialAnswer, handoff_credential_answer_free)
