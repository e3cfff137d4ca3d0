/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "broker/bus-value.h"

#include <string.h>

/* Our methods have six levels at the most; the bus allows 64. */
#define MAX_DEPTH 16
/* The bus allows 255. */
#define MAX_TYPE_LENGTH 64

/* D-Bus's types are GVariant's but for maybe types, the empty tuple and the empty dictionary entry.
 */
static gboolean
check_type (const char *type)
{
  return strlen (type) <= MAX_TYPE_LENGTH && strchr (type, 'm') == NULL &&
         strstr (type, "()") == NULL;
}

static gboolean
check (GVariant *value, guint depth)
{
  gsize i, n;

  if (!g_variant_is_container (value))
    return TRUE;
  if (depth == 0 ||
      (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT) && g_variant_n_children (value) != 1))
    return FALSE;
  /* Bytes, and whatever else has no containers in it. */
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY) &&
      !g_variant_type_is_container (g_variant_type_element (g_variant_get_type (value))))
    return TRUE;
  n = g_variant_n_children (value);
  for (i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT) &&
          !check_type (g_variant_get_type_string (child)))
        return FALSE;
      if (!check (child, depth - 1))
        return FALSE;
    }
  return TRUE;
}

gboolean
handoff_bus_value_check (GVariant *value)
{
  /* A method without a result has the empty tuple, which is nothing on the bus. */
  return g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT) ||
         (check_type (g_variant_get_type_string (value)) && check (value, MAX_DEPTH));
}
