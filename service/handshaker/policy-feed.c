/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshaker/policy-feed.h"

#include <unistd.h>

#include "keyblob/cipher-suite.h"
#include "keyblob/sealed-memfd.h"
#include "link/handshaker-messages.h"

struct _HandoffPolicyFeed
{
  char *configuration_path; /* (owned) */
  char *trust_path;         /* (owned) */
  int configuration_fd;     /* (owned) */
  int trust_fd;             /* (owned) */
};

HandoffPolicyFeed *
handoff_policy_feed_new (const char *configuration_path,
                         const char *trust_path,
                         int configuration_fd,
                         int trust_fd)
{
  HandoffPolicyFeed *self = g_new (HandoffPolicyFeed, 1);

  self->configuration_path = g_strdup (configuration_path);
  self->trust_path = g_strdup (trust_path);
  self->configuration_fd = configuration_fd;
  self->trust_fd = trust_fd;
  return self;
}

void
handoff_policy_feed_free (HandoffPolicyFeed *self)
{
  g_free (self->configuration_path);
  g_free (self->trust_path);
  close (self->configuration_fd);
  close (self->trust_fd);
  g_free (self);
}

static HandoffConfiguration *
read_configuration (const HandoffPolicyFeed *self, GError **error)
{
  g_autoptr (GBytes) text = handoff_sealed_memfd_read (
      self->configuration_fd, 0, HANDOFF_POLICY_MAX_CONFIGURATION_SIZE, error);
  gconstpointer data;
  gsize size;

  if (text == NULL)
    return NULL;
  data = g_bytes_get_data (text, &size);
  return handoff_configuration_new_from_data (data, size, self->configuration_path, error);
}

static HandoffTrustStore *
read_trust_store (const HandoffPolicyFeed *self, GError **error)
{
  g_autoptr (GBytes) pem =
      handoff_sealed_memfd_read (self->trust_fd, 0, HANDOFF_POLICY_MAX_TRUST_SIZE, error);

  if (pem == NULL)
    return NULL;
  return handoff_trust_store_new_for_pem (self->trust_path, g_bytes_get_size (pem) > 0 ? pem : NULL,
                                          error);
}

static HandoffTlsPolicy *
read_policy (const HandoffPolicyFeed *self, GError **error)
{
  g_autoptr (HandoffConfiguration) configuration = read_configuration (self, error);
  g_autoptr (HandoffTrustStore) trust_store = NULL;

  if (configuration == NULL ||
      !handoff_configuration_check_priority (configuration, self->configuration_path, error))
    return NULL;
  trust_store = read_trust_store (self, error);
  if (trust_store != NULL)
    return handoff_tls_policy_new (configuration, trust_store);
  g_prefix_error (error, "%s: [TLS] TrustFile: ", self->configuration_path);
  return NULL;
}

static void
read_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  HandoffTlsPolicy *policy = read_policy (task_data, &error);

  if (policy != NULL)
    g_task_return_pointer (task, policy, (GDestroyNotify) handoff_tls_policy_unref);
  else
    g_task_return_error (task, error);
}

void
handoff_policy_feed_read_async (HandoffPolicyFeed *self,
                                gboolean on_thread,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, handoff_policy_feed_read_async);
  g_task_set_task_data (task, self, (GDestroyNotify) handoff_policy_feed_free);
  if (on_thread)
    g_task_run_in_thread (task, read_in_thread);
  else
    read_in_thread (task, NULL, self, NULL);
}

HandoffTlsPolicy *
handoff_policy_feed_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

GVariant *
handoff_policy_feed_list_suites (HandoffTlsPolicy *policy)
{
  GVariantBuilder builder;
  gsize i, n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (i = 0; i < n_suites; i++)
    {
      if (handoff_tls_policy_has_suite (policy, &suites[i]))
        g_variant_builder_add (&builder, "s", suites[i].name);
    }
  return g_variant_builder_end (&builder);
}
