/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/command-line.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal/report.h"
#include "terminal/table.h"
#include "verb/similar-word.h"
#include "verb/verbs.h"

typedef struct
{
  const char *name;     /* one word or two: "credential list" */
  const char *synopsis; /* what follows the name, translatable; "" if nothing */
  const char *summary;  /* one line, translatable */
  CliVerbFunc run;
} CliVerb;

static const CliVerb verbs[] = {
  { "connect", N_ ("HOST[:PORT]"), N_ ("Connect the standard input and output to a TLS server"),
    cli_connect },
  { "probe", N_ ("HOST[:PORT]…"), N_ ("Show what a TLS server negotiates, and its certificates"),
    cli_probe },
  { "serve", N_ ("--listen=PORT -- COMMAND"), N_ ("Take TLS connections for a program or a server"),
    cli_serve },
  { "credential list", "", N_ ("List the certificates and keys that the service keeps"),
    cli_credential_list },
  { "credential show", N_ ("LABEL"), N_ ("Show a credential, and its certificates"),
    cli_credential_show },
  { "credential generate", N_ ("--label=LABEL"), N_ ("Make a key that never leaves the service"),
    cli_credential_generate },
  { "credential request", N_ ("LABEL"), N_ ("Request a certificate for a key"),
    cli_credential_request },
  { "credential renew-request", N_ ("LABEL"), N_ ("Request a certificate for the same names"),
    cli_credential_renew_request },
  { "credential set-certificates", N_ ("LABEL FILE"), N_ ("Give a key its certificates"),
    cli_credential_set_certificates },
  { "credential staple", N_ ("LABEL FILE|--remove"),
    N_ ("Give a server's certificate its OCSP response"), cli_credential_staple },
  { "credential import", N_ ("--label=LABEL FILE"),
    N_ ("Store a key that exists, with its certificates"), cli_credential_import },
  { "credential link", N_ ("--label=LABEL URI"), N_ ("Use a key that is in a PKCS#11 token"),
    cli_credential_link },
  { "credential unlock", N_ ("LABEL"), N_ ("Tell the service a token's PIN"),
    cli_credential_unlock },
  { "credential remove", N_ ("LABEL"),
    N_ ("Remove a credential, and its key if that is in the service"), cli_credential_remove },
  { "session list", "", N_ ("List the handshakes that the service has under way"),
    cli_session_list },
  { "log", "", N_ ("Show what the service did lately, and what polkit said to it"), cli_log },
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

/* Some verbs have two words: "credential list". */
static gboolean
is_in_group (const CliVerb *verb, const char *word)
{
  return g_str_has_prefix (verb->name, word) && verb->name[strlen (word)] == ' ';
}

static gboolean
is_group (const char *word)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (is_in_group (&verbs[i], word))
        return TRUE;
    }
  return FALSE;
}

/**
 * take_verb:
 * @words: what the user typed, the verb first; at least one word
 *
 * Makes one word of a verb that has two.
 *
 * Returns: (transfer full): the verb's name, whether there is such a verb or not, and the rest
 */
static char **
take_verb (char **words)
{
  GPtrArray *taken = g_ptr_array_new ();
  guint n_words = is_group (words[0]) && words[1] != NULL && *words[1] != '-' ? 2 : 1;
  guint i;

  g_ptr_array_add (taken, n_words == 2 ? g_strconcat (words[0], " ", words[1], NULL)
                                       : g_strdup (words[0]));
  for (i = n_words; words[i] != NULL; i++)
    g_ptr_array_add (taken, g_strdup (words[i]));
  g_ptr_array_add (taken, NULL);
  return (char **) g_ptr_array_free (taken, FALSE);
}

/* (nullable): the command of the group that the user may have meant. word: the second one */
static const char *
find_similar_in_group (const char *group, const char *word)
{
  const char *seconds[G_N_ELEMENTS (verbs)];
  const gsize offset = strlen (group) + 1;
  const char *similar;
  gsize n = 0;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (is_in_group (&verbs[i], group))
        seconds[n++] = verbs[i].name + offset;
    }
  similar = cli_find_similar_word (word, seconds, n);
  return similar != NULL ? similar - offset : NULL;
}

/* (nullable): what the user may have meant: a command, a group, or a command whose second word
 * alone was typed */
static const char *
find_similar_verb (const char *word)
{
  const char *candidates[G_N_ELEMENTS (verbs) + 3] = { "help", "credential", "session" };
  gsize n = 3;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      const char *space = strchr (verbs[i].name, ' ');

      if (space != NULL && g_str_equal (space + 1, word))
        return verbs[i].name;
      if (space == NULL)
        candidates[n++] = verbs[i].name;
    }
  return cli_find_similar_word (word, candidates, n);
}

