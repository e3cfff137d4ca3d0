/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/link-pem-reader.h"

#include "handshaker/credential-mirror.h"
#include "keyblob/tls-handoff-error.h"
#include "link/handshaker-messages.h"

/* What came of it. */
typedef struct
{
  HandoffCredential *credential; /* (owned) */
  HandoffSigningGrant *grant;    /* (owned) (nullable) */
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  handoff_credential_unref (answer->credential);
  g_clear_pointer (&answer->grant, handoff_signing_grant_unref);
  g_free (answer);
}

/* On its way, until the broker has answered. */
typedef struct
{
  const HandoffLinkPemReader *reader; /* (unowned) */
  guint64 number;
  HandoffRole role;
  GTask *task;        /* (owned) */
  GSource *cancelled; /* (owned) */
} Question;

static void
question_free (Question *self)
{
  g_source_destroy (self->cancelled);
  g_source_unref (self->cancelled);
  g_object_unref (self->task);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

/* The answer comes all the same, sooner. */
static gboolean
caller_left (GCancellable *cancellable, gpointer user_data)
{
  Question *self = user_data;

  handoff_link_send (self->reader->link, HANDOFF_HANDSHAKER_CANCEL,
                     g_variant_new ("(t)", self->number), NULL, 0, NULL);
  return G_SOURCE_REMOVE;
}

/* (nullable): NULL with the error */
static Answer *
read_answer (const Question *self, GVariant *body, GError **error)
{
  const guint uid = GPOINTER_TO_UINT (g_task_get_task_data (self->task));
  g_autoptr (GVariant) digest = NULL;
  g_autoptr (GVariant) description = NULL;
  g_autoptr (GVariant) given = NULL;
  g_autoptr (HandoffSigningGrant) grant = NULL;
  HandoffCredential *credential;
  Answer *answer;
  const char *id;

  g_variant_get (body, "(&s@ay@" HANDOFF_DESCRIPTION_TYPE "@" HANDOFF_GIVEN_GRANT_TYPE ")", &id,
                 &digest, &description, &given);
  grant = handoff_grant_desk_take (self->reader->desk, given, self->role);
  credential = handoff_credential_mirror_make (id, "", uid, HANDOFF_CREDENTIAL_ROLE_BOTH,
                                               description, error);
  if (credential == NULL)
    return NULL;
  credential->serial = 0;
  credential->pem_digest = g_variant_get_data_as_bytes (digest);
  answer = g_new (Answer, 1);
  answer->credential = credential;
  answer->grant = g_steal_pointer (&grant);
  return answer;
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (Question) self = user_data;
  GError *own_error = NULL;
  Answer *answer;

  if (reply == NULL)
    {
      g_task_return_error (self->task, g_error_copy (error));
      return;
    }
  answer = read_answer (self, reply->body, &own_error);
  if (answer != NULL)
    g_task_return_pointer (self->task, answer, answer_free);
  else
    g_task_return_error (self->task, own_error);
}

static void
read_async (gpointer data,
            HandoffCaller *caller,
            HandoffRole role,
            int fd,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  const HandoffLinkPemReader *reader = data;
  Question *question = g_new0 (Question, 1);

  question->reader = reader;
  question->number = handoff_link_authority_next_question (reader->authority);
  question->role = role;
  question->task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (question->task, read_async);
  g_task_set_task_data (question->task, GUINT_TO_POINTER (handoff_caller_get_uid (caller)), NULL);
  question->cancelled = g_cancellable_source_new (handoff_caller_get_cancellable (caller));
  g_source_set_callback (question->cancelled, G_SOURCE_FUNC (caller_left), question, NULL);
  g_source_attach (question->cancelled, NULL);
  handoff_link_request (
      reader->link, HANDOFF_HANDSHAKER_READ_PEM,
      g_variant_new ("(ttu)", question->number, handoff_caller_get_number (caller), (guint32) role),
      &fd, 1, answered, question);
}

static HandoffCredential *
read_finish (GAsyncResult *result, HandoffSigningGrant **grant, GError **error)
{
  Answer *answer = g_task_propagate_pointer (G_TASK (result), error);
  HandoffCredential *credential;

  if (answer == NULL)
    return NULL;
  credential = handoff_credential_ref (answer->credential);
  *grant = g_steal_pointer (&answer->grant);
  answer_free (answer);
  return credential;
}

const HandoffPemReaderFuncs handoff_link_pem_reader_funcs = { read_async, read_finish };
