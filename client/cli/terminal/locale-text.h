/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

char *cli_locale_spell (const char *text);
char *cli_locale_encode (const char *text);
