/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

/* For the verb "status": what GetStatistics() says under "programs". */

/* A line for each program, if the service tells of any. */
void cli_status_print_programs (GVariant *statistics);
