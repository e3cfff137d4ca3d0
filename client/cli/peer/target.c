/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/target.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "terminal/number.h"

static gboolean
is_ipv6 (const char *text)
{
  g_autofree char *address = g_strdup (text);
  char *zone = strchr (address, '%');
  g_autoptr (GInetAddress) parsed = NULL;

  if (zone != NULL && zone[1] != '\0')
    *zone = '\0';
  parsed = g_inet_address_new_from_string (address);
  return parsed != NULL && g_inet_address_get_family (parsed) == G_SOCKET_FAMILY_IPV6;
}

static gboolean
parse_port (const char *text, guint minimum, guint16 *port, GError **error)
{
  guint number;

  if (!cli_number_parse (_ ("PORT"), text, minimum, G_MAXUINT16, &number, error))
    return FALSE;
  *port = (guint16) number;
  return TRUE;
}

static gboolean
check_host (const char *host, GError **error)
{
  const char *p;

  if (*host == '\0')
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("The host is missing: give HOST[:PORT]"));
      return FALSE;
    }
  /* The resolver would take it for an IPv4 address: 8443 for 0.0.32.251. */
  if (host[strspn (host, "0123456789")] == '\0')
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("“%s” is a number, not a host: give HOST[:PORT]"), host);
      return FALSE;
    }
  for (p = host; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '/' || c == '@' || c == '[' || c == ']' || g_unichar_isspace (c) ||
          g_unichar_iscntrl (c))
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("“%s” is not a host: give HOST[:PORT], not a URL"), host);
          return FALSE;
        }
    }
  return TRUE;
}

static CliTarget *
parse (const char *text, guint16 default_port, guint minimum_port, GError **error)
{
  g_autoptr (CliTarget) target = g_new0 (CliTarget, 1);
  const char *colon = strchr (text, ':');
  const char *port = NULL;

  target->port = default_port;
  if (text[0] == '[')
    {
      const char *bracket = strchr (text, ']');

      if (bracket != NULL)
        target->host = g_strndup (text + 1, bracket - text - 1);
      if (bracket == NULL || !is_ipv6 (target->host) || (bracket[1] != '\0' && bracket[1] != ':'))
        {
          g_set_error (
              error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              _ ("“%s” is not an IPv6 address in brackets: give [ADDRESS] or [ADDRESS]:PORT"),
              text);
          return NULL;
        }
      if (bracket[1] == ':')
        port = bracket + 2;
    }
  else if (is_ipv6 (text))
    target->host = g_strdup (text);
  else if (colon != NULL && strstr (text, "://") == NULL)
    {
      if (strchr (colon + 1, ':') != NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _ ("“%s” is neither HOST:PORT nor an IPv6 address; an IPv6 address with a "
                          "port is written [ADDRESS]:PORT"),
                       text);
          return NULL;
        }
      target->host = g_strndup (text, colon - text);
      port = colon + 1;
    }
  else
    target->host = g_strdup (text);

  if (!check_host (target->host, error) ||
      (port != NULL && !parse_port (port, minimum_port, &target->port, error)))
    return NULL;
  return g_steal_pointer (&target);
}

/**
 * cli_target_parse_with_port:
 * @text: `HOST`, `HOST:PORT`, `[IPV6]:PORT`, `[IPV6]` or `IPV6`; UTF-8
 * @default_port: the port if there is none
 *
 * More than one colon without brackets means an IPv6 address without a port.
 *
 * Returns: (transfer full): the target, or %NULL with an error of the domain %G_OPTION_ERROR
 */
CliTarget *
cli_target_parse_with_port (const char *text, guint16 default_port, GError **error)
{
  return parse (text, default_port, 1, error);
}

/**
 * cli_target_parse:
 *
 * Likewise, with the port 443 if there is none.
 */
CliTarget *
cli_target_parse (const char *text, GError **error)
{
  return cli_target_parse_with_port (text, CLI_TARGET_DEFAULT_PORT, error);
}

/**
 * cli_target_parse_own:
 *
 * Likewise, for an address of this machine's: port 0 is any that is free.
 */
CliTarget *
cli_target_parse_own (const char *text, GError **error)
{
  return parse (text, CLI_TARGET_DEFAULT_PORT, 0, error);
}

/**
 * cli_target_copy:
 *
 * Returns: (transfer full)
 */
CliTarget *
cli_target_copy (const CliTarget *target)
{
  CliTarget *copy = g_new0 (CliTarget, 1);

  copy->host = g_strdup (target->host);
  copy->port = target->port;
  return copy;
}

void
cli_target_free (CliTarget *target)
{
  g_free (target->host);
  g_free (target);
}

/**
 * cli_target_get_identity:
 *
 * Returns: (transfer full): whom the server must prove to be: the host, without an IPv6 address's
 * zone, which has a meaning on this machine only
 */
char *
cli_target_get_identity (const CliTarget *target)
{
  if (is_ipv6 (target->host))
    return g_strndup (target->host, strcspn (target->host, "%"));
  return g_strdup (target->host);
}

/**
 * cli_target_to_string:
 *
 * Returns: (transfer full): `HOST:PORT` or `[IPV6]:PORT`
 */
char *
cli_target_to_string (const CliTarget *target)
{
  if (strchr (target->host, ':') != NULL)
    return g_strdup_printf ("[%s]:%u", target->host, target->port);
  return g_strdup_printf ("%s:%u", target->host, target->port);
}
