/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/prepared-credential.h"

#include "authority/authorization.h"
#include "bus/pending-call.h"
#include "caller/descriptor-reader.h"
#include "credential/credential-pem.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "session/credential-choice.h"

/* A call that waits for polkit's second answer: whether it may use the credential. */
typedef struct
{
  HandoffPreparedHandshake *prepared; /* (owned) */
  HandoffCall *call;                  /* (owned) */
  HandoffCredential *credential;      /* (owned) (nullable): NULL if there is none of that name */
  gboolean is_own;
} Waiting;

static void
waiting_free (Waiting *self)
{
  g_clear_pointer (&self->call, handoff_call_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  handoff_prepared_handshake_free (self->prepared);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiting, waiting_free)

/* There is no such credential, or it is not for this caller: the error is the same. denial:
 * (nullable): polkit's, for a credential that is not the user's own */
static void
set_not_found (GError **error, const char *name, const GError *denial)
{
  if (denial != NULL)
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                 "This user has no credential “%s”, and may use none of that name of the "
                 "machine's or of others': %s",
                 name, denial->message);
  else
    g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
                 "There is no credential “%s” of this user's or of the machine's", name);
}

/* error: polkit's answer. */
static void
refuse (Waiting *self, const GError *error)
{
  g_autoptr (GError) not_found = NULL;

  /* The caller has left: nobody is there to be told. */
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED))
    return;
  handoff_prepared_handshake_note_error (self->prepared, error);
  if (!self->is_own && g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    {
      set_not_found (&not_found, self->prepared->request->options->credential, error);
      error = not_found;
    }
  handoff_call_fail (g_steal_pointer (&self->call), error);
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Waiting) self = user_data;
  HandoffPreparedHandshake *prepared = self->prepared;
  HandoffHandshakeRequest *request = prepared->request;
  HandoffCredential *credential = NULL;
  g_autoptr (GError) error = NULL;

  if (!handoff_authorization_ask_finish (result, &error))
    {
      refuse (self, error);
      return;
    }
  if (self->credential == NULL)
    set_not_found (&error, request->options->credential, NULL);
  else
    credential = handoff_credential_choice_check_again (prepared->context->shared.credentials,
                                                        self->credential, &error);
  if (credential == NULL || !handoff_credential_choice_check (credential, request->role, &error))
    {
      handoff_prepared_handshake_fail (prepared, g_steal_pointer (&self->call), error);
      return;
    }
  request->credential = handoff_credential_ref (credential);
  handoff_prepared_handshake_begin (prepared, g_steal_pointer (&self->call));
}

/* For a credential that is not the user's own the service asks polkit as for one of others',
 * whether it exists or not: neither the answer nor its time tells which. prepared, call: (transfer
 * full) */
static void
use_named_credential (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  g_autoptr (HandoffPreparedHandshake) self = prepared;
  HandoffCaller *caller = handoff_call_get_caller (call);
  const guint uid = handoff_caller_get_uid (caller);
  HandoffCredential *credential = handoff_credential_choice_find (
      self->context->shared.credentials, uid, self->request->options->credential);
  const gboolean is_own = credential != NULL && credential->owner == uid;
  g_autoptr (GError) error = NULL;
  Waiting *waiting;

  /* Do not ask in vain. Only the owner may know what is wrong with a credential. */
  if (is_own && !handoff_credential_choice_check (credential, self->request->role, &error))
    {
      handoff_prepared_handshake_fail (self, call, error);
      return;
    }

  if (credential != NULL)
    {
      g_free (self->session->credential_label);
      self->session->credential_label = g_strdup (credential->label);
      handoff_call_add_detail (call, HANDOFF_AUTHORITY_DETAIL_CREDENTIAL, credential->label);
    }
  waiting = g_new0 (Waiting, 1);
  waiting->prepared = g_steal_pointer (&self);
  waiting->call = call;
  waiting->credential = credential != NULL ? handoff_credential_ref (credential) : NULL;
  waiting->is_own = is_own;
  handoff_authorization_ask_async (
      waiting->prepared->context->shared.authority, caller,
      is_own ? HANDOFF_ACTION_USE_OWN_CREDENTIAL : HANDOFF_ACTION_USE_ANY_CREDENTIAL,
      handoff_call_get_details (call), handoff_call_is_interactive (call), authorized, waiting);
}

static HandoffStepState
begin_reading_pem (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffPreparedHandshake *self = pending->data;

  handoff_pending_call_read (pending, g_steal_fd (&self->pem_fd), HANDOFF_OPTION_CREDENTIAL_PEM,
                             HANDOFF_CREDENTIAL_MAX_SIZE, done);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading_pem (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffPreparedHandshake *self = pending->data;

  self->pem = handoff_descriptor_read_finish (result, error);
  return self->pem != NULL;
}

static HandoffStepState
begin_parsing_pem (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  HandoffPreparedHandshake *self = pending->data;
  g_autoptr (GBytes) pem = g_steal_pointer (&self->pem);

  handoff_credential_pem_parse_async (pem, handoff_pending_call_get_uid (pending), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_parsing_pem (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  HandoffPreparedHandshake *self = pending->data;

  self->request->credential = handoff_credential_pem_parse_finish (result, error);
  return self->request->credential != NULL;
}

static void
begin_with_pem (HandoffPendingCall *pending)
{
  g_autoptr (HandoffPreparedHandshake) self = g_steal_pointer (&pending->data);

  handoff_prepared_handshake_begin (self, handoff_pending_call_steal_call (pending));
}

static void
fail_with_pem (HandoffPendingCall *pending, const GError *error)
{
  g_autoptr (HandoffPreparedHandshake) self = g_steal_pointer (&pending->data);

  handoff_prepared_handshake_fail (self, handoff_pending_call_steal_call (pending), error);
}

static const HandoffStep pem_steps[] = {
  { handoff_pending_call_enter },
  { begin_reading_pem, finish_reading_pem },
  { begin_parsing_pem, finish_parsing_pem },
  { NULL },
};
static const HandoffPlan pem_plan = { pem_steps, begin_with_pem, fail_with_pem };

void
handoff_prepared_credential_use (HandoffPreparedHandshake *prepared, HandoffCall *call)
{
  g_autoptr (HandoffPreparedHandshake) self = prepared;
  const HandoffFacadeContext *context = self->context;
  const HandoffHandshakeOptions *options = self->request->options;

  if (self->pem_fd >= 0)
    {
      handoff_pending_call_start (context, call, g_steal_pointer (&self),
                                  (GDestroyNotify) handoff_prepared_handshake_free, &pem_plan);
    }
  else if (options->credential != NULL && *options->credential != '\0')
    {
      use_named_credential (g_steal_pointer (&self), call);
    }
  else
    {
      handoff_prepared_handshake_begin (self, call);
    }
}
