/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "link/large-value.h"

#include "keyblob/sealed-memfd.h"

GVariant *
handoff_large_value_pack (GVariant *value, int *fd, GError **error)
{
  g_autoptr (GVariant) normal = NULL;
  g_autoptr (GBytes) bytes = NULL;

  *fd = -1;
  if (g_variant_get_size (value) < HANDOFF_LARGE_VALUE_MIN_SIZE)
    return g_variant_ref_sink (value);
  normal = g_variant_get_normal_form (value);
  bytes = g_variant_get_data_as_bytes (normal);
  *fd = handoff_sealed_memfd_new (bytes, error);
  if (*fd < 0)
    return NULL;
  return g_variant_ref_sink (g_variant_new_string (g_variant_get_type_string (value)));
}

static void
set_error (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a value %s", what);
}

/* (transfer full) */
static GVariant *
read_file (GVariant *sent, int fd, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) value = NULL;
  const char *type;

  if (!g_variant_is_of_type (sent, G_VARIANT_TYPE_STRING) ||
      !g_variant_type_string_is_valid (type = g_variant_get_string (sent, NULL)) ||
      !g_variant_type_is_definite (G_VARIANT_TYPE (type)))
    {
      set_error (error, "in a file, without its type");
      return NULL;
    }
  bytes = handoff_sealed_memfd_read (fd, HANDOFF_LARGE_VALUE_MIN_SIZE, HANDOFF_LARGE_VALUE_MAX_SIZE,
                                     NULL);
  if (bytes == NULL)
    {
      set_error (error, "in a file that is not sealed, or of another size");
      return NULL;
    }
  value = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));
  if (g_variant_is_normal_form (value))
    return g_steal_pointer (&value);
  set_error (error, "in a file, not in normal form");
  return NULL;
}

GVariant *
handoff_large_value_unpack (GVariant *sent, int fd, GError **error)
{
  g_autoptr (GVariant) value = fd < 0 ? g_variant_ref (sent) : read_file (sent, fd, error);

  if (value == NULL || g_variant_is_of_type (value, G_VARIANT_TYPE_TUPLE))
    return g_steal_pointer (&value);
  set_error (error, "that is no tuple");
  return NULL;
}
