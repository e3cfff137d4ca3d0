/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <tls-handoff/tls-handoff.h>

#include "peer/own-credential.h"

/* A server that was not content with what the user authenticated with, or did not. */
typedef struct
{
  const char *identity;        /* whom it had to prove to be */
  const CliOwnCredential *own; /* what the user said of the own side */
  const char *used;            /* (nullable): the label of the credential that the server got */
  GPtrArray *authorities; /* (nullable) (element-type GBytes): whose certificates it accepts, names
                             in DER; NULL if that is not known */
  gboolean interactive;   /* whether polkit was allowed to ask */
} CliCredentialRefusal;

gboolean cli_credential_is_refused (const GError *error);
void cli_credential_advise (TlsHandoffManager *manager, const CliCredentialRefusal *refusal);
