/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

char *cli_escape (const char *text, gssize size);
char *cli_escape_json (const char *json);
