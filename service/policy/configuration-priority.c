/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/configuration.h"

#include <gnutls/gnutls.h>

#include "keyblob/tls-handoff-error.h"

/* What only a program with TLS knows: in a file of its own, so that the broker is not linked with
 * it. */

gboolean
handoff_configuration_check_priority (const HandoffConfiguration *self,
                                      const char *path,
                                      GError **error)
{
  gnutls_priority_t priority;
  const char *position = NULL;

  if (gnutls_priority_init (&priority, self->priority, &position) == GNUTLS_E_SUCCESS)
    {
      gnutls_priority_deinit (priority);
      return TRUE;
    }
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
               "%s: [TLS] Priority=%s: the value must be a GnuTLS priority string (see `gnutls-cli "
               "--priority-list`); what GnuTLS does not understand begins at “%s”",
               path, self->priority, position != NULL ? position : self->priority);
  return FALSE;
}
