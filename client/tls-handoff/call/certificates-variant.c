/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/certificates-variant.h"

#include "tls-handoff-error.h"
#include "phrasebook/library-text.h"

static GPtrArray *
new_array (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

GPtrArray *
handoff_certificates_copy (GBytes *const *certificates, gsize n_certificates)
{
  GPtrArray *copy = new_array ();
  gsize i;

  for (i = 0; i < n_certificates; i++)
    g_ptr_array_add (copy, certificates[i] != NULL ? g_bytes_ref (certificates[i]) : NULL);
  return copy;
}

GPtrArray *
handoff_certificates_copy_ptr_array (GPtrArray *certificates)
{
  return certificates != NULL
             ? handoff_certificates_copy ((GBytes *const *) certificates->pdata, certificates->len)
             : NULL;
}

GVariant *
handoff_certificates_to_variant (GPtrArray *certificates, const char *what, GError **error)
{
  GVariantBuilder builder;
  guint i;

  for (i = 0; i < certificates->len; i++)
    if (certificates->pdata[i] == NULL)
      {
        g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                     _ ("%s: number %u is NULL and not a GBytes; a language binding that cannot "
                        "convert the elements of a GPtrArray needs the function for a plain array"),
                     what, i + 1);
        return NULL;
      }

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  for (i = 0; i < certificates->len; i++)
    g_variant_builder_add_value (&builder, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING,
                                                                     certificates->pdata[i], TRUE));
  return g_variant_builder_end (&builder);
}

GPtrArray *
handoff_certificates_from_variant (GVariant *certificates)
{
  GPtrArray *array = new_array ();
  GVariantIter iter;
  GVariant *certificate;

  g_variant_iter_init (&iter, certificates);
  while ((certificate = g_variant_iter_next_value (&iter)) != NULL)
    {
      gsize size;
      gconstpointer der = g_variant_get_fixed_array (certificate, &size, 1);

      /* A copy: a reference would keep the whole D-Bus message in memory. */
      g_ptr_array_add (array, g_bytes_new (der, size));
      g_variant_unref (certificate);
    }

  return array;
}

GPtrArray *
handoff_certificates_select (GPtrArray *certificates, GVariant *positions)
{
  g_autoptr (GPtrArray) selected = new_array ();
  GVariantIter iter;
  guint32 position;

  if (positions == NULL)
    return g_ptr_array_ref (certificates);
  g_variant_iter_init (&iter, positions);
  while (g_variant_iter_next (&iter, "u", &position))
    {
      if (position >= certificates->len)
        return g_ptr_array_ref (certificates);
      g_ptr_array_add (selected, g_bytes_ref (certificates->pdata[position]));
    }
  return selected->len > 0 ? g_steal_pointer (&selected) : g_ptr_array_ref (certificates);
}
