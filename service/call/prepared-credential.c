/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/prepared-credential.h"

#include "call/call-credential.h"
#include "keyblob/handoff-names.h"
#include "session/credential-choice.h"

static void
found (HandoffCall *call, HandoffCredential *credential, HandoffSigningGrant *grant, gpointer data)
{
  HandoffPreparedHandshake *prepared = data;

  g_clear_pointer (&prepared->request->credential, handoff_credential_unref);
  prepared->request->credential = handoff_credential_ref (credential);
  g_clear_pointer (&prepared->request->grant, handoff_signing_grant_unref);
  if (grant != NULL)
    prepared->request->grant = handoff_signing_grant_ref (grant);
  handoff_prepared_handshake_begin (prepared, call);
}

static void
failed (HandoffCall *call, const GError *error, gboolean is_denied, gpointer data)
{
  g_autoptr (HandoffPreparedHandshake) prepared = data;

  if (is_denied)
    {
      handoff_prepared_handshake_note_error (prepared, error);
      handoff_call_fail (call, error);
    }
  else
    {
      handoff_prepared_handshake_fail (prepared, call, error);
    }
}

static void
caller_left (gpointer data)
{
  handoff_prepared_handshake_free (data);
}

static const HandoffCallCredentialFuncs funcs = { found, failed, caller_left };

/* The audit log has the label, even if the caller gave the path, and even if it is refused. */
static void
note_label (HandoffPreparedHandshake *self, HandoffCall *call, const HandoffCredential *credential)
{
  g_free (self->session->credential_label);
  self->session->credential_label = g_strdup (credential->label);
  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, credential->label);
}

/* On the main thread. prepared, call: (transfer full) */
static void
find (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  const HandoffCallContext *context = prepared->context;
  const char *name = prepared->request->options->credential;
  const HandoffCredential *credential = handoff_credentials_find_by_name (
      context->shared->credentials, handoff_caller_get_uid (handoff_call_get_caller (call)), name);

  if (credential != NULL)
    note_label (prepared, call, credential);
  handoff_call_credential_find (context, call, name, prepared->request->role,
                                handoff_call_get_details (call), &funcs, prepared);
}

/* What is remembered is as it was a while ago: certificates expire. On any thread. prepared, call:
 * (transfer full) */
static void
use_remembered (HandoffPreparedHandshake *prepared,
                HandoffCall *call,
                const HandoffRemembered *remembered)
{
  g_autoptr (GError) error = NULL;

  memcpy (prepared->request->choice, remembered->choice, sizeof remembered->choice);
  if (remembered->credential == NULL)
    {
      handoff_prepared_handshake_begin (prepared, call);
      return;
    }
  note_label (prepared, call, remembered->credential);
  if (handoff_credential_choice_check (remembered->credential, prepared->request->role, &error))
    found (call, remembered->credential, remembered->grant, prepared);
  else
    failed (call, error, FALSE, prepared);
}

/* Not sooner: there may be others after a wait. On the main thread. */
static void
note_choice (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  HandoffHandshakeRequest *request = prepared->request;

  if (request->may_ask && request->role == HANDOFF_ROLE_CLIENT)
    handoff_credential_choice_get_state (prepared->context->shared->credentials,
                                         handoff_caller_get_uid (handoff_call_get_caller (call)),
                                         request->choice);
}

void
handoff_prepared_credential_use (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  const char *name = prepared->request->options->credential;
  HandoffCallMemory *memory = handoff_call_get_memory (call);
  const HandoffRemembered *remembered = memory != NULL ? handoff_call_memory_get (memory) : NULL;

  if (prepared->pem_fd >= 0)
    handoff_call_credential_read (prepared->context, call, g_steal_fd (&prepared->pem_fd),
                                  prepared->request->role, &funcs, prepared);
  else if (remembered != NULL)
    use_remembered (prepared, call, remembered);
  else if (name != NULL && *name != '\0')
    find (prepared, call);
  else
    {
      note_choice (prepared, call);
      handoff_prepared_handshake_begin (prepared, call);
    }
}
