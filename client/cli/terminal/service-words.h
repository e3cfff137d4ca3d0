/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>

char *cli_service_words_translate (const char *message);
const char *cli_service_words_get_original (const GError *error);
