/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

/* How the user says what our side of a connection authenticates with. */
typedef struct
{
  char *label;            /* (owned) (nullable): of a credential that the service keeps */
  char *certificate_file; /* (owned) (nullable) */
  char *key_file;         /* (owned) (nullable) */
} CliOwnCredential;

void cli_own_credential_clear (CliOwnCredential *self);
void cli_own_credential_add_options (CliOwnCredential *self, GOptionContext *context);
gboolean cli_own_credential_check (const CliOwnCredential *self, GError **error);
gboolean cli_own_credential_apply (const CliOwnCredential *self,
                                   TlsHandoffHandshakeOptions *options,
                                   GError **error);
