/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/policy-package.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "keyblob/sealed-memfd.h"
#include "keyblob/tls-handoff-error.h"
#include "link/handshaker-messages.h"

struct _HandoffPolicyPackage
{
  gatomicrefcount ref_count;
  char *configuration_file; /* (owned) */
  char *trust_file;         /* (owned) */
  int fds[2];               /* (owned) */
};

/* (transfer full) */
static GBytes *
read_trust (const char *trust_file, GError **error)
{
  const char *path = *trust_file == '\0' ? SYSTEM_TRUST_FILE : trust_file;
  g_autoptr (GError) local_error = NULL;
  char *text = NULL;
  gsize size = 0;

  if (g_file_get_contents (path, &text, &size, &local_error) &&
      size <= HANDOFF_POLICY_MAX_TRUST_SIZE)
    return g_bytes_new_take (text, size);
  g_free (text);
  /* As a system without any authorities: no server is trusted. */
  if (*trust_file == '\0' && g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_bytes_new_static ("", 0);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "Cannot load the trust store %s: %s", *trust_file == '\0' ? "of the system" : path,
               local_error != NULL ? local_error->message : "it has more than 16 MiB");
  return NULL;
}

HandoffPolicyPackage *
handoff_policy_package_new (const char *configuration_file,
                            GBytes *configuration,
                            const char *trust_file,
                            GError **error)
{
  g_autoptr (HandoffPolicyPackage) self = g_new0 (HandoffPolicyPackage, 1);
  g_autoptr (GBytes) trust = NULL;

  g_atomic_ref_count_init (&self->ref_count);
  self->configuration_file = g_strdup (configuration_file);
  self->trust_file = g_strdup (trust_file);
  self->fds[0] = self->fds[1] = -1;
  trust = read_trust (trust_file, error);
  if (trust == NULL)
    {
      g_prefix_error (error, "%s: [TLS] TrustFile: ", configuration_file);
      return NULL;
    }
  self->fds[0] = handoff_sealed_memfd_new (configuration, error);
  if (self->fds[0] >= 0)
    self->fds[1] = handoff_sealed_memfd_new (trust, error);
  return self->fds[1] >= 0 ? g_steal_pointer (&self) : NULL;
}

HandoffPolicyPackage *
handoff_policy_package_ref (HandoffPolicyPackage *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
handoff_policy_package_unref (HandoffPolicyPackage *self)
{
  guint i;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (i = 0; i < G_N_ELEMENTS (self->fds); i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
    }
  g_free (self->configuration_file);
  g_free (self->trust_file);
  g_free (self);
}

GVariant *
handoff_policy_package_get_body (const HandoffPolicyPackage *self)
{
  return g_variant_new ("(ss)", self->configuration_file, self->trust_file);
}

gboolean
handoff_policy_package_dup_fds (const HandoffPolicyPackage *self, int fds[2], GError **error)
{
  fds[0] = fcntl (self->fds[0], F_DUPFD_CLOEXEC, 3);
  fds[1] = fds[0] >= 0 ? fcntl (self->fds[1], F_DUPFD_CLOEXEC, 3) : -1;
  if (fds[1] >= 0)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
               "Cannot give a handshaker its policy: %s", g_strerror (errno));
  if (fds[0] >= 0)
    close (fds[0]);
  return FALSE;
}
