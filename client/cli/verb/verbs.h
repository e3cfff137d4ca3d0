/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "terminal/exit-status.h"

#include <glib.h>

/* Each verb is a command of its own: it parses its options, reports its errors, and returns its
 * status. arguments[0] is the verb. */
typedef CliExitStatus (*CliVerbFunc) (char **arguments);

typedef struct
{
  const char *name;     /* one word or two: "credential list" */
  const char *synopsis; /* what follows the name, translatable; "" if nothing */
  const char *summary;  /* one line, translatable */
  CliVerbFunc run;
} CliVerb;

CliExitStatus cli_connect (char **arguments);
CliExitStatus cli_probe (char **arguments);
CliExitStatus cli_serve (char **arguments);
CliExitStatus cli_credential_list (char **arguments);
CliExitStatus cli_credential_show (char **arguments);
CliExitStatus cli_credential_generate (char **arguments);
CliExitStatus cli_credential_request (char **arguments);
CliExitStatus cli_credential_set_certificates (char **arguments);
CliExitStatus cli_credential_import (char **arguments);
CliExitStatus cli_credential_link (char **arguments);
CliExitStatus cli_credential_unlock (char **arguments);
CliExitStatus cli_credential_remove (char **arguments);
CliExitStatus cli_session_list (char **arguments);
CliExitStatus cli_status (char **arguments);
CliExitStatus cli_reload (char **arguments);

CliExitStatus cli_run (char **arguments);
gboolean cli_verb_parse (GOptionContext *context, char **arguments, CliExitStatus *status);
GOptionContext *cli_verb_new_context (const char *name);
