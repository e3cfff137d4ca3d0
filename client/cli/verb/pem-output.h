/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/exit-status.h"

/* The option --pem[=FILE] of verbs that show certificates. */

void cli_pem_option_add (char **file, GOptionContext *context);
char **cli_pem_option_prepare (char **arguments);
gboolean cli_pem_option_is_output (const char *file);
gboolean cli_pem_option_check (const char *file, gboolean json, const char *verb);
gboolean cli_pem_write (const char *file, GPtrArray *certificates);
