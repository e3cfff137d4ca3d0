/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "trust/trust-store.h"

#include "keyblob/tls-handoff-error.h"

/* Reads the bundle: for programs that open files. */

HandoffTrustStore *
handoff_trust_store_load (const char *path, GError **error)
{
  const gboolean is_system = *path == '\0';
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GBytes) pem = NULL;
  char *text = NULL;
  gsize size = 0;

  if (g_file_get_contents (is_system ? SYSTEM_TRUST_FILE : path, &text, &size, &local_error))
    pem = g_bytes_new_take (text, size);
  /* As a system without any authorities: no server is trusted. */
  else if (!is_system || !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                   "Cannot load the trust store %s: %s", is_system ? "of the system" : path,
                   local_error->message);
      return NULL;
    }
  return handoff_trust_store_new_for_pem (path, pem, error);
}
