/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/application-protocols.h"

#include <glib/gi18n.h>
#include <string.h>

/* What tls_handoff_handshake_options_set_application_protocols() takes. */
#define MAX_NAMES 8
#define MAX_NAME_SIZE 31

/**
 * cli_application_protocols_check:
 * @protocols: (nullable) (array zero-terminated=1): the values of --alpn
 *
 * Returns: whether all can be sent, or %FALSE with an error of the domain %G_OPTION_ERROR
 */
gboolean
cli_application_protocols_check (char **protocols, GError **error)
{
  guint i;

  for (i = 0; protocols != NULL && protocols[i] != NULL; i++)
    {
      gsize size = strlen (protocols[i]);

      if (size == 0 || size > MAX_NAME_SIZE)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("--alpn must be a protocol name of 1 to %d bytes"), MAX_NAME_SIZE);
          return FALSE;
        }
    }
  if (i > MAX_NAMES)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--alpn can be given %d times at most"), MAX_NAMES);
      return FALSE;
    }
  return TRUE;
}
