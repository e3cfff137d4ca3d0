/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

#include "terminal/exit-status.h"

/* For those who watch servers: does a certificate end soon? */

CliExitStatus cli_expiry_check (const char *name, GPtrArray *certificates, guint n_days);
