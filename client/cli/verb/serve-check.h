/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "proxy/connection.h"
#include "terminal/exit-status.h"

CliExitStatus cli_serve_check (const CliConnectionSettings *settings, gboolean service_chooses);
