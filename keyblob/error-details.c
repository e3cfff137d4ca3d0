/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "error-details.h"

typedef struct
{
  GVariant *details; /* (owned) (nullable): a{sv} */
} ErrorPrivate;

/* GLib keeps an extended error's private data right before the error, aligned to two words. */
static ErrorPrivate *
get_private (const GError *error)
{
  const gsize alignment = 2 * sizeof (gsize);
  const gsize size = (sizeof (ErrorPrivate) + alignment - 1) & -alignment;

  return (ErrorPrivate *) ((guint8 *) error - size);
}

static void
error_init (GError *error)
{
  get_private (error)->details = NULL;
}

static void
error_copy (const GError *source, GError *destination)
{
  GVariant *details = get_private (source)->details;

  get_private (destination)->details = details != NULL ? g_variant_ref (details) : NULL;
}

static void
error_clear (GError *error)
{
  g_clear_pointer (&get_private (error)->details, g_variant_unref);
}

GQuark
handoff_error_details_register (void)
{
  return g_error_domain_register_static (HANDOFF_ERROR_DOMAIN_NAME, sizeof (ErrorPrivate),
                                         error_init, error_copy, error_clear);
}

GVariant *
handoff_error_details_get (const GError *error)
{
  return get_private (error)->details;
}

void
handoff_error_set_details (GError *error, GVariant *details)
{
  ErrorPrivate *private;

  /* Other errors have no room before them. */
  g_return_if_fail (error != NULL &&
                    error->domain == g_quark_try_string (HANDOFF_ERROR_DOMAIN_NAME));
  g_return_if_fail (g_variant_is_of_type (details, G_VARIANT_TYPE_VARDICT));

  private = get_private (error);
  g_clear_pointer (&private->details, g_variant_unref);
  private->details = g_variant_ref_sink (details);
}
