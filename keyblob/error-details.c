/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "error-details.h"

typedef struct
{
  GVariant *details;      /* (owned) (nullable): a{sv} */
  char *original_message; /* (owned) (nullable): if the error's message is a translation of it */
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
  *get_private (error) = (ErrorPrivate){ 0 };
}

static void
error_copy (const GError *source, GError *destination)
{
  const ErrorPrivate *from = get_private (source);
  ErrorPrivate *to = get_private (destination);

  to->details = from->details != NULL ? g_variant_ref (from->details) : NULL;
  to->original_message = g_strdup (from->original_message);
}

static void
error_clear (GError *error)
{
  ErrorPrivate *private = get_private (error);

  g_clear_pointer (&private->details, g_variant_unref);
  g_clear_pointer (&private->original_message, g_free);
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

const char *
handoff_error_get_original_message (const GError *error)
{
  return get_private (error)->original_message;
}

void
handoff_error_set_original_message (GError *error, const char *message)
{
  ErrorPrivate *private;

  /* Other errors have no room before them. */
  g_return_if_fail (error != NULL &&
                    error->domain == g_quark_try_string (HANDOFF_ERROR_DOMAIN_NAME));

  private = get_private (error);
  g_free (private->original_message);
  private->original_message = g_strdup (message);
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
