/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/prepared-credential.h"

#include "call/call-credential.h"
#include "keyblob/handoff-names.h"
#include "session/credential-choice.h"

static void
found (HandoffCall *call, HandoffCredential *credential, gpointer data)
{
  g_autoptr (HandoffPreparedHandshake) prepared = data;

  prepared->request->credential = handoff_credential_ref (credential);
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
note_label (HandoffPreparedHandshake *self, HandoffCall *call, const char *name)
{
  const HandoffCredential *credential = handoff_credential_choice_find (
      self->context->shared.credentials, handoff_caller_get_uid (handoff_call_get_caller (call)),
      name);

  if (credential == NULL)
    return;
  g_free (self->session->credential_label);
  self->session->credential_label = g_strdup (credential->label);
  handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, credential->label);
}

void
handoff_prepared_credential_use (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  g_autoptr (HandoffPreparedHandshake) self = prepared;
  const HandoffCallContext *context = self->context;
  const char *name = self->request->options->credential;
  const HandoffRole role = self->request->role;

  if (self->pem_fd >= 0)
    {
      const int fd = g_steal_fd (&self->pem_fd);

      handoff_call_credential_read (context, call, fd, &funcs, g_steal_pointer (&self));
    }
  else if (name != NULL && *name != '\0')
    {
      note_label (self, call, name);
      handoff_call_credential_find (context, call, name, role, handoff_call_get_details (call),
                                    &funcs, g_steal_pointer (&self));
    }
  else
    {
      handoff_prepared_handshake_begin (self, call);
    }
}