static CliExitStatus
report_unknown_verb (const char *name)
{
  const char *space = strchr (name, ' ');
  g_autofree char *group = space != NULL ? g_strndup (name, (gsize) (space - name)) : NULL;
  g_autofree char *message = g_strdup_printf (_ ("There is no command “%s”"), name);
  const char *similar =
      group != NULL ? find_similar_in_group (group, space + 1) : find_similar_verb (name);

  if (similar == NULL)
    return cli_usage_error (group, message);
  cli_report ("%s", message);
  cli_hint (_ ("did you mean “%s”?"), similar);
  return CLI_EXIT_USAGE;
}

static CliExitStatus
report_no_verb (const char *name)
{
  g_autofree char *message = NULL;

  if (is_group (name))
    {
      message = g_strdup_printf (_ ("“%s” needs a second word"), name);
      return cli_usage_error (name, message);
    }
  if (*name != '-')
    return report_unknown_verb (name);
  message = g_strdup_printf (_ ("There is no option “%s” before the command"), name);
  return cli_usage_error (NULL, message);
}

/* group: (nullable): NULL for all */
static void
print_verbs (const char *group)
{
  g_autoptr (CliTable) table = cli_table_new ("ll");
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      g_autofree char *usage = NULL;

      if (group != NULL && !is_in_group (&verbs[i], group))
        continue;
      usage = g_strconcat (verbs[i].name, " ",
                           *verbs[i].synopsis != '\0' ? _ (verbs[i].synopsis) : "", NULL);
      cli_table_add (table, (const char *[]){ usage, _ (verbs[i].summary) });
    }
  cli_table_print (table, "  ");
}

static void
print_group_help (const char *group)
{
  g_print (_ ("Usage:\n"
              "  tls-handoff %s COMMAND [OPTION…] …\n"
              "\n"
              "Commands:\n"),
           group);
  print_verbs (group);
  g_print (_ ("\n"
              "“tls-handoff help %s COMMAND” shows the options of a command.\n"),
           group);
}

static void
print_help (void)
{
  g_print (_ ("Usage:\n"
              "  tls-handoff COMMAND [OPTION…] …\n"
              "\n"
              "TLS connections whose handshake the TLS Handoff service does.\n"
              "\n"
              "Commands:\n"));
  print_verbs (NULL);
  g_print (_ ("\n"
              "Options:\n"
              "  -h, --help             Show this help\n"
              "  --version              Show the version\n"
              "\n"
              "“tls-handoff help COMMAND” shows the options of a command.\n"));
}

/* arguments: the verb's, itself first */
static CliExitStatus
run_verb (const CliVerb *verb, char **arguments)
{
  g_autofree char *program = g_strdup_printf ("tls-handoff %s", verb->name);
  g_autoptr (GOptionContext) context =
      g_option_context_new (*verb->synopsis != '\0' ? _ (verb->synopsis) : NULL);

  /* The usage line of --help begins with it. */
  g_set_prgname (program);
  g_option_context_set_summary (context, _ (verb->summary));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  /* GLib's own help ends the process before anybody asks whether it was printed. */
  g_option_context_set_help_enabled (context, FALSE);
  return verb->run (context, arguments);
}

static gboolean
is_help_option (const char *word)
{
  return g_str_equal (word, "--help") || g_str_equal (word, "-h");
}

static gboolean
is_help (const char *word)
{
  return g_str_equal (word, "help") || is_help_option (word);
}

static CliExitStatus
run_help (char **arguments)
{
  char *help[] = { NULL, (char *) "--help", NULL };
  const CliVerb *verb;
  g_auto (GStrv) taken = NULL;

  /* "help help" and "help --help" are about this. */
  while (arguments[0] != NULL && is_help (arguments[0]))
    arguments++;
  if (arguments[0] == NULL)
    {
      print_help ();
      return CLI_EXIT_OK;
    }
  taken = take_verb (arguments);
  verb = find_verb (taken[0]);
  if (verb == NULL && !is_group (taken[0]))
    return report_no_verb (taken[0]);
  if (taken[1] != NULL)
    return cli_usage_error (NULL, _ ("Too many arguments: give one command"));
  if (verb == NULL)
    {
      print_group_help (taken[0]);
      return CLI_EXIT_OK;
    }
  help[0] = taken[0];
  return run_verb (verb, help);
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
  g_auto (GStrv) taken = NULL;

  if (name == NULL)
    return cli_usage_error (NULL, _ ("The command is missing"));
  if (g_str_equal (name, "--version"))
    {
      g_print ("tls-handoff %s\n", PACKAGE_VERSION);
      return CLI_EXIT_OK;
    }
  if (is_help (name))
    return run_help (arguments + 2);

  taken = take_verb (arguments + 1);
  verb = find_verb (taken[0]);
  if (verb == NULL && is_group (name) && taken[1] != NULL && is_help_option (taken[1]))
    return run_help ((char *[]){ taken[0], NULL });
  if (verb == NULL)
    return report_no_verb (taken[0]);
  return run_verb (verb, taken);
}
