/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/json-output.h"

#include "terminal/escape.h"
#include "terminal/output.h"

/**
 * cli_json_add_string:
 * @value: (nullable): %NULL becomes null
 *
 * Adds a member to the object that @builder is in.
 */
void
cli_json_add_string (JsonBuilder *builder, const char *member, const char *value)
{
  json_builder_set_member_name (builder, member);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

/**
 * cli_json_print:
 * @builder: holds a complete value
 *
 * Prints it on the standard output: in UTF-8 whatever the locale is, as JSON has to be.
 */
void
cli_json_print (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *json = json_to_string (root, TRUE);
  g_autofree char *safe = cli_escape_json (json);

  cli_output_write (safe);
  cli_output_write ("\n");
}
