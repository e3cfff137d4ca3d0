/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/configuration.h"

#include "keyblob/tls-handoff-error.h"

/* Reads the file: for programs that open files. */

GBytes *
handoff_configuration_read (const char *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  char *text = NULL;
  gsize size = 0;

  if (g_file_get_contents (path, &text, &size, &local_error))
    return g_bytes_new_take (text, size);
  if (g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_bytes_new (NULL, 0);
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "%s: %s", path,
               local_error->message);
  return NULL;
}
