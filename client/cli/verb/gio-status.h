/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/exit-status.h"

CliExitStatus cli_gio_status (gboolean json);
