/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/link-authority.h"

#include "keyblob/tls-handoff-error.h"
#include "link/handshaker-messages.h"

struct _HandoffLinkAuthority
{
  GObject parent;

  HandoffLink *link;      /* (unowned): outlives it */
  HandoffGrantDesk *desk; /* (unowned) */
  guint64 last_question;
};

static void authority_init (HandoffAuthorityInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffLinkAuthority,
                               handoff_link_authority,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY, authority_init))

/* What came of a question. */
typedef struct
{
  gboolean is_plain;
  HandoffSigningGrant *grant; /* (owned) (nullable) */
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_clear_pointer (&answer->grant, handoff_signing_grant_unref);
  g_free (answer);
}

/* A question on its way, until the broker has answered. */
typedef struct
{
  HandoffLinkAuthority *authority; /* (owned) */
  guint64 number;
  HandoffRole role;   /* of the grant */
  GTask *task;        /* (owned) (nullable): NULL when nobody waits any more */
  GSource *cancelled; /* (owned) (nullable) */
} Question;

static void
stop_watching (Question *self)
{
  if (self->cancelled == NULL)
    return;
  g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
}

static void
question_free (Question *self)
{
  stop_watching (self);
  g_clear_object (&self->task);
  g_object_unref (self->authority);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

/* Nobody waits any more. The broker's answer may bring a grant, which is over then. */
static gboolean
caller_left (GCancellable *cancellable, gpointer user_data)
{
  Question *self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  handoff_link_send (self->authority->link, HANDOFF_HANDSHAKER_CANCEL,
                     g_variant_new ("(t)", self->number), NULL, 0, NULL);
  stop_watching (self);
  g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                           "The caller is gone");
  return G_SOURCE_REMOVE;
}

static void
return_no (GTask *task, guint answer, const char *why)
{
  static const int codes[HANDOFF_HANDSHAKER_N_ANSWERS] = {
    [HANDOFF_HANDSHAKER_ANSWER_NO] = TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
    [HANDOFF_HANDSHAKER_ANSWER_UNAVAILABLE] = TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
    [HANDOFF_HANDSHAKER_ANSWER_LIMIT] = TLS_HANDOFF_ERROR_LIMIT_REACHED,
    [HANDOFF_HANDSHAKER_ANSWER_CANCELLED] = TLS_HANDOFF_ERROR_CANCELLED,
    [HANDOFF_HANDSHAKER_ANSWER_NOT_FOUND] = TLS_HANDOFF_ERROR_CREDENTIAL_NOT_FOUND,
  };

  g_task_return_error (task, g_error_new_literal (TLS_HANDOFF_ERROR,
                                                  answer < HANDOFF_HANDSHAKER_N_ANSWERS
                                                      ? codes[answer]
                                                      : TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
                                                  why));
}

static void
answered (HandoffLinkMessage *reply, const GError *error, gpointer user_data)
{
  g_autoptr (Question) self = user_data;
  g_autoptr (GVariant) grant = NULL;
  Answer *answer;
  const char *why;
  guint word;

  if (reply == NULL)
    {
      /* Polkit said yes, but there can be no grant: it is known why. */
      if (self->task != NULL && error->domain == TLS_HANDOFF_ERROR)
        g_task_return_error (self->task, g_error_copy (error));
      else if (self->task != NULL)
        g_task_return_new_error (self->task, TLS_HANDOFF_ERROR,
                                 TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE,
                                 "Cannot ask whether that is allowed: %s", error->message);
      return;
    }
  answer = g_new0 (Answer, 1);
  g_variant_get (reply->body, "(u&sb&s@" HANDOFF_GIVEN_GRANT_TYPE ")", &word, &why, NULL, NULL,
                 &grant);
  answer->is_plain = word == HANDOFF_HANDSHAKER_ANSWER_PLAIN_YES;
  answer->grant = handoff_grant_desk_take (self->authority->desk, grant, self->role);
  if (self->task == NULL)
    {
      answer_free (answer);
      return;
    }
  g_task_set_task_data (self->task, answer, answer_free);
  if (answer->is_plain || word == HANDOFF_HANDSHAKER_ANSWER_YES)
    g_task_return_boolean (self->task, TRUE);
  else
    return_no (self->task, word, why);
}

/* (transfer floating) */
static GVariant *
new_details (GHashTable *details)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  const char *key, *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  if (details != NULL)
    {
      g_hash_table_iter_init (&iter, details);
      while (g_hash_table_iter_next (&iter, (gpointer *) &key, (gpointer *) &value))
        g_variant_builder_add (&builder, "{ss}", key, value);
    }
  return g_variant_builder_end (&builder);
}

static void
check_async (HandoffAuthority *authority,
             const HandoffAuthorityCheck *check,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  HandoffLinkAuthority *self = HANDOFF_LINK_AUTHORITY (authority);
  const HandoffAuthorityCredential *credential = check->credential;
  const char *name = credential != NULL ? credential->name : NULL;
  Question *question = g_new0 (Question, 1);

  question->authority = g_object_ref (self);
  question->number = handoff_link_authority_next_question (self);
  question->role = credential != NULL ? credential->role : HANDOFF_ROLE_CLIENT;
  question->task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (question->task, check_async);
  if (cancellable != NULL)
    {
      question->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (question->cancelled, G_SOURCE_FUNC (caller_left), question, NULL);
      g_source_attach (question->cancelled, NULL);
    }
  handoff_link_request (
      self->link, HANDOFF_HANDSHAKER_ASK,
      g_variant_new ("(ttssb@a{ss}bub)", question->number, check->caller, check->action,
                     name != NULL         ? name
                     : credential != NULL ? credential->id
                                          : "",
                     name != NULL, new_details (check->details), check->interactive,
                     (guint32) question->role, credential != NULL && credential->is_remembered),
      NULL, 0, answered, question);
}

static gboolean
check_finish (HandoffAuthority *authority, GAsyncResult *result, gboolean *is_plain, GError **error)
{
  const Answer *answer = g_task_get_task_data (G_TASK (result));

  *is_plain = answer != NULL && answer->is_plain;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static HandoffSigningGrant *
take_grant (HandoffAuthority *authority, GAsyncResult *result)
{
  Answer *answer = g_task_get_task_data (G_TASK (result));

  return answer != NULL ? g_steal_pointer (&answer->grant) : NULL;
}

static void
authority_init (HandoffAuthorityInterface *iface)
{
  iface->check_async = check_async;
  iface->check_finish = check_finish;
  iface->take_grant = take_grant;
}

HandoffLinkAuthority *
handoff_link_authority_new (HandoffLink *link, HandoffGrantDesk *desk)
{
  HandoffLinkAuthority *self = g_object_new (HANDOFF_TYPE_LINK_AUTHORITY, NULL);

  self->link = link;
  self->desk = desk;
  return self;
}

guint64
handoff_link_authority_next_question (HandoffLinkAuthority *self)
{
  return ++self->last_question;
}

static void
handoff_link_authority_class_init (HandoffLinkAuthorityClass *klass)
{
}

static void
handoff_link_authority_init (HandoffLinkAuthority *self)
{
}
