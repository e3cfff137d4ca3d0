/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "terminal/exit-status.h"

/* The table of the verbs, what runs them, and their help. */
CliExitStatus cli_run (char **arguments);
