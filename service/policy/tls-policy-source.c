/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/tls-policy-source.h"

/* Threads: the main thread replaces the policy, under the lock, and may read it without. */
struct _HandoffTlsPolicySource
{
  GObject parent;

  char *configuration_file; /* (owned) (nullable): NULL if it is told its policy */
  GMutex mutex;
  HandoffTlsPolicy *policy; /* (owned) */
};

G_DEFINE_FINAL_TYPE (HandoffTlsPolicySource, handoff_tls_policy_source, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static HandoffTlsPolicy *
load (const char *configuration_file, GError **error)
{
  g_autoptr (HandoffConfiguration) configuration =
      handoff_configuration_load (configuration_file, error);
  HandoffTlsPolicy *policy;

  if (configuration == NULL)
    return NULL;
  policy = handoff_tls_policy_new (configuration, error);
  if (policy == NULL)
    g_prefix_error (error, "%s: [TLS] TrustFile: ", configuration_file);
  return policy;
}

HandoffTlsPolicySource *
handoff_tls_policy_source_new (const char *configuration_file, GError **error)
{
  g_autoptr (HandoffTlsPolicySource) self = g_object_new (HANDOFF_TYPE_TLS_POLICY_SOURCE, NULL);

  self->configuration_file = g_strdup (configuration_file);
  self->policy = load (configuration_file, error);
  return self->policy != NULL ? g_steal_pointer (&self) : NULL;
}

HandoffTlsPolicySource *
handoff_tls_policy_source_new_for_policy (HandoffTlsPolicy *policy)
{
  HandoffTlsPolicySource *self = g_object_new (HANDOFF_TYPE_TLS_POLICY_SOURCE, NULL);

  self->policy = policy;
  return self;
}

void
handoff_tls_policy_source_set_policy (HandoffTlsPolicySource *self, HandoffTlsPolicy *policy)
{
  G_GNUC_UNUSED g_autoptr (HandoffTlsPolicy) old = NULL;

  g_mutex_lock (&self->mutex);
  old = self->policy;
  self->policy = policy;
  g_mutex_unlock (&self->mutex);
  g_signal_emit (self, signals[CHANGED], 0);
}

HandoffTlsPolicy *
handoff_tls_policy_source_dup_policy (HandoffTlsPolicySource *self)
{
  HandoffTlsPolicy *policy;

  g_mutex_lock (&self->mutex);
  policy = handoff_tls_policy_ref (self->policy);
  g_mutex_unlock (&self->mutex);
  return policy;
}

HandoffTlsPolicy *
handoff_tls_policy_source_get_policy (HandoffTlsPolicySource *self)
{
  return self->policy;
}

HandoffConfiguration *
handoff_tls_policy_source_get_configuration (HandoffTlsPolicySource *self)
{
  return handoff_tls_policy_get_configuration (self->policy);
}

static void
load_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  HandoffTlsPolicy *policy = load (task_data, &error);

  if (policy != NULL)
    g_task_return_pointer (task, policy, (GDestroyNotify) handoff_tls_policy_unref);
  else
    g_task_return_error (task, error);
}

void
handoff_tls_policy_source_reload_async (HandoffTlsPolicySource *self,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, handoff_tls_policy_source_reload_async);
  g_task_set_task_data (task, g_strdup (self->configuration_file), g_free);
  g_task_run_in_thread (task, load_in_thread);
}

gboolean
handoff_tls_policy_source_reload_finish (HandoffTlsPolicySource *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  HandoffTlsPolicy *policy = g_task_propagate_pointer (G_TASK (result), error);

  if (policy == NULL)
    return FALSE;
  handoff_tls_policy_source_set_policy (self, policy);
  return TRUE;
}

static void
handoff_tls_policy_source_finalize (GObject *object)
{
  HandoffTlsPolicySource *self = HANDOFF_TLS_POLICY_SOURCE (object);

  g_clear_pointer (&self->policy, handoff_tls_policy_unref);
  g_mutex_clear (&self->mutex);
  g_free (self->configuration_file);
  G_OBJECT_CLASS (handoff_tls_policy_source_parent_class)->finalize (object);
}

static void
handoff_tls_policy_source_class_init (HandoffTlsPolicySourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_tls_policy_source_finalize;

  signals[CHANGED] = g_signal_new ("changed", HANDOFF_TYPE_TLS_POLICY_SOURCE, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
handoff_tls_policy_source_init (HandoffTlsPolicySource *self)
{
  g_mutex_init (&self->mutex);
}
