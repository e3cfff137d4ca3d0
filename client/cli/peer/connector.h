/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "peer/reach.h"

GSocketConnection *
cli_connect_by (const CliReach *reach, guint timeout, gboolean *proxied, GError **error);
