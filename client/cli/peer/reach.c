/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/reach.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "terminal/options.h"

#define UNIX_PREFIX "unix:"
#define NO_PROXY "none"
/* The last byte is the path's end. */
#define MAX_PATH_SIZE (sizeof (((struct sockaddr_un *) NULL)->sun_path) - 1)

void
cli_reach_clear (CliReach *self)
{
  g_clear_pointer (&self->connect_to, g_free);
  g_clear_pointer (&self->proxy, g_free);
  g_clear_pointer (&self->place, cli_target_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_object (&self->proxies);
}

/**
 * cli_reach_add_options:
 *
 * Adds the options that say how to get to a server; parsing them fills @self.
 */
void
cli_reach_add_options (CliReach *self, GOptionContext *context)
{
  const GOptionEntry entries[] = {
    { "connect-to", 0, 0, G_OPTION_ARG_FILENAME, &self->connect_to,
      N_ ("Connect to ADDRESS[:PORT] or unix:PATH in place of HOST, which stays the server's name"),
      N_ ("ADDRESS") },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &self->proxy,
      N_ ("Connect through this proxy, or through none, in place of what the system says"),
      N_ ("URI") },
    { "ipv4", '4', 0, G_OPTION_ARG_NONE, &self->ipv4, N_ ("Connect to IPv4 addresses only"), NULL },
    { "ipv6", '6', 0, G_OPTION_ARG_NONE, &self->ipv6, N_ ("Connect to IPv6 addresses only"), NULL },
    G_OPTION_ENTRY_NULL
  };

  cli_options_add (context, entries);
}

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
check_path (const char *path, GError **error)
{
  if (*path == '\0')
    return refuse (error, _ ("--connect-to: the path is missing: give unix:PATH"));
  if (strlen (path) <= MAX_PATH_SIZE)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _ ("--connect-to: the path of a Unix socket can have %zu bytes at most"),
               MAX_PATH_SIZE);
  return FALSE;
}

static gboolean
check_place (CliReach *self, const CliTarget *target, GError **error)
{
  if (self->connect_to == NULL)
    {
      self->place = cli_target_copy (target);
      return TRUE;
    }
  if (g_str_has_prefix (self->connect_to, UNIX_PREFIX))
    {
      self->path = g_strdup (self->connect_to + strlen (UNIX_PREFIX));
      return check_path (self->path, error);
    }
  if (!g_utf8_validate (self->connect_to, -1, NULL))
    return refuse (error, _ ("--connect-to: an address is text in UTF-8"));
  self->place = cli_target_parse_with_port (self->connect_to, target->port, error);
  if (self->place == NULL)
    g_prefix_error (error, "--connect-to: ");
  return self->place != NULL;
}

/* GIO has more kinds. Of these, what remains after the negotiation is the socket itself. */
static gboolean
is_kind_of_proxy (const char *scheme)
{
  static const char *const schemes[] = { "http", "socks4", "socks4a", "socks5", NULL };

  return g_strv_contains (schemes, scheme);
}

/* (transfer full) (nullable) */
static char *
parse_proxy (const char *text, GError **error)
{
  g_autofree char *whole =
      strstr (text, "://") != NULL ? NULL : g_strconcat ("http://", text, NULL);
  g_autoptr (GUri) uri = g_uri_parse (whole != NULL ? whole : text, G_URI_FLAGS_HAS_PASSWORD, NULL);

  if (uri != NULL && is_kind_of_proxy (g_uri_get_scheme (uri)) && g_uri_get_host (uri) != NULL &&
      *g_uri_get_host (uri) != '\0' && g_uri_get_port (uri) > 0 &&
      (*g_uri_get_path (uri) == '\0' || g_str_equal (g_uri_get_path (uri), "/")) &&
      g_uri_get_query (uri) == NULL && g_uri_get_fragment (uri) == NULL)
    return whole != NULL ? g_steal_pointer (&whole) : g_strdup (text);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _ ("“%s” is not a proxy: give --proxy as http://HOST:PORT or socks5://HOST:PORT, or "
                  "none"),
               text);
  return NULL;
}

/* GIO asks the desktop's settings, in dconf, whatever the proxy is; and dconf complains on the
 * standard error if it has no place for its files, as with the environment of another user. */
static void
leave_out_dconf (void)
{
  if (access (g_get_user_runtime_dir (), W_OK) != 0)
    g_setenv ("GSETTINGS_BACKEND", "memory", FALSE);
}

/* Nobody but the command itself can choose an address family, or a Unix socket. */
static gboolean
check_proxy (CliReach *self, GError **error)
{
  const gboolean is_direct = self->path != NULL || self->family != G_SOCKET_FAMILY_INVALID;
  g_autofree char *uri = NULL;

  leave_out_dconf ();
  if (self->proxy == NULL)
    {
      /* Who is asked may start threads, so that comes when there is a connection to make. */
      self->ask_system = !is_direct;
      return TRUE;
    }
  if (g_str_equal (self->proxy, NO_PROXY))
    return TRUE;
  if (is_direct)
    return refuse (error, _ ("--proxy cannot be given with -4, -6, or a Unix socket"));
  uri = parse_proxy (self->proxy, error);
  if (uri == NULL)
    return FALSE;
  self->proxies = g_simple_proxy_resolver_new (uri, NULL);
  return TRUE;
}

/**
 * cli_reach_check:
 * @target: the server
 *
 * Checks the options, and finds out where they lead. May be called again, for another server.
 *
 * Returns: whether they can be followed, or %FALSE with an error of the domain %G_OPTION_ERROR
 */
gboolean
cli_reach_check (CliReach *self, const CliTarget *target, GError **error)
{
  g_clear_pointer (&self->place, cli_target_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_object (&self->proxies);
  if (self->ipv4 && self->ipv6)
    return refuse (error, _ ("-4 and -6 exclude each other"));
  if (self->ipv4 || self->ipv6)
    self->family = self->ipv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  if (!check_place (self, target, error))
    return FALSE;
  if (self->path != NULL && self->family != G_SOCKET_FAMILY_INVALID)
    return refuse (error, _ ("-4 and -6 are not for Unix sockets"));
  return check_proxy (self, error);
}
