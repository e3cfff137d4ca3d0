/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/details.h"

/**
 * cli_details_get_bytes:
 * @details: of a handshake that failed, as the D-Bus interface has them
 * @key: of one that is an array of byte arrays, such as certificates
 *
 * Returns: (transfer full) (nullable) (element-type GBytes): its elements, or %NULL if it is not
 *   among @details
 */
GPtrArray *
cli_details_get_bytes (GVariant *details, const char *key)
{
  g_autoptr (GVariant) array = g_variant_lookup_value (details, key, G_VARIANT_TYPE ("aay"));
  GPtrArray *elements;
  gsize i;

  if (array == NULL)
    return NULL;
  elements = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (i = 0; i < g_variant_n_children (array); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (array, i);

      g_ptr_array_add (elements, g_variant_get_data_as_bytes (child));
    }
  return elements;
}
