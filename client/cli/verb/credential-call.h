/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "terminal/exit-status.h"

/* What the verbs that have to do with credentials share: their common options, and the service. */
typedef struct
{
  /* Options, as given */
  gboolean interactive;
  char *owner_text; /* (owned) (nullable) */
  char **arguments; /* (owned) (nullable): what is no option */

  /* From cli_credential_call_parse() */
  gint64 owner; /* uid; -1: the user's own */

  /* From cli_credential_call_connect() */
  TlsHandoffManager *manager; /* (owned) */
  TlsHandoffHandshakeFlags flags;
} CliCredentialCall;

CliCredentialCall *cli_credential_call_new (void);
void cli_credential_call_free (CliCredentialCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliCredentialCall, cli_credential_call_free)

CliExitStatus cli_credential_call_parse (CliCredentialCall *self,
                                         GOptionContext *context,
                                         char **arguments,
                                         const GOptionEntry *entries,
                                         guint n_arguments);
CliExitStatus cli_credential_call_parse_range (CliCredentialCall *self,
                                               GOptionContext *context,
                                               char **arguments,
                                               const GOptionEntry *entries,
                                               guint min_arguments,
                                               guint max_arguments);
CliExitStatus cli_credential_call_connect (CliCredentialCall *self);
CliExitStatus
cli_credential_call_find (CliCredentialCall *self, const char *label, TlsHandoffCredential **found);
CliExitStatus cli_credential_call_open (CliCredentialCall *self,
                                        GOptionContext *context,
                                        char **arguments,
                                        const GOptionEntry *entries,
                                        TlsHandoffCredential **found);
CliExitStatus cli_credential_call_report_error (const GError *error);
