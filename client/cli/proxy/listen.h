/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

gboolean cli_listen_is_privileged (const char *text);
gboolean cli_listen_check (const char *text, GError **error);
GPtrArray *cli_listen (const char *text, GError **error);
void cli_listen_report (GPtrArray *listeners);
