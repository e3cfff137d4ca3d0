/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "terminal/exit-status.h"

#include <glib.h>

/* Each verb is a command of its own: it parses its options with context, reports its errors, and
 * returns its status. context: knows what --help is to say of the verb. arguments[0] is the verb.
 */
typedef CliExitStatus (*CliVerbFunc) (GOptionContext *context, char **arguments);

CliExitStatus cli_connect (GOptionContext *context, char **arguments);
CliExitStatus cli_probe (GOptionContext *context, char **arguments);
CliExitStatus cli_serve (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_list (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_show (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_generate (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_request (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_renew_request (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_set_certificates (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_staple (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_import (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_link (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_unlock (GOptionContext *context, char **arguments);
CliExitStatus cli_credential_remove (GOptionContext *context, char **arguments);
CliExitStatus cli_session_list (GOptionContext *context, char **arguments);
CliExitStatus cli_log (GOptionContext *context, char **arguments);
CliExitStatus cli_status (GOptionContext *context, char **arguments);
CliExitStatus cli_reload (GOptionContext *context, char **arguments);
