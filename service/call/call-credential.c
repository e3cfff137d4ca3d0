/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/call-credential.h"

#include "authority/authorization.h"
#include "gate/pending-call.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"
#include "session/credential-choice.h"
#include "work/descriptor-reaper.h"

/* A call that waits for polkit's answer: whether it may use the credential. */
typedef struct
{
  const HandoffCallContext *context; /* (unowned) */
  HandoffCall *call;                 /* (owned) (nullable): NULL once it was answered */
  char *name;                        /* (owned) */
  HandoffRole role;
  HandoffCredential *credential; /* (owned) (nullable): NULL if there is none of that name */
  gboolean is_own;
  const HandoffCallCredentialFuncs *funcs;
  gpointer data; /* (owned) (nullable): likewise */
} Waiting;

static void
waiting_free (Waiting *self)
{
  if (self->call != NULL)
    {
      handoff_call_free (self->call);
      self->funcs->caller_left (self->data);
    }
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_free (self->name);
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

static void
fail (Waiting *self, const GError *error, gboolean is_denied)
{
  self->funcs->failed (g_steal_pointer (&self->call), error, is_denied,
                       g_steal_pointer (&self->data));
}

/* Otherwise polkit said yes, and the key cannot be used for a reason of its own. */
static gboolean
is_denial (const GError *error)
{
  return g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED) ||
         g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE) ||
         g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
}

/* error: polkit's answer. */
static void
refuse (Waiting *self, const GError *error)
{
  /* Of polkit's own answer: what the caller is told does not say that there is such a credential.
   */
  const gboolean is_denied = is_denial (error);
  g_autoptr (GError) not_found = NULL;

  /* The caller has left: nobody is there to be told. */
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED))
    return;
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND) &&
      *error->message == '\0')
    {
      set_not_found (&not_found, self->name, NULL);
      error = not_found;
    }
  if (!self->is_own && g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    {
      set_not_found (&not_found, self->name, error);
      error = not_found;
    }
  fail (self, error, is_denied);
}

/* The caller may know of it since polkit said yes: another process may have told of it only then.
 */
static HandoffCredential *
find_now (Waiting *self, GError **error)
{
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (self->call));
  HandoffCredential *credential =
      handoff_credentials_find_by_name (self->context->shared->credentials, uid, self->name);

  if (credential == NULL)
    set_not_found (error, self->name, NULL);
  return credential;
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Waiting) self = user_data;
  HandoffCredential *credential = NULL;
  gboolean is_plain = FALSE;
  g_autoptr (HandoffSigningGrant) grant = NULL;
  g_autoptr (GError) error = NULL;

  if (!handoff_authorization_ask_finish (result, &is_plain, &error))
    {
      refuse (self, error);
      return;
    }
  handoff_call_note_yes (self->call, is_plain);
  grant = handoff_authorization_take_grant (result);
  if (self->credential != NULL)
    credential = handoff_credential_choice_check_again (self->context->shared->credentials,
                                                        self->credential, &error);
  else
    credential = find_now (self, &error);
  if (credential == NULL || !handoff_credential_choice_check (credential, self->role, &error))
    fail (self, error, FALSE);
  else
    self->funcs->found (g_steal_pointer (&self->call), credential, grant,
                        g_steal_pointer (&self->data));
}

/* self: (transfer full) */
static void
ask (Waiting *self, GHashTable *details)
{
  const HandoffCallMemory *memory = handoff_call_get_memory (self->call);
  const HandoffAuthorityCredential wanted = {
    .id = self->credential != NULL ? self->credential->id : NULL,
    .role = self->role,
    .is_remembered = memory != NULL && handoff_call_memory_may_keep (memory),
    .name = self->name,
  };

  handoff_authorization_ask_for_credential_async (
      self->context->shared->authority, handoff_call_get_caller (self->call),
      self->is_own ? HANDOFF_ACTION_USE_OWN_CREDENTIAL : HANDOFF_ACTION_USE_ANY_CREDENTIAL, details,
      handoff_call_is_interactive (self->call), &wanted, authorized, self);
}

/* For a credential that is not the user's own the service asks polkit as for one of others',
 * whether it exists or not: neither the answer nor its time tells which. */
