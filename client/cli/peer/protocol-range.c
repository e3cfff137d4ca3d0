/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/protocol-range.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal/options.h"

#define PREFIX "TLS"

void
cli_protocol_range_clear (CliProtocolRange *self)
{
  g_clear_pointer (&self->minimum_text, g_free);
  g_clear_pointer (&self->maximum_text, g_free);
}

/**
 * cli_protocol_range_add_options:
 *
 * Adds the options that say which protocol versions to offer; parsing them fills @self.
 */
void
cli_protocol_range_add_options (CliProtocolRange *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "minimum", 0, 0, G_OPTION_ARG_STRING, &self->minimum_text,
      N_ ("Use this protocol at least: TLS1.2 or TLS1.3"), N_ ("PROTOCOL") },
    { "maximum", 0, 0, G_OPTION_ARG_STRING, &self->maximum_text,
      N_ ("Use this protocol at most: TLS1.2 or TLS1.3"), N_ ("PROTOCOL") },
    { "tls12", 0, 0, G_OPTION_ARG_NONE, &self->tls12, N_ ("Use TLS 1.2 at most"), NULL },
    { "tls13", 0, 0, G_OPTION_ARG_NONE, &self->tls13, N_ ("Use TLS 1.3 at least"), NULL },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
}

/* As this command prints it, or the number alone. text: (nullable): NULL changes nothing */
static gboolean
parse (const char *option, const char *text, GTlsProtocolVersion *version, GError **error)
{
  const char *number = text;

  if (text == NULL)
    return TRUE;
  if (g_ascii_strncasecmp (text, PREFIX, strlen (PREFIX)) == 0)
    number += strlen (PREFIX);
  if (g_str_equal (number, "1.2"))
    *version = G_TLS_PROTOCOL_VERSION_TLS_1_2;
  else if (g_str_equal (number, "1.3"))
    *version = G_TLS_PROTOCOL_VERSION_TLS_1_3;
  else
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("%s must be TLS1.2 or TLS1.3, not “%s”"), option, text);
      return FALSE;
    }
  return TRUE;
}

/**
 * cli_protocol_range_check:
 *
 * Finds out what the options come to.
 *
 * Returns: whether they leave a protocol, or %FALSE with an error of the domain %G_OPTION_ERROR
 */
gboolean
cli_protocol_range_check (CliProtocolRange *self, GError **error)
{
  self->minimum = self->tls13 ? G_TLS_PROTOCOL_VERSION_TLS_1_3 : G_TLS_PROTOCOL_VERSION_UNKNOWN;
  self->maximum = self->tls12 ? G_TLS_PROTOCOL_VERSION_TLS_1_2 : G_TLS_PROTOCOL_VERSION_UNKNOWN;
  if ((self->tls12 && self->maximum_text != NULL) || (self->tls13 && self->minimum_text != NULL))
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           _ ("--tls12 is --maximum TLS1.2, and --tls13 is --minimum TLS1.3: give "
                              "one of the two"));
      return FALSE;
    }
  if (!parse ("--minimum", self->minimum_text, &self->minimum, error) ||
      !parse ("--maximum", self->maximum_text, &self->maximum, error))
    return FALSE;
  if (self->minimum == G_TLS_PROTOCOL_VERSION_TLS_1_3 &&
      self->maximum == G_TLS_PROTOCOL_VERSION_TLS_1_2)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           _ ("TLS 1.3 at least and TLS 1.2 at most leave no protocol"));
      return FALSE;
    }
  return TRUE;
}
