/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/provide-call.h"

#include "call/call-credential.h"
#include "call/session-reply.h"
#include "policy/credential-answer.h"
#include "session/credential-choice.h"
#include "work/descriptor-reaper.h"

/* An answer on its way. Other calls on the session are kept out meanwhile. */
typedef struct
{
  const HandoffCallContext *context; /* (unowned) */
  HandoffSession *session;           /* (owned) (nullable): occupied; NULL before */
  HandoffCredentialAnswer *answer;   /* (owned) */
  int pem_fd;                        /* (owned): -1 without, and once it is read */
  guint uid;
} Provision;

static void
provision_free (Provision *self)
{
  g_clear_pointer (&self->session, handoff_session_unref);
  handoff_descriptor_reap (self->pem_fd, self->uid);
  handoff_credential_answer_free (self->answer);
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

/* The handshake goes on. credential: (nullable) */
static void
provide (Provision *self, HandoffCall *call, HandoffCredential *credential)
{
  if (credential != NULL && *credential->label != '\0')
    {
      g_free (self->session->credential_label);
      self->session->credential_label = g_strdup (credential->label);
    }
  handoff_session_provide (&self->context->shared, self->session, credential,
                           self->answer->automatic,
                           handoff_session_reply_new (call, handoff_session_reply_to_review));
}

static void
found (HandoffCall *call, HandoffCredential *credential, gpointer data)
{
  g_autoptr (Provision) self = data;

  provide (self, call, credential);
}

static void
failed (HandoffCall *call, const GError *error, gboolean is_denied, gpointer data)
{
  g_autoptr (Provision) self = data;

  /* The handshake has ended meanwhile: its caller wants to know that. */
  if (self->session->failed)
    {
      provide (self, call, NULL);
      return;
    }
  handoff_session_leave (self->session);
  handoff_call_fail (call, error);
}

static void
caller_left (gpointer data)
{
  g_autoptr (Provision) self = data;

  /* The session may be the user's, and others of the user's processes can go on with it. */
  handoff_session_leave (self->session);
}

static const HandoffCallCredentialFuncs funcs = { found, failed, caller_left };

void
handoff_provide_call_run (HandoffCall *call,
                          const HandoffCallContext *context,
                          HandoffSession *session)
{
  g_autoptr (Provision) self = handoff_call_steal_data (call);
  const char *name = self->answer->credential;
  g_autoptr (GHashTable) details = NULL;

  self->session = handoff_session_ref (session);
  handoff_session_occupy (session);
  if (self->pem_fd >= 0)
    {
      const int fd = g_steal_fd (&self->pem_fd);

      handoff_call_credential_read (context, call, fd, &funcs, g_steal_pointer (&self));
    }
  else if (name != NULL)
    {
      const HandoffCredential *credential =
          handoff_credential_choice_find (context->shared.credentials, self->uid, name);

      details = handoff_credential_choice_new_details (
          session, credential != NULL ? credential->label : name, TRUE);
      handoff_call_credential_find (context, call, name, session->role, details, &funcs,
                                    g_steal_pointer (&self));
    }
  else
    {
      provide (self, call, NULL);
    }
}
