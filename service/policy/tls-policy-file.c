/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/tls-policy-source.h"

/* Policies out of files: for programs that open files. */

/* What a source has that reads its policy from there. */
#define CONFIGURATION_FILE "configuration-file"

HandoffTlsPolicy *
handoff_tls_policy_new (HandoffConfiguration *configuration, GError **error)
{
  g_autoptr (HandoffTrustStore) trust_store =
      handoff_trust_store_load (configuration->trust_file, error);

  return trust_store != NULL ? handoff_tls_policy_new_with_trust (configuration, trust_store)
                             : NULL;
}

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
  HandoffTlsPolicy *policy = load (configuration_file, error);
  HandoffTlsPolicySource *self;

  if (policy == NULL)
    return NULL;
  self = handoff_tls_policy_source_new_for_policy (policy);
  g_object_set_data_full (G_OBJECT (self), CONFIGURATION_FILE, g_strdup (configuration_file),
                          g_free);
  return self;
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
  g_task_set_task_data (task, g_strdup (g_object_get_data (G_OBJECT (self), CONFIGURATION_FILE)),
                        g_free);
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
