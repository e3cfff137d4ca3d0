/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/listen.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal/number.h"
#include "terminal/report.h"
#include "peer/target.h"

/* How many clients may wait to be accepted. */
#define BACKLOG 1024

static gboolean
add_address (GPtrArray *listeners, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) socket = NULL;

  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return FALSE;
  g_socket_set_listen_backlog (socket, BACKLOG);
  /* Of what can go wrong, GLib says with which address. */
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return FALSE;
  g_ptr_array_add (listeners, g_steal_pointer (&socket));
  return TRUE;
}

/* All addresses of the machine, of both families where there are two. */
static gboolean
add_port (GPtrArray *listeners, guint16 port, GError **error)
{
  g_autoptr (GInetAddress) any6 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GInetAddress) any4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address6 = g_inet_socket_address_new (any6, port);
  g_autoptr (GSocketAddress) address4 = g_inet_socket_address_new (any4, port);
  g_autoptr (GError) local_error = NULL;

  /* It takes IPv4 connections, too. */
  if (add_address (listeners, address6, &local_error))
    return TRUE;
  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return add_address (listeners, address4, error);
}

/* A name may have addresses that this machine does not have, such as IPv6 ones. They are reported;
 * one address that works is enough. */
static gboolean
add_host (GPtrArray *listeners, const CliTarget *target, GError **error)
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
      any = add_address (listeners, address, &failure) || any;
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
  g_autoptr (CliTarget) target = cli_target_parse_own (text, NULL);
  guint64 port = target != NULL ? target->port : 0;

  g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &port, NULL);
  return port > 0 && port < 1024;
}

/* Whether text is the number of a port, and no address. */
static gboolean
is_port (const char *text)
{
  return text[strspn (text, "0123456789")] == '\0';
}

/**
 * cli_listen_check:
 * @text: as for cli_listen()
 *
 * Returns: whether it makes sense, or %FALSE with an error of the domain %G_OPTION_ERROR
 */
gboolean
cli_listen_check (const char *text, GError **error)
{
  g_autoptr (CliTarget) target = NULL;
  guint port;
  gboolean ok;

  if (is_port (text))
    ok = cli_number_parse (_ ("PORT"), text, 0, G_MAXUINT16, &port, error);
  else
    ok = (target = cli_target_parse_own (text, error)) != NULL;
  if (!ok)
    g_prefix_error (error, "--listen: ");
  return ok;
}

/**
 * cli_listen:
 * @text: `PORT`, `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`; port 0: any that is free
 *
 * Listens there.
 *
 * Returns: (transfer full) (element-type GSocket): who listens, at least one; or %NULL with an
 * error, of the domain %G_OPTION_ERROR if @text makes no sense
 */
GPtrArray *
cli_listen (const char *text, GError **error)
{
  g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (CliTarget) target = NULL;
  guint port;

  if (is_port (text))
    return cli_number_parse (_ ("PORT"), text, 0, G_MAXUINT16, &port, error) &&
                   add_port (listeners, (guint16) port, error)
               ? g_steal_pointer (&listeners)
               : NULL;
  target = cli_target_parse_own (text, error);
  if (target == NULL || !add_host (listeners, target, error))
    return NULL;
  return g_steal_pointer (&listeners);
}

/**
 * cli_listen_report:
 * @listeners: (element-type GSocket): of cli_listen()
 *
 * Says on the standard error where they listen.
 */
void
cli_listen_report (GPtrArray *listeners)
{
  for (guint i = 0; i < listeners->len; i++)
    {
      g_autoptr (GSocketAddress) address = g_socket_get_local_address (listeners->pdata[i], NULL);
      g_autofree char *text = address != NULL
                                  ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address))
                                  : g_strdup ("?");

      cli_report (_ ("listening on %s"), text);
    }
}
