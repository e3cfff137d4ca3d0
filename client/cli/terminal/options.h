/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

void cli_options_add (GOptionContext *context, const GOptionEntry *entries);
gboolean cli_options_check (char **arguments, GError **error);
gboolean cli_options_check_not_empty (const char *option, const char *value, GError **error);
