/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "bus/reload.h"

#include "broker/news.h"

typedef struct
{
  const HandoffCallContext *context; /* (unowned) */
  GError *error;                     /* (owned) (nullable): the first */
} Reload;

static void
reload_free (Reload *self)
{
  handoff_idle_timer_release (self->context->broker.gate.idle_timer);
  g_clear_error (&self->error);
  g_free (self);
}

static void
all_heard (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reload *self = g_task_get_task_data (task);

  handoff_news_wait_finish (result);
  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
credentials_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reload *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  handoff_credential_store_reload_finish (HANDOFF_CREDENTIAL_STORE (source), result, &error);
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  handoff_pin_hold_update (self->context->pin_hold);
  handoff_news_wait_async (self->context->broker.handshakers, all_heard, g_steal_pointer (&task));
}

static void
policy_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reload *self = g_task_get_task_data (task);

  handoff_policy_source_reload_finish (HANDOFF_POLICY_SOURCE (source), result, &self->error);
  handoff_credential_store_reload_async (self->context->credential_store, credentials_reloaded,
                                         g_steal_pointer (&task));
}

void
handoff_reload_async (const HandoffCallContext *context,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Reload *self = g_new0 (Reload, 1);

  self->context = context;
  handoff_idle_timer_hold (context->broker.gate.idle_timer);
  g_task_set_source_tag (task, handoff_reload_async);
  g_task_set_task_data (task, self, (GDestroyNotify) reload_free);
  handoff_policy_source_reload_async (context->policy_source, context->broker.handshakers,
                                      policy_reloaded, task);
}

gboolean
handoff_reload_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
