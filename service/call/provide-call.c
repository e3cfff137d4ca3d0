/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/provide-call.h"

#include "call/call-credential.h"
#include "call/session-reply.h"
#include "policy/credential-answer.h"
#include "session/credential-choice.h"
#include "work/descriptor-reaper.h"
#include "work/home.h"

/* An answer on its way. Other calls on the session are kept out meanwhile. The session stays at
 * home; if the answer is a credential, the rest travels to the main thread and back. */
typedef struct
{
  const HandoffCallContext *context; /* (unowned) */
  HandoffSession *session;           /* (owned) (nullable): occupied; NULL before; of its home */
  HandoffRole role;                  /* the session's */
  HandoffCredentialAnswer *answer;   /* (owned) */
  GHashTable *details;               /* (owned) (nullable): what polkit's rules see */
  int pem_fd;                        /* (owned): -1 without, and once it is read */
  guint uid;

  /* What comes of it. */
  HandoffCall *call;             /* (owned) (nullable): NULL if the caller has left */
  HandoffCredential *credential; /* (owned) (nullable) */
  HandoffSigningGrant *grant;    /* (owned) (nullable): to use it */
  GError *error;                 /* (owned) (nullable): there is no credential to go on with */
} Provision;

/* At home, or before it has a session. */
static void
provision_free (Provision *self)
{
  g_clear_pointer (&self->session, handoff_session_unref);
  handoff_descriptor_reap (self->pem_fd, self->uid);
  handoff_credential_answer_free (self->answer);
  g_clear_pointer (&self->details, g_hash_table_unref);
  g_clear_pointer (&self->call, handoff_call_free);
  g_clear_pointer (&self->credential, handoff_credential_unref);
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
  g_clear_error (&self->error);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Provision, provision_free)

gboolean
handoff_provide_call_prepare (HandoffCall *call, const HandoffCallContext *context, GError **error)
{
  g_autoptr (GVariant) dictionary = NULL;
  g_autoptr (HandoffCredentialAnswer) answer = NULL;
  Provision *self;
  int fd;

  g_variant_get (handoff_call_get_parameters (call), "(@a{sv})", &dictionary);
  answer = handoff_credential_answer_parse (dictionary, error);
  if (answer == NULL || !handoff_call_credential_take_fd (call, answer->credential_pem, &fd, error))
    return FALSE;

  self = g_new0 (Provision, 1);
  self->context = context;
  self->answer = g_steal_pointer (&answer);
  self->pem_fd = fd;
  self->uid = handoff_caller_get_uid (handoff_call_get_caller (call));
  handoff_call_set_data (call, self, (GDestroyNotify) provision_free);
  return TRUE;
}

/* The handshake goes on. At home. */
static void
provide (Provision *self)
{
  HandoffSession *session = self->session;

  if (self->credential != NULL && *self->credential->label != '\0')
    {
      g_free (session->credential_label);
      session->credential_label = g_strdup (self->credential->label);
    }
  handoff_session_provide (
      self->context->shared, session, self->credential, self->grant, self->answer->automatic,
      handoff_session_reply_new (g_steal_pointer (&self->call), handoff_session_reply_to_review));
}

/* At home: it is known what the answer means. */
static gboolean
returned (gpointer data)
{
  g_autoptr (Provision) self = data;

  if (self->call == NULL || handoff_call_is_cancelled (self->call))
    /* The session may be the user's, and others of the user's processes can go on with it. */
    handoff_session_leave (self->session);
  else if (self->error == NULL || self->session->failed)
    /* If the handshake has ended meanwhile, its caller wants to know that. */
    provide (self);
  else
    {
      handoff_session_leave (self->session);
      handoff_call_fail (g_steal_pointer (&self->call), self->error);
    }
  return G_SOURCE_REMOVE;
}

/* From the main thread. */
static void
go_home (Provision *self)
{
  HandoffWorker *home = self->context->shared->home;

  if (home == NULL)
    returned (self);
  else
    handoff_home_invoke (home, returned, self, NULL);
}

static void
found (HandoffCall *call, HandoffCredential *credential, HandoffSigningGrant *grant, gpointer data)
{
  Provision *self = data;

  self->call = call;
  self->credential = handoff_credential_ref (credential);
  if (grant != NULL)
    self->grant = handoff_signing_grant_ref (grant);
  go_home (self);
}

static void
failed (HandoffCall *call, const GError *error, gboolean is_denied, gpointer data)
{
  Provision *self = data;

  self->call = call;
  self->error = g_error_copy (error);
  go_home (self);
}

static void
caller_left (gpointer data)
{
  go_home (data);
}

static const HandoffCallCredentialFuncs funcs = { found, failed, caller_left };

/* On the main thread: finds the credential that the answer names, or reads the one that it sends.
 * self: (transfer full) */
static gboolean
look_up (gpointer data)
{
  Provision *self = data;
  HandoffCall *call = g_steal_pointer (&self->call);
  const char *name = self->answer->credential;
  const HandoffCredential *credential;

  if (self->pem_fd >= 0)
    {
      handoff_call_credential_read (self->context, call, g_steal_fd (&self->pem_fd), self->role,
                                    &funcs, self);
      return G_SOURCE_REMOVE;
    }
  credential =
      handoff_credentials_find_by_name (self->context->shared->credentials, self->uid, name);
  if (credential != NULL)
    g_hash_table_insert (self->details, g_strdup (HANDOFF_AUTHORITY_DETAIL_CREDENTIAL),
                         g_strdup (credential->label));
  handoff_call_credential_find (self->context, call, name, self->role, self->details, &funcs, self);
  return G_SOURCE_REMOVE;
}

void
handoff_provide_call_run (HandoffCall *call,
                          const HandoffCallContext *context,
                          HandoffSession *session)
{
  Provision *self = handoff_call_steal_data (call);

  self->call = call;
  self->role = session->role;
  self->session = handoff_session_ref (session);
  handoff_session_occupy (session);
  if (self->pem_fd < 0 && self->answer->credential == NULL)
    {
      returned (self);
      return;
    }
  self->details = handoff_credential_choice_new_details (session, self->answer->credential, TRUE);
  if (context->shared->home == NULL)
    look_up (self);
  else
    handoff_home_invoke (NULL, look_up, self, NULL);
}
