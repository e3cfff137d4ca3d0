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

static void
add_value (JsonBuilder *builder, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) &&
      *g_variant_get_string (value, NULL) == '\0')
    json_builder_add_null_value (builder);
  else
    json_builder_add_value (builder, json_gvariant_serialize (value));
}

/**
 * cli_json_add_dictionary:
 * @dictionary: an a{sv} of the service's
 *
 * Adds an object with what is in @dictionary. An empty string, which on the bus stands for what
 * does not apply, becomes null. An age, which there is in microseconds, gets a member beside it
 * that has it in seconds.
 */
void
cli_json_add_dictionary (JsonBuilder *builder, GVariant *dictionary)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  json_builder_begin_object (builder);
  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      json_builder_set_member_name (builder, key);
      add_value (builder, value);
      if (g_str_equal (key, "age") && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
        {
          json_builder_set_member_name (builder, "age-seconds");
          json_builder_add_double_value (builder,
                                         (double) g_variant_get_uint64 (value) / G_USEC_PER_SEC);
        }
    }
  json_builder_end_object (builder);
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
