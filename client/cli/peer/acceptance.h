/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

/* A server that the user goes on with although no authority vouches for it. */
typedef struct
{
  gboolean insecure;
  char *fingerprint; /* (owned) (nullable): as given */
  char *sha256;      /* (owned) (nullable): what the certificate must have; lower case */
  char *met;         /* (owned) (nullable): what it had, if that was another one */
} CliAcceptance;

void cli_acceptance_clear (CliAcceptance *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliAcceptance, cli_acceptance_clear)

void cli_acceptance_add_options (CliAcceptance *self, GOptionContext *context);
gboolean cli_acceptance_check (CliAcceptance *self, const char *trust_file, GError **error);
void cli_acceptance_apply (CliAcceptance *self, TlsHandoffHandshakeOptions *options);