void
handoff_call_credential_find (const HandoffCallContext *context,
                              HandoffCall *call,
                              const char *name,
                              HandoffRole role,
                              GHashTable *details,
                              const HandoffCallCredentialFuncs *funcs,
                              gpointer data)
{
  g_autoptr (Waiting) self = g_new0 (Waiting, 1);
  const guint uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  HandoffCredential *credential =
      handoff_credentials_find_by_name (context->shared->credentials, uid, name);
  const gboolean is_own = credential != NULL && credential->owner == uid;
  g_autoptr (GError) error = NULL;

  self->context = context;
  self->call = call;
  self->name = g_strdup (name);
  self->role = role;
  self->credential = credential != NULL ? handoff_credential_ref (credential) : NULL;
  self->is_own = is_own;
  self->funcs = funcs;
  self->data = data;

  /* Do not ask in vain. Only the owner may know what is wrong with a credential. */
  if (is_own && !handoff_credential_choice_check (credential, role, &error))
    {
      fail (self, error, FALSE);
      return;
    }
  ask (g_steal_pointer (&self), details);
}

/* A call whose PEM is read. */
typedef struct
{
  int fd; /* (owned): -1 once it is read */
  HandoffRole role;
  HandoffCredential *credential; /* (owned) (nullable) */
  HandoffSigningGrant *grant;    /* (owned) (nullable) */
  guint uid;
  const HandoffCallCredentialFuncs *funcs;
  gpointer data; /* (owned) (nullable): NULL once the call was answered */
  gboolean is_answered;
} Reading;

static void
reading_free (Reading *self)
{
  if (!self->is_answered)
    self->funcs->caller_left (self->data);
  handoff_descriptor_reap (self->fd, self->uid);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static HandoffStepState
begin_reading (HandoffPendingCall *pending, GAsyncReadyCallback done)
{
  Reading *self = pending->data;
  const HandoffCallContext *context = pending->context;

  context->pem_reader->read_async (context->pem_reader_data,
                                   handoff_call_get_caller (pending->call), self->role,
                                   g_steal_fd (&self->fd), done, pending);
  return HANDOFF_STEP_BEGUN;
}

static gboolean
finish_reading (HandoffPendingCall *pending, GAsyncResult *result, GError **error)
{
  Reading *self = pending->data;

  self->credential = pending->context->pem_reader->read_finish (result, &self->grant, error);
  return self->credential != NULL;
}

static void
was_read (HandoffPendingCall *pending)
{
  g_autoptr (Reading) self = g_steal_pointer (&pending->data);

  self->is_answered = TRUE;
  self->funcs->found (handoff_pending_call_steal_call (pending), self->credential, self->grant,
                      self->data);
}

static void
not_read (HandoffPendingCall *pending, const GError *error)
{
  g_autoptr (Reading) self = g_steal_pointer (&pending->data);

  self->is_answered = TRUE;
  self->funcs->failed (handoff_pending_call_steal_call (pending), error, FALSE, self->data);
}

static const HandoffStep steps[] = {
  { handoff_pending_call_enter },
  { begin_reading, finish_reading },
  { NULL },
};
static const HandoffPlan plan = { steps, was_read, not_read };

void
handoff_call_credential_read (const HandoffCallContext *context,
                              HandoffCall *call,
                              int fd,
                              HandoffRole role,
                              const HandoffCallCredentialFuncs *funcs,
                              gpointer data)
{
  Reading *self = g_new0 (Reading, 1);

  /* What is read from a pipe is not there a second time. */
  handoff_call_note_begun (call);
  self->fd = fd;
  self->role = role;
  self->uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  self->funcs = funcs;
  self->data = data;
  handoff_pending_call_start (context, call, self, (GDestroyNotify) reading_free, &plan);
}

gboolean
handoff_call_credential_take_fd (HandoffCall *call, gint32 index, int *fd, GError **error)
{
  *fd = -1;
  if (index < 0)
    return TRUE;
  *fd = handoff_call_take_fd (call, index, "Option " HANDOFF_OPTION_CREDENTIAL_PEM, error);
  return *fd >= 0;
}
