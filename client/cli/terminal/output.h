/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/exit-status.h"

void cli_output_open (void);
void cli_output_write (const char *text);
gboolean cli_output_write_file (const char *path, const char *text, GError **error);
gboolean cli_output_wait (guint seconds);
gboolean cli_output_close (GError **error);
CliExitStatus cli_output_finish (CliExitStatus status);
