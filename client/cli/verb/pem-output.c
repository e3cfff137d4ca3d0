/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/pem-output.h"

#include <glib/gi18n.h>

#include "terminal/certificate.h"
#include "terminal/options.h"
#include "terminal/output.h"
#include "terminal/report.h"

/**
 * cli_pem_option_add:
 * @file: where parsing puts the option's value: %NULL, if it was not given; empty, if without a
 * file
 *
 * Adds the option.
 */
void
cli_pem_option_add (char **file, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "pem", 0, 0, G_OPTION_ARG_FILENAME, file,
      N_ ("Print the certificates alone, in PEM; with =FILE, write them there"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
}

/**
 * cli_pem_option_prepare:
 * @arguments: a verb's, itself first
 *
 * GLib takes the word after an option for its value if it can. Here that would be the server: so
 * `--pem` becomes `--pem=`, the empty file's name, and only what is written `--pem=FILE` has one.
 *
 * Returns: (transfer full): the arguments to parse
 */
char **
cli_pem_option_prepare (char **arguments)
{
  char **prepared = g_strdupv (arguments);
  guint i;

  for (i = 1; prepared[i] != NULL && !g_str_equal (prepared[i], "--"); i++)
    {
      if (!g_str_equal (prepared[i], "--pem"))
        continue;
      g_free (prepared[i]);
      prepared[i] = g_strdup ("--pem=");
    }
  return prepared;
}

/**
 * cli_pem_option_is_output:
 * @file: (nullable): the option's value
 *
 * Returns: whether the certificates are all that is to be printed
 */
gboolean
cli_pem_option_is_output (const char *file)
{
  return file != NULL && *file == '\0';
}

/**
 * cli_pem_option_check:
 * @file: (nullable): the option's value
 * @json: whether --json was given, too
 *
 * Returns: whether they fit together; if not, that was reported
 */
gboolean
cli_pem_option_check (const char *file, gboolean json, const char *verb)
{
  if (!json || !cli_pem_option_is_output (file))
    return TRUE;
  cli_usage_error (verb, _ ("--json and --pem exclude each other: the JSON has the certificates in "
                            "PEM, too; --pem=FILE writes them to a file"));
  return FALSE;
}

/**
 * cli_pem_write:
 * @file: the option's value
 * @certificates: (element-type CliCertificate):
 *
 * Writes them to the standard output, or to @file, and reports what goes wrong.
 *
 * Returns: whether they are there
 */
gboolean
cli_pem_write (const char *file, GPtrArray *certificates)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < certificates->len; i++)
    {
      const CliCertificate *certificate = g_ptr_array_index (certificates, i);

      if (certificate->pem != NULL)
        g_string_append (text, certificate->pem);
    }
  if (cli_pem_option_is_output (file))
    {
      cli_output_write (text->str);
      return TRUE;
    }
  if (cli_output_write_file (file, text->str, &error))
    return TRUE;
  cli_report ("--pem: %s", error->message);
  return FALSE;
}
