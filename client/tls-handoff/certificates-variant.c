/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "certificates-variant.h"

GVariant *
handoff_certificates_to_variant (GPtrArray *certificates)
{
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  for (i = 0; i < certificates->len; i++)
    g_variant_builder_add_value (&builder, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING,
                                                                     certificates->pdata[i], TRUE));
  return g_variant_builder_end (&builder);
}

GPtrArray *
handoff_certificates_from_variant (GVariant *certificates)
{
  GPtrArray *array;
  GVariantIter iter;
  GVariant *certificate;

  array = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_variant_iter_init (&iter, certificates);
  while ((certificate = g_variant_iter_next_value (&iter)) != NULL)
    {
      gsize size;
      gconstpointer der = g_variant_get_fixed_array (certificate, &size, 1);

      /* Copied: it would keep the whole D-Bus message alive otherwise. */
      g_ptr_array_add (array, g_bytes_new (der, size));
      g_variant_unref (certificate);
    }

  return array;
}
