/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/listen.h"

#include <glib/gi18n.h>

#include "terminal/report.h"
#include "peer/target.h"

/* How many clients may wait to be accepted. */
#define BACKLOG 128

static gboolean
add_address (GSocketListener *listener, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocketAddress) effective = NULL;
  g_autofree char *text = NULL;

  if (!g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &effective, error))
    return FALSE;
  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (effective));
  cli_report (_ ("listening on %s"), text);
  return TRUE;
}

/* All addresses of the machine, of both families where there are two. */
static gboolean
add_port (GSocketListener *listener, guint16 port, GError **error)
{
  g_autoptr (GInetAddress) any6 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GInetAddress) any4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address6 = g_inet_socket_address_new (any6, port);
  g_autoptr (GSocketAddress) address4 = g_inet_socket_address_new (any4, port);
  g_autoptr (GError) local_error = NULL;

  /* It takes IPv4 connections, too. */
  if (add_address (listener, address6, &local_error))
    return TRUE;
  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return add_address (listener, address4, error);
}

/* A name may have addresses that this machine does not have, such as IPv6 ones. They are reported;
 * one address that works is enough. */
static gboolean
add_host (GSocketListener *listener, const CliTarget *target, GError **error)
{
  g_autoptr (GSocketConnectable) name = g_network_address_new (target->host, target->port);
  g_autoptr (GSocketAddressEnumerator) addresses = g_socket_connectable_enumerate (name);
  g_autoptr (GError) lookup_error = NULL;
  g_autoptr (GError) failure = NULL; /* the last, not yet reported */
  GSocketAddress *next;
  gboolean any = FALSE;

  while ((next = g_socket_address_enumerator_next (addresses, NULL, &lookup_error)) != NULL)
    {
      g_autoptr (GSocketAddress) address = next;

      if (failure != NULL)
        cli_report ("--listen: %s", failure->message);
      g_clear_error (&failure);
      any = add_address (listener, address, &failure) || any;
    }
  if (any)
    {
      if (failure != NULL)
        cli_report ("--listen: %s", failure->message);
      return TRUE;
    }
  g_propagate_error (error, failure != NULL ? g_steal_pointer (&failure)
                                            : g_steal_pointer (&lookup_error));
  return FALSE;
}

/**
 * cli_listen_is_privileged:
 * @text: as for cli_listen()
 *
 * Returns: whether the port is one of those below 1024, which are for privileged users
 */
gboolean
cli_listen_is_privileged (const char *text)
{
  g_autoptr (CliTarget) target = cli_target_parse (text, NULL);
  guint64 port = target != NULL ? target->port : 0;

  g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &port, NULL);
  return port < 1024;
}

/**
 * cli_listen:
 * @text: `PORT`, `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`; port 0: any that is free
 *
 * Listens there, and says so on the standard error.
 *
 * Returns: (transfer full): a listener, or %NULL with an error, of the domain %G_OPTION_ERROR if
 * @text makes no sense
 */
GSocketListener *
cli_listen (const char *text, GError **error)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (CliTarget) target = NULL;
  guint64 port;

  g_socket_listener_set_backlog (listener, BACKLOG);
  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &port, NULL))
    return add_port (listener, (guint16) port, error) ? g_steal_pointer (&listener) : NULL;
  target = cli_target_parse (text, error);
  if (target == NULL || !add_host (listener, target, error))
    return NULL;
  return g_steal_pointer (&listener);
}
