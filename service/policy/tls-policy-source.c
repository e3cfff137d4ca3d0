/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/tls-policy-source.h"

/* Threads: the main thread replaces the policy, under the lock, and may read it without. */
struct _HandoffTlsPolicySource
{
  GObject parent;

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

static void
handoff_tls_policy_source_finalize (GObject *object)
{
  HandoffTlsPolicySource *self = HANDOFF_TLS_POLICY_SOURCE (object);

  g_clear_pointer (&self->policy, handoff_tls_policy_unref);
  g_mutex_clear (&self->mutex);
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
