/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/exit-status.h"

gboolean cli_verb_parse (GOptionContext *context, char **arguments, CliExitStatus *status);
