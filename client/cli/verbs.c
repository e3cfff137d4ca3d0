/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verbs.h"

#include <glib/gi18n.h>

#include "report.h"

static const CliVerb verbs[] = {
  { "connect", N_ ("HOST[:PORT]"), N_ ("Connect the standard input and output to a TLS server"),
    cli_connect },
  { "probe", N_ ("HOST[:PORT]"), N_ ("Show what a TLS server negotiates, and its certificates"),
    cli_probe },
  { "status", "", N_ ("Show what the TLS Handoff service is and does"), cli_status },
  { "reload", "", N_ ("Have the service read its configuration and trust store again"),
    cli_reload },
};

static const CliVerb *
find_verb (const char *name)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (g_str_equal (verbs[i].name, name))
        return &verbs[i];
    }
  return NULL;
}

static void
print_help (void)
{
  gsize i;

  g_print (_ ("Usage:\n"
              "  tls-handoff COMMAND [OPTION…] …\n"
              "\n"
              "TLS connections whose handshake the TLS Handoff service does.\n"
              "\n"
              "Commands:\n"));
  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_print ("  %-8s %-12s %s\n", verbs[i].name,
             *verbs[i].synopsis != '\0' ? _ (verbs[i].synopsis) : "", _ (verbs[i].summary));
  g_print (_ ("\n"
              "Options:\n"
              "  -h, --help             Show this help\n"
              "  --version              Show the version\n"
              "\n"
              "“tls-handoff help COMMAND” shows the options of a command.\n"));
}

/**
 * cli_verb_new_context:
 * @name: the verb's name
 *
 * Returns: (transfer full): a parser for its options, which has none yet
 */
GOptionContext *
cli_verb_new_context (const char *name)
{
  const CliVerb *verb = find_verb (name);
  g_autofree char *program = g_strdup_printf ("tls-handoff %s", name);
  GOptionContext *context =
      g_option_context_new (*verb->synopsis != '\0' ? _ (verb->synopsis) : NULL);

  /* The usage line of --help begins with it. */
  g_set_prgname (program);
  g_option_context_set_summary (context, _ (verb->summary));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  return context;
}

/**
 * cli_verb_parse:
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
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) copy = g_strdupv (arguments);
  g_autofree char *message = NULL;

  if (!g_option_context_parse_strv (context, &copy, &error))
    *status = cli_usage_error (arguments[0], error->message);
  else if (copy[1] != NULL)
    {
      message = g_strdup_printf (_ ("There is no argument “%s” to this command"), copy[1]);
      *status = cli_usage_error (arguments[0], message);
    }
  else
    return TRUE;
  return FALSE;
}

static CliExitStatus
run_help (char **arguments)
{
  char *help[] = { NULL, (char *) "--help", NULL };
  const CliVerb *verb;
  g_autofree char *message = NULL;

  if (arguments[1] == NULL)
    {
      print_help ();
      return CLI_EXIT_OK;
    }
  verb = find_verb (arguments[1]);
  if (verb != NULL && arguments[2] == NULL)
    {
      help[0] = arguments[1];
      return verb->run (help);
    }
  if (verb == NULL)
    message = g_strdup_printf (_ ("There is no command “%s”"), arguments[1]);
  else
    message = g_strdup (_ ("Too many arguments: give one command"));
  return cli_usage_error (NULL, message);
}

/**
 * cli_run:
 * @arguments: the command line, the program's name first; in the locale's encoding
 *
 * Runs the verb that the command line names.
 *
 * Returns: the exit status
 */
CliExitStatus
cli_run (char **arguments)
{
  const char *name = arguments[1];
  const CliVerb *verb;
  g_autofree char *message = NULL;

  if (name == NULL)
    return cli_usage_error (NULL, _ ("The command is missing"));
  if (g_str_equal (name, "--version"))
    {
      g_print ("tls-handoff %s\n", PACKAGE_VERSION);
      return CLI_EXIT_OK;
    }
  if (g_str_equal (name, "help") || g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    return run_help (arguments + 1);

  verb = find_verb (name);
  if (verb != NULL)
    return verb->run (arguments + 1);
  message = g_strdup_printf (*name == '-' ? _ ("There is no option “%s” before the command")
                                          : _ ("There is no command “%s”"),
                             name);
  return cli_usage_error (NULL, message);
}
