/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/number.h"

#include <glib/gi18n.h>
#include <inttypes.h>

/**
 * cli_number_parse:
 * @name: what the number is for, as the user knows it: `--timeout`, or a word of the synopsis
 * @text: what the user gave: decimal digits alone are taken, without a sign or spaces
 * @number: (out)
 *
 * The one rule for all numbers of the command line. It says which numbers are taken and what was
 * found, whether that is too small, too large, or no number.
 *
 * Returns: whether @text is a number from @minimum to @maximum; if not, an error of the domain
 * %G_OPTION_ERROR is set
 */
gboolean
cli_number_parse (
    const char *name, const char *text, guint minimum, guint maximum, guint *number, GError **error)
{
  guint64 parsed;

  if (!g_ascii_string_to_unsigned (text, 10, minimum, maximum, &parsed, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("%s must be a number from %u to %u, not “%s”"), name, minimum, maximum, text);
      return FALSE;
    }
  *number = (guint) parsed;
  return TRUE;
}

/**
 * cli_number_of_bytes:
 *
 * Returns: (transfer full): the exact number, with the word for it in singular or plural
 */
char *
cli_number_of_bytes (guint64 n)
{
  return g_strdup_printf (ngettext ("%" PRIu64 " byte", "%" PRIu64 " bytes", (gulong) n), n);
}
