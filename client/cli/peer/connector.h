/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

GSocketConnection *
cli_connect_to_host (const char *host, guint16 port, guint timeout, GError **error);
