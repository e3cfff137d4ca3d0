/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/certificate-names.h"

#include <glib/gi18n.h>

#include "terminal/options.h"

void
cli_certificate_names_clear (CliCertificateNames *self)
{
  g_free (self->subject);
  g_strfreev (self->dns_names);
  g_strfreev (self->ip_addresses);
  g_strfreev (self->email_addresses);
}

/**
 * cli_certificate_names_add_options:
 *
 * Adds the options that fill @self.
 */
void
cli_certificate_names_add_options (CliCertificateNames *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "subject", 's', 0, G_OPTION_ARG_STRING, &self->subject,
      N_ ("The distinguished name, such as CN=www.example.org,O=Example"), N_ ("NAME") },
    { "dns", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &self->dns_names,
      N_ ("A DNS name to be certified; repeatable"), N_ ("NAME") },
    { "ip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->ip_addresses,
      N_ ("An IP address to be certified; repeatable"), N_ ("ADDRESS") },
    { "email", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &self->email_addresses,
      N_ ("An email address to be certified; repeatable"), N_ ("ADDRESS") },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
}

/**
 * cli_certificate_names_are_given:
 *
 * Returns: whether any of the options was given
 */
gboolean
cli_certificate_names_are_given (const CliCertificateNames *self)
{
  return self->subject != NULL || self->dns_names != NULL || self->ip_addresses != NULL ||
         self->email_addresses != NULL;
}
