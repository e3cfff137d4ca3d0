/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "verb/probe-processes.h"

/* A probe of several servers, or one that is repeated: a line for each. */

CliExitStatus cli_probe_many (char **servers, gboolean json, CliProbeFunc func, gpointer user_data);
CliExitStatus
cli_probe_watch (char **servers, guint seconds, CliProbeFunc func, gpointer user_data);
