/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <json-glib/json-glib.h>

void cli_json_add_string (JsonBuilder *builder, const char *member, const char *value);
void cli_json_add_dictionary (JsonBuilder *builder, GVariant *dictionary);
void cli_json_print (JsonBuilder *builder);
