/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/options.h"

#include <glib/gi18n.h>
#include <string.h>

/* (element-type utf8): the long names of the options without a value, of the verb that runs */
static GPtrArray *switches;

/**
 * cli_options_add:
 * @entries: names are static
 *
 * Adds options of a verb. All are added here, for cli_options_check().
 */
void
cli_options_add (GOptionContext *context, const GOptionEntry *entries)
{
  const GOptionEntry *entry;

  if (switches == NULL)
    switches = g_ptr_array_new ();
  for (entry = entries; entry->long_name != NULL; entry++)
    {
      if (entry->arg == G_OPTION_ARG_NONE)
        g_ptr_array_add (switches, (gpointer) entry->long_name);
    }
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

/* "--name=value" of an option that has no value. */
static gboolean
is_switch_with_value (const char *argument)
{
  const char *equals = strchr (argument, '=');
  guint i;

  if (switches == NULL || equals == NULL || !g_str_has_prefix (argument, "--"))
    return FALSE;
  for (i = 0; i < switches->len; i++)
    {
      const char *name = switches->pdata[i];
      const char *end = argument + strlen ("--") + strlen (name);

      if (end == equals && strncmp (argument + strlen ("--"), name, strlen (name)) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * cli_options_check:
 * @arguments: the verb's, itself first
 *
 * GLib takes "--insecure=no" as "--insecure". This does not.
 *
 * Returns: whether no option has a value that it does not take
 */
gboolean
cli_options_check (char **arguments, GError **error)
{
  char **argument;

  for (argument = arguments; *argument != NULL && !g_str_equal (*argument, "--"); argument++)
    {
      if (!is_switch_with_value (*argument))
        continue;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("The option takes no value: “%s”"), *argument);
      return FALSE;
    }
  return TRUE;
}

/**
 * cli_options_check_not_empty:
 * @value: (nullable): %NULL if @option was not given
 *
 * Returns: whether @option is not there, or has a value that is not empty
 */
gboolean
cli_options_check_not_empty (const char *option, const char *value, GError **error)
{
  if (value == NULL || *value != '\0')
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("%s must not be empty"), option);
  return FALSE;
}
