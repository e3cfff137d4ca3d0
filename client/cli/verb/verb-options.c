/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/verb-options.h"

#include <glib/gi18n.h>
#include <stdlib.h>

#include "terminal/options.h"
#include "terminal/output.h"
#include "terminal/report.h"

/* Ends the command, whatever else was given. */
G_NORETURN static void
print_verb_help (GOptionContext *context)
{
  char *text = g_option_context_get_help (context, TRUE, NULL);

  g_print ("%s", text);
  g_free (text);
  exit (cli_output_finish (CLI_EXIT_OK));
}

/* Of text that is none, GLib says neither what it is nor what can be done. */
static CliExitStatus
report_wrong (const char *verb, const GError *error)
{
  const char *charset;
  g_autofree char *message = NULL;

  if (error->domain != G_CONVERT_ERROR)
    return cli_usage_error (verb, error->message);
  g_get_charset (&charset);
  message =
      g_strdup_printf (_ ("An argument is no text in %s, the locale's encoding: give another, "
                          "or set LC_ALL to a locale that fits, such as C.UTF-8"),
                       charset);
  return cli_usage_error (verb, message);
}

/**
 * cli_verb_parse:
 * @context: has the verb's options
 * @arguments: the verb's, itself first
 * @status: (out): the exit status if the verb must not run
 *
 * Parses the options of a verb, and reports what is wrong with them.
 *
 * Returns: whether the verb can run
 */
gboolean
cli_verb_parse (GOptionContext *context, char **arguments, CliExitStatus *status)
{
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, N_ ("Show this help"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) copy = g_strdupv (arguments);
  g_autofree char *message = NULL;

  cli_options_add (context, entries);
  if (!cli_options_check (arguments, &error) ||
      !g_option_context_parse_strv (context, &copy, &error))
    *status = report_wrong (arguments[0], error);
  else if (help)
    print_verb_help (context);
  else if (copy[1] != NULL)
    {
      message = g_strdup_printf (_ ("There is no argument “%s” to this command"), copy[1]);
      *status = cli_usage_error (arguments[0], message);
    }
  else
    return TRUE;
  return FALSE;
}
