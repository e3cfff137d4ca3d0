/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/exit-status.h"

void cli_report (const char *format, ...) G_GNUC_PRINTF (1, 2);
void cli_hint (const char *format, ...) G_GNUC_PRINTF (1, 2);
gboolean cli_error_wants_password (const GError *error);
void cli_hint_at_interactive (const GError *error);
CliExitStatus cli_usage_error (const char *verb, const char *message);
CliExitStatus cli_report_not_authorized (const char *peer, const GError *error);
CliExitStatus cli_report_error (const GError *error);
CliExitStatus cli_report_no_service (const GError *error);
