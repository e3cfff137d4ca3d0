/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "authority/authorization.h"

#include "authority/audit.h"
#include "keyblob/tls-handoff-error.h"

typedef struct
{
  HandoffCaller *caller;      /* (owned) */
  char *action;               /* (owned) */
  GHashTable *details;        /* (owned) (nullable) */
  gboolean is_plain;          /* of a yes */
  HandoffSigningGrant *grant; /* (owned) (nullable): likewise */
} Question;

static void
question_free (Question *self)
{
  g_object_unref (self->caller);
  g_free (self->action);
  g_clear_pointer (&self->details, g_hash_table_unref);
  g_clear_pointer (&self->grant, handoff_signing_grant_unref);
  g_free (self);
}

static void
answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gboolean allowed = handoff_authority_check_finish (HANDOFF_AUTHORITY (source), result,
                                                     &question->is_plain, &error);

  if (allowed)
    question->grant = handoff_authority_take_grant (HANDOFF_AUTHORITY (source), result);
  if (g_cancellable_is_cancelled (handoff_caller_get_cancellable (question->caller)))
    {
      g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                               "The caller is gone");
      return;
    }
  handoff_audit_authorization (question->caller, question->action, question->details, error);
  if (allowed)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
handoff_authorization_ask_for_credential_async (HandoffAuthority *authority,
                                                HandoffCaller *caller,
                                                const char *action,
                                                GHashTable *details,
                                                gboolean interactive,
                                                const HandoffAuthorityCredential *credential,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (authority, NULL, callback, user_data);
  Question *question = g_new0 (Question, 1);
  HandoffAuthorityCheck check = { 0 };

  g_task_set_source_tag (task, handoff_authorization_ask_for_credential_async);
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  question->caller = g_object_ref (caller);
  question->action = g_strdup (action);
  if (details != NULL)
    question->details = g_hash_table_ref (details);

  check.caller = handoff_caller_get_number (caller);
  check.bus_name = handoff_caller_get_bus_name (caller);
  check.uid = handoff_caller_get_uid (caller);
  check.action = action;
  check.details = details;
  check.interactive = interactive;
  check.credential = credential;
  handoff_authority_check_async (authority, &check, handoff_caller_get_cancellable (caller),
                                 answered, g_steal_pointer (&task));
}

void
handoff_authorization_ask_async (HandoffAuthority *authority,
                                 HandoffCaller *caller,
                                 const char *action,
                                 GHashTable *details,
                                 gboolean interactive,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  handoff_authorization_ask_for_credential_async (authority, caller, action, details, interactive,
                                                  NULL, callback, user_data);
}

gboolean
handoff_authorization_ask_finish (GAsyncResult *result, gboolean *is_plain, GError **error)
{
  const Question *question = g_task_get_task_data (G_TASK (result));

  if (is_plain != NULL)
    *is_plain = question->is_plain;
  return g_task_propagate_boolean (G_TASK (result), error);
}

HandoffSigningGrant *
handoff_authorization_take_grant (GAsyncResult *result)
{
  Question *question = g_task_get_task_data (G_TASK (result));

  return g_steal_pointer (&question->grant);
}
