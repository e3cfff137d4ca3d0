/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

gboolean cli_number_parse (const char *name,
                           const char *text,
                           guint minimum,
                           guint maximum,
                           guint *number,
                           GError **error);
char *cli_number_of_bytes (guint64 n);
