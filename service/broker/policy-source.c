/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/policy-source.h"

#include "keyblob/tls-handoff-error.h"
#include "link/handshaker-messages.h"

/* What was read. */
typedef struct
{
  HandoffConfiguration *configuration; /* (owned) */
  HandoffPolicyPackage *package;       /* (owned) */
} Policy;

/* A policy on its way to be in force, and who waits for it. */
typedef struct
{
  HandoffPolicySource *source;     /* (owned) */
  HandoffHandshakers *handshakers; /* (unowned) */
  Policy *policy;   /* (owned) (nullable): NULL: not read yet, or the one that is there already */
  GPtrArray *tasks; /* (owned) (element-type GTask) */
} Run;

struct _HandoffPolicySource
{
  GObject parent;

  char *configuration_file; /* (owned) */
  Policy *policy; /* (owned): the defaults, without a package, as long as there is an error */
  char **suites;  /* (owned) */
  GError *error;  /* (owned) (nullable): why nothing is in force yet */
  Run *current;   /* (unowned) (nullable): from its load to its verdict; it has itself */
  Run *next;      /* (owned) (nullable): begins when the current one has ended */
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
  if (g_bytes_get_size (text) > HANDOFF_POLICY_MAX_CONFIGURATION_SIZE)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "%s: it has more than 1 MiB", configuration_file);
      return NULL;
    }
  policy->configuration = handoff_configuration_new_from_data (
      g_bytes_get_data (text, NULL), g_bytes_get_size (text), configuration_file, error);
  if (policy->configuration == NULL)
    return NULL;
  policy->package = handoff_policy_package_new (configuration_file, text,
                                                policy->configuration->trust_file, error);
  return policy->package != NULL ? g_steal_pointer (&policy) : NULL;
}

/* What stands in for a configuration that cannot be read. */
static Policy *
new_default_policy (void)
{
  Policy *policy = g_new0 (Policy, 1);
  g_autoptr (GError) error = NULL;

  policy->configuration = handoff_configuration_new_from_data (NULL, 0, "", &error);
  g_assert_no_error (error);
  return policy;
}

HandoffPolicySource *
handoff_policy_source_new (const char *configuration_file)
{
  HandoffPolicySource *self = g_object_new (HANDOFF_TYPE_POLICY_SOURCE, NULL);

  self->configuration_file = g_strdup (configuration_file);
  self->policy = load (configuration_file, &self->error);
  if (self->policy == NULL)
    self->policy = new_default_policy ();
  return self;
}

const GError *
handoff_policy_source_get_error (HandoffPolicySource *self)
{
  return self->error;
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

static Run *
run_new (HandoffPolicySource *source, HandoffHandshakers *handshakers)
{
  Run *self = g_new0 (Run, 1);

  self->source = g_object_ref (source);
  self->handshakers = handshakers;
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

static void
run_free (Run *self)
{
  g_clear_pointer (&self->policy, policy_free);
  g_ptr_array_unref (self->tasks);
  g_object_unref (self->source);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static void
add_task (Run *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self->source, NULL, callback, user_data);

  g_task_set_source_tag (task, add_task);
  g_ptr_array_add (self->tasks, task);
}

static void start (Run *run);

/* run: (transfer full). error: (nullable) */
static void
end (Run *run, const GError *error)
{
  g_autoptr (Run) self = run;
  guint i;

  self->source->current = NULL;
  if (self->source->next != NULL)
    start (g_steal_pointer (&self->source->next));
  for (i = 0; i < self->tasks->len; i++)
    {
      GTask *task = g_ptr_array_index (self->tasks, i);

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
    }
}

static void
judged (const char *const *suites, const GError *error, gpointer user_data)
{
  Run *run = user_data;
  HandoffPolicySource *self = run->source;

  if (error == NULL)
    {
      g_clear_error (&self->error);
      g_strfreev (self->suites);
      self->suites = g_strdupv ((char **) suites);
    }
  else if (run->policy == NULL)
    self->error = g_error_copy (error);
  if (error == NULL && run->policy != NULL)
    {
      policy_free (self->policy);
      self->policy = g_steal_pointer (&run->policy);
      g_signal_emit (self, signals[CHANGED], 0);
    }
  end (run, error);
}

static void
judge (Run *run)
{
  Policy *policy = run->policy != NULL ? run->policy : run->source->policy;

  handoff_handshakers_set_policy (run->handshakers, policy->package, judged, run);
}

void
handoff_policy_source_begin_async (HandoffPolicySource *self,
                                   HandoffHandshakers *handshakers,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_assert (self->current == NULL);
  self->current = run_new (self, handshakers);
  add_task (self->current, callback, user_data);
  if (self->error == NULL)
    judge (self->current);
  else
    end (self->current, self->error);
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
  Run *run = user_data;
  g_autoptr (GError) error = NULL;

  run->policy = g_task_propagate_pointer (G_TASK (result), &error);
  if (run->policy != NULL)
    judge (run);
  else
    end (run, error);
}

/* run: (transfer full) */
static void
start (Run *run)
{
  g_autoptr (GTask) loading = g_task_new (run->source, NULL, loaded, run);

  run->source->current = run;
  g_task_set_source_tag (loading, start);
  g_task_set_task_data (loading, g_strdup (run->source->configuration_file), g_free);
  g_task_run_in_thread (loading, load_in_thread);
}

void
handoff_policy_source_reload_async (HandoffPolicySource *self,
                                    HandoffHandshakers *handshakers,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Run *run;

  /* The current run may have read the files before they were changed; and of two at once, the one
   * that began first could end last. */
  run = self->next != NULL ? self->next : run_new (self, handshakers);
  add_task (run, callback, user_data);
  if (self->current != NULL)
    self->next = run;
  else
    start (run);
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
  g_clear_error (&self->error);
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
