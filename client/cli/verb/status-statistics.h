/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/json-output.h"

/* What tls_handoff_manager_get_statistics_sync() returns, an a{sv}. */
void cli_status_print_statistics (GVariant *statistics);
void cli_status_add_statistics (JsonBuilder *builder, GVariant *statistics);
