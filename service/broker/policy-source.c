/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/policy-source.h"

#include "keyblob/tls-handoff-error.h"

/* What was read. */
typedef struct
{
  HandoffConfiguration *configuration; /* (owned) */
  HandoffPolicyPackage *package;       /* (owned) */
} Policy;

struct _HandoffPolicySource
{
  GObject parent;

  char *configuration_file; /* (owned) */
  Policy *policy;           /* (owned) */
  char **suites;            /* (owned) */
};

G_DEFINE_FINAL_TYPE (HandoffPolicySource, handoff_policy_source, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
policy_free (gpointer data)
{
  Policy *policy = data;

  g_clear_pointer (&policy->configuration, handoff_configuration_unref);
  g_clear_pointer (&policy->package, handoff_policy_package_unref);
  g_free (policy);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Policy, policy_free)

/* Any thread. */
static Policy *
load (const char *configuration_file, GError **error)
{
  g_autoptr (Policy) policy = g_new0 (Policy, 1);
  g_autoptr (GBytes) text = handoff_configuration_read (configuration_file, error);

  if (text == NULL)
    return NULL;
  policy->configuration = handoff_configuration_new_from_data (
      g_bytes_get_data (text, NULL), g_bytes_get_size (text), configuration_file, error);
  if (policy->configuration == NULL)
    return NULL;
  policy->package = handoff_policy_package_new (configuration_file, text,
                                                policy->configuration->trust_file, error);
  return policy->package != NULL ? g_steal_pointer (&policy) : NULL;
}

HandoffPolicySource *
handoff_policy_source_new (const char *configuration_file, GError **error)
{
  g_autoptr (HandoffPolicySource) self = g_object_new (HANDOFF_TYPE_POLICY_SOURCE, NULL);

  self->configuration_file = g_strdup (configuration_file);
  self->policy = load (configuration_file, error);
  return self->policy != NULL ? g_steal_pointer (&self) : NULL;
}

HandoffConfiguration *
handoff_policy_source_get_configuration (HandoffPolicySource *self)
{
  return self->policy->configuration;
}

const char *const *
handoff_policy_source_get_suites (HandoffPolicySource *self)
{
  return (const char *const *) self->suites;
}

/* A policy on its way to be judged. */
typedef struct
{
  HandoffHandshakers *handshakers; /* (unowned) */
  Policy *policy;                  /* (owned) (nullable): NULL: the one that is there already */
} Reload;

static void
reload_free (gpointer data)
{
  Reload *reload = data;

  g_clear_pointer (&reload->policy, policy_free);
  g_free (reload);
}

static void
judged (const char *const *suites, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HandoffPolicySource *self = g_task_get_source_object (task);
  Reload *reload = g_task_get_task_data (task);

  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  g_strfreev (self->suites);
  self->suites = g_strdupv ((char **) suites);
  if (reload->policy != NULL)
    {
      policy_free (self->policy);
      self->policy = g_steal_pointer (&reload->policy);
      g_signal_emit (self, signals[CHANGED], 0);
    }
  g_task_return_boolean (task, TRUE);
}

static void
judge (GTask *task)
{
  HandoffPolicySource *self = g_task_get_source_object (task);
  Reload *reload = g_task_get_task_data (task);
  Policy *policy = reload->policy != NULL ? reload->policy : self->policy;

  handoff_handshakers_set_policy (reload->handshakers, policy->package, judged, task);
}

/* task: (out) (transfer full) */
static GTask *
new_task (HandoffPolicySource *self,
          HandoffHandshakers *handshakers,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Reload *reload = g_new0 (Reload, 1);

  reload->handshakers = handshakers;
  g_task_set_source_tag (task, new_task);
  g_task_set_task_data (task, reload, reload_free);
  return task;
}

void
handoff_policy_source_begin_async (HandoffPolicySource *self,
                                   HandoffHandshakers *handshakers,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  judge (new_task (self, handshakers, callback, user_data));
}

static void
load_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  Policy *policy = load (task_data, &error);

  if (policy != NULL)
    g_task_return_pointer (task, policy, policy_free);
  else
    g_task_return_error (task, error);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Reload *reload = g_task_get_task_data (task);
  GError *error = NULL;

  reload->policy = g_task_propagate_pointer (G_TASK (result), &error);
  if (reload->policy != NULL)
    {
      judge (task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
handoff_policy_source_reload_async (HandoffPolicySource *self,
                                    HandoffHandshakers *handshakers,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task = new_task (self, handshakers, callback, user_data);
  g_autoptr (GTask) loading = g_task_new (self, NULL, loaded, task);

  g_task_set_source_tag (loading, handoff_policy_source_reload_async);
  g_task_set_task_data (loading, g_strdup (self->configuration_file), g_free);
  g_task_run_in_thread (loading, load_in_thread);
}

gboolean
handoff_policy_source_reload_finish (HandoffPolicySource *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
handoff_policy_source_finalize (GObject *object)
{
  HandoffPolicySource *self = HANDOFF_POLICY_SOURCE (object);

  g_clear_pointer (&self->policy, policy_free);
  g_strfreev (self->suites);
  g_free (self->configuration_file);
  G_OBJECT_CLASS (handoff_policy_source_parent_class)->finalize (object);
}

static void
handoff_policy_source_class_init (HandoffPolicySourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = handoff_policy_source_finalize;

  signals[CHANGED] = g_signal_new ("changed", HANDOFF_TYPE_POLICY_SOURCE, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
handoff_policy_source_init (HandoffPolicySource *self)
{
}
