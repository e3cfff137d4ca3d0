/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/report.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <pwd.h>
#include <string.h>
#include <tls-handoff/tls-handoff.h>
#include <unistd.h>

#include "terminal/escape.h"
#include "terminal/service-words.h"
#include "terminal/text-agent.h"
#include "terminal/user-name.h"

/* All messages are lines of the standard error that begin with the command's name. What they quote
 * may come from a peer, so everything is escaped. */

static void
print_line (const char *prefix, const char *message)
{
  g_autofree char *safe = cli_escape (message, -1);

  g_printerr ("tls-handoff: %s%s\n", prefix, safe);
}

/**
 * cli_report:
 *
 * Prints a message, on one line.
 */
void
cli_report (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  print_line ("", message);
}

/**
 * cli_hint:
 *
 * Prints what can be done about the message before it, on one line.
 */
void
cli_hint (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  print_line (_ ("hint: "), message);
}

/**
 * cli_usage_error:
 * @verb: (nullable): the verb that was called wrongly
 *
 * Reports a wrong command line.
 *
 * Returns: the exit status
 */
CliExitStatus
cli_usage_error (const char *verb, const char *message)
{
  cli_report ("%s", message);
  if (verb != NULL)
    cli_hint (_ ("“tls-handoff help %s” shows how to call it"), verb);
  else
    cli_hint (_ ("“tls-handoff help” lists the commands"));
  return CLI_EXIT_USAGE;
}

/* (nullable): NULL if @error says it all */
static const char *
get_service_hint (const GError *error)
{
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND))
    return _ ("check that the package of tls-handoffd is installed");
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_SERVER) &&
      getpwuid (geteuid ()) == NULL)
    return _ ("give this user an entry in the user database, or run the command as another user");
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_SERVER))
    return _ ("check that the system bus runs, and that you may use its socket");
  return NULL;
}

/**
 * cli_report_no_service:
 * @error: of the library; its message says what it means
 *
 * Reports that the service, or the bus, cannot be reached.
 *
 * Returns: the exit status
 */
CliExitStatus
cli_report_no_service (const GError *error)
{
  const char *hint = get_service_hint (error);

  cli_report ("%s", error->message);
  if (hint != NULL)
    cli_hint ("%s", hint);
  return CLI_EXIT_NO_SERVICE;
}

/**
 * cli_error_wants_password:
 * @error: of the service
 *
 * Returns: whether polkit did not say no, but would have to ask for a password. Only the text of
 * @error tells, which has been the same since 0.1.
 */
gboolean
cli_error_wants_password (const GError *error)
{
  return strstr (cli_service_words_get_original (error), "needs authentication") != NULL;
}

/**
 * cli_hint_at_interactive:
 * @error: of the service
 *
 * Hints at --interactive if that could help.
 */
void
cli_hint_at_interactive (const GError *error)
{
  if (cli_error_wants_password (error) && !cli_text_agent_is_wanted ())
    cli_hint (_ ("with --interactive, polkit may ask for a password"));
}

/**
 * cli_report_not_authorized:
 * @peer: (nullable): whom a connection was to be made to
 * @error: names the polkit action
 *
 * Returns: the exit status
 */
CliExitStatus
cli_report_not_authorized (const char *peer, const GError *error)
{
  g_autofree char *user = cli_user_name_dup (geteuid ());
  g_autofree char *message = g_strdup_printf (_ ("Not authorized: %s"), error->message);

  cli_report ("%s%s%s", peer != NULL ? peer : "", peer != NULL ? ": " : "", message);
  cli_hint_at_interactive (error);
  cli_hint (_ ("an administrator can allow user %s this action with a rule in "
               "/etc/polkit-1/rules.d"),
            user);
  return CLI_EXIT_NOT_AUTHORIZED;
}

/**
 * cli_report_error:
 * @error: what the service answered, or why it did not
 *
 * Returns: the exit status that fits @error
 */
CliExitStatus
cli_report_error (const GError *error)
{
  g_autofree char *message = NULL;

  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED))
    return cli_report_not_authorized (NULL, error);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    {
      cli_report ("%s", error->message);
      return CLI_EXIT_NOT_AUTHORIZED;
    }
  if (g_error_matches (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_AUTHORITY_UNAVAILABLE))
    {
      cli_report ("%s", error->message);
      return CLI_EXIT_NO_SERVICE;
    }
  /* An error that is not the service's own is the bus's. */
  if (error->domain != TLS_HANDOFF_ERROR)
    return cli_report_no_service (error);
  message = cli_service_words_translate (error->message);
  cli_report ("%s", message);
  return CLI_EXIT_FAILED;
}
