/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "polkit-authority.h"

#include <polkit/polkit.h>

#include "keyblob/tls-handoff-error.h"

struct _HandoffPolkitAuthority
{
  GObject parent;

  /* (owned) (nullable): NULL until first needed. Kept: it must outlive the checks that it is asked
   * to cancel, and the library lets go of the one that nobody holds. */
  PolkitAuthority *polkit;
  /* (owned) (element-type GTask): checks that wait for it */
  GPtrArray *waiting;
  gboolean asking; /* whether the library looks for polkit now */
};

static void handoff_polkit_authority_iface_init (HandoffAuthorityInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HandoffPolkitAuthority,
                               handoff_polkit_authority,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HANDOFF_TYPE_AUTHORITY,
                                                      handoff_polkit_authority_iface_init))

/* A check, kept until polkit is reached. */
typedef struct
{
  PolkitSubject *subject; /* (owned) */
  PolkitDetails *details; /* (owned) */
  char *action;           /* (owned) */
  PolkitCheckAuthorizationFlags flags;
  GSource *cancelled; /* (owned) (nullable): while it waits for the authority */
} PendingCheck;

static void
pending_check_free (PendingCheck *self)
{
  g_clear_pointer (&self->cancelled, g_source_unref);
  g_clear_object (&self->subject);
  g_clear_object (&self->details);
  g_free (self->action);
  g_free (self);
}

static void
return_failure (GTask *task, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, POLKIT_ERROR, POLKIT_ERROR_CANCELLED))
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                             "The caller is gone");
  else
    /* Deny by default: without polkit nobody may do anything. */
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
                             "polkit could not be asked: %s", error->message);
}

static void
checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  PendingCheck *check = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) answer =
      polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);

  if (answer == NULL)
    return_failure (task, error);
  else if (polkit_authorization_result_get_is_authorized (answer))
    g_task_return_boolean (task, TRUE);
  else if (polkit_authorization_result_get_is_challenge (answer))
    g_task_return_new_error (
        task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
        "The polkit action %s needs authentication: allow interactive authorization, "
        "and have an authentication agent running",
        check->action);
  else
    g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED,
                             "polkit denies the action %s to this user", check->action);
}

/* task: (transfer full) */
static void
check_authorization (HandoffPolkitAuthority *self, GTask *task)
{
  PendingCheck *check = g_task_get_task_data (task);

  polkit_authority_check_authorization (self->polkit, check->subject, check->action, check->details,
                                        check->flags, g_task_get_cancellable (task), checked, task);
}

static void
got_authority (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandoffPolkitAuthority) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);
  guint i;

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->asking = FALSE;
  self->polkit = polkit_authority_get_finish (result, &error);
  for (i = 0; i < waiting->len; i++)
    {
      GTask *task = g_ptr_array_index (waiting, i);
      PendingCheck *check = g_task_get_task_data (task);

      if (check->cancelled != NULL)
        g_source_destroy (check->cancelled);
      if (self->polkit != NULL)
        check_authorization (self, g_object_ref (task));
      else
        return_failure (task, error);
    }
}

static gboolean
waiter_cancelled (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  HandoffPolkitAuthority *self = g_task_get_source_object (task);

  g_task_return_new_error (task, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED,
                           "The caller is gone");
  g_ptr_array_remove (self->waiting, task);
  return G_SOURCE_REMOVE;
}

/* task: (transfer full). Only the first asks: the library holds a lock until polkitd has answered,
 * and who asks again waits for that lock, here on the main thread. The question itself is not
 * cancelled with its first caller: the library would tell all others that they were cancelled. */
static void
wait_for_authority (HandoffPolkitAuthority *self, GTask *task)
{
  PendingCheck *check = g_task_get_task_data (task);

  g_ptr_array_add (self->waiting, task);
  if (g_task_get_cancellable (task) != NULL)
    {
      check->cancelled = g_cancellable_source_new (g_task_get_cancellable (task));
      g_task_attach_source (task, check->cancelled, G_SOURCE_FUNC (waiter_cancelled));
    }
  if (!self->asking)
    {
      self->asking = TRUE;
      polkit_authority_get_async (NULL, got_authority, g_object_ref (self));
    }
}

static void
handoff_polkit_authority_check_async (HandoffAuthority *authority,
                                      const HandoffAuthorityCheck *check,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  HandoffPolkitAuthority *self = HANDOFF_POLKIT_AUTHORITY (authority);
  g_autoptr (GTask) task = g_task_new (authority, cancellable, callback, user_data);
  PendingCheck *pending = g_new0 (PendingCheck, 1);
  GHashTableIter iter;
  gpointer key, value;

  g_task_set_source_tag (task, handoff_polkit_authority_check_async);
  g_task_set_task_data (task, pending, (GDestroyNotify) pending_check_free);
  pending->subject = polkit_system_bus_name_new (check->bus_name);
  pending->details = polkit_details_new ();
  pending->action = g_strdup (check->action);
  pending->flags = check->interactive ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                                      : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE;
  if (check->details != NULL)
    {
      g_hash_table_iter_init (&iter, check->details);
      while (g_hash_table_iter_next (&iter, &key, &value))
        polkit_details_insert (pending->details, key, value);
    }

  if (self->polkit != NULL)
    check_authorization (self, g_steal_pointer (&task));
  else
    wait_for_authority (self, g_steal_pointer (&task));
}

static gboolean
handoff_polkit_authority_check_finish (HandoffAuthority *authority,
                                       GAsyncResult *result,
                                       GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
handoff_polkit_authority_iface_init (HandoffAuthorityInterface *iface)
{
  iface->check_async = handoff_polkit_authority_check_async;
  iface->check_finish = handoff_polkit_authority_check_finish;
}

static void
handoff_polkit_authority_finalize (GObject *object)
{
  HandoffPolkitAuthority *self = HANDOFF_POLKIT_AUTHORITY (object);

  g_clear_object (&self->polkit);
  g_ptr_array_unref (self->waiting);
  G_OBJECT_CLASS (handoff_polkit_authority_parent_class)->finalize (object);
}

static void
handoff_polkit_authority_class_init (HandoffPolkitAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_polkit_authority_finalize;
}

static void
handoff_polkit_authority_init (HandoffPolkitAuthority *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

HandoffAuthority *
handoff_polkit_authority_new (void)
{
  return g_object_new (HANDOFF_TYPE_POLKIT_AUTHORITY, NULL);
}
