/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

guint cli_text_width (const char *text);
guint cli_text_get_columns (void);
char *cli_text_wrap (const char *label, const char *const *words, guint columns);
