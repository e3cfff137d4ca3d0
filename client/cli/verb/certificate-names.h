/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* Whom a certificate shall be about, as the options say it. */
typedef struct
{
  char *subject;          /* (owned) (nullable) */
  char **dns_names;       /* (owned) (nullable) */
  char **ip_addresses;    /* (owned) (nullable) */
  char **email_addresses; /* (owned) (nullable) */
} CliCertificateNames;

void cli_certificate_names_add_options (CliCertificateNames *self, GOptionContext *context);
gboolean cli_certificate_names_are_given (const CliCertificateNames *self);
void cli_certificate_names_clear (CliCertificateNames *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliCertificateNames, cli_certificate_names_clear)
