/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/connector.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <string.h>

/* GSocketClient tries IPv6 and IPv4 side by side (RFC 8305) in its asynchronous calls only. They
 * are waited for, one after the other, under one limit of time. */
typedef struct
{
  GMainContext *context;     /* (owned) */
  GCancellable *cancellable; /* (owned) */
  GSource *timer;            /* (owned) (nullable) */
  GAsyncResult *result;      /* (owned) (nullable): of the call that is under way, if it is over */
  gboolean timed_out;
} Wait;

static gboolean
timeout_cb (gpointer user_data)
{
  Wait *self = user_data;

  self->timed_out = TRUE;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* timeout: seconds; 0 for no limit */
static void
wait_init (Wait *self, guint timeout)
{
  self->context = g_main_context_new ();
  self->cancellable = g_cancellable_new ();
  g_main_context_push_thread_default (self->context);
  if (timeout > 0)
    {
      self->timer = g_timeout_source_new_seconds (timeout);
      g_source_set_callback (self->timer, timeout_cb, self, NULL);
      g_source_attach (self->timer, self->context);
    }
}

static void
wait_clear (Wait *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_main_context_pop_thread_default (self->context);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->cancellable);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wait, wait_clear)

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *self = user_data;

  self->result = g_object_ref (result);
}

/* (transfer full) */
static GAsyncResult *
wait_for_result (Wait *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  return g_steal_pointer (&self->result);
}

static GSocketConnection *
connect_to (Wait *wait, GSocketClient *client, GSocketConnectable *where, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_socket_client_connect_async (client, where, wait->cancellable, done_cb, wait);
  result = wait_for_result (wait);
  return g_socket_client_connect_finish (client, result, error);
}

/* Those of the family alone. (transfer full) (element-type GSocketAddress): NULL with an error */
static GList *
look_up (Wait *wait, const CliReach *reach, GError **error)
{
  const CliTarget *place = reach->place;
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autolist (GInetAddress) found = NULL;
  g_autolist (GSocketAddress) all = NULL;
  GList *addresses = NULL;
  /* It knows an address with a zone, which the resolver does not. */
  GSocketAddress *literal = g_inet_socket_address_new_from_string (place->host, place->port);

  if (literal != NULL)
    all = g_list_prepend (all, literal);
  else
    {
      /* For both families at once; see cli_connect_by(). */
      g_resolver_lookup_by_name_async (resolver, place->host, wait->cancellable, done_cb, wait);
      result = wait_for_result (wait);
      found = g_resolver_lookup_by_name_finish (resolver, result, error);
      if (found == NULL)
        return NULL;
      for (GList *l = found; l != NULL; l = l->next)
        all = g_list_prepend (all, g_inet_socket_address_new (l->data, place->port));
    }
  for (GList *l = all; l != NULL; l = l->next)
    {
      if (g_socket_address_get_family (l->data) == reach->family)
        addresses = g_list_prepend (addresses, g_object_ref (l->data));
    }
  if (addresses == NULL)
    g_set_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                 reach->family == G_SOCKET_FAMILY_IPV4 ? _ ("“%s” has no IPv4 address")
                                                       : _ ("“%s” has no IPv6 address"),
                 place->host);
  return addresses;
}

/* GSocketClient has a family, too, but tries addresses of the other one, and reports their failure.
 */
static GSocketConnection *
connect_by_family (Wait *wait, GSocketClient *client, const CliReach *reach, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autolist (GSocketAddress) addresses = look_up (wait, reach, &failure);
  GSocketConnection *connection = NULL;

  for (GList *l = addresses; l != NULL && connection == NULL && !wait->timed_out; l = l->next)
    {
      g_clear_error (&failure);
      connection = connect_to (wait, client, l->data, &failure);
    }
  /* None, if the time was over before the first was tried. */
  if (connection == NULL && failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return connection;
}

/* Proxies for HTTP are asked only by those who connect to a URI of https; and most let others than
 * these through to port 443 alone. (transfer full) */
static GSocketConnectable *
new_network_address (const CliTarget *place)
{
  g_autofree char *uri = NULL;
  GSocketConnectable *address = NULL;

  if (place->port == CLI_TARGET_DEFAULT_PORT && strchr (place->host, '%') == NULL)
    {
      uri = g_uri_join (G_URI_FLAGS_NONE, "https", NULL, place->host, place->port, "/", NULL, NULL);
      address = g_network_address_parse_uri (uri, place->port, NULL);
    }
  return address != NULL ? address : g_network_address_new (place->host, place->port);
}

/* (transfer full) */
static GSocketConnectable *
new_connectable (const CliReach *reach)
{
  if (reach->path != NULL)
    return G_SOCKET_CONNECTABLE (g_unix_socket_address_new (reach->path));
  return new_network_address (reach->place);
}

static void
event_cb (GSocketClient *client,
          GSocketClientEvent event,
          GSocketConnectable *where,
          GIOStream *connection,
          gpointer user_data)
{
  gboolean *proxied = user_data;

  /* A proxy that fails may be followed by none. */
  if (event == G_SOCKET_CLIENT_PROXY_NEGOTIATED)
    *proxied = TRUE;
}

static GSocketConnection *
connect_in_time (GSocketClient *client, const CliReach *reach, guint timeout, GError **error)
{
  g_auto (Wait) wait = { 0 };
  g_autoptr (GSocketConnectable) where = new_connectable (reach);
  g_autoptr (GError) failure = NULL;
  GSocketConnection *connection;

  wait_init (&wait, timeout);
  connection = reach->family != G_SOCKET_FAMILY_INVALID
                   ? connect_by_family (&wait, client, reach, &failure)
                   : connect_to (&wait, client, where, &failure);
  if (connection == NULL && wait.timed_out)
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
        ngettext ("No connection within %u second", "No connection within %u seconds", timeout),
        timeout);
  else if (connection == NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return connection;
}

/**
 * cli_connect_by:
 * @reach: after cli_reach_check()
 * @timeout: seconds for all of it, name resolution included; 0 for no limit but the system's
 * @proxied: (out): whether a proxy carries the connection
 *
 * Connects to the first of a place's addresses that answers, or to where a proxy connects.
 *
 * Returns: (transfer full): the connection, whose socket has what the server sends and nothing else
 */
GSocketConnection *
cli_connect_by (const CliReach *reach, guint timeout, gboolean *proxied, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) where = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) failure = NULL;

  *proxied = FALSE;
  g_socket_client_set_enable_proxy (client, reach->proxies != NULL || reach->ask_system);
  if (reach->proxies != NULL)
    g_socket_client_set_proxy_resolver (client, reach->proxies);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), proxied);
  connection = connect_in_time (client, reach, timeout, &failure);
  if (connection == NULL && reach->family == G_SOCKET_FAMILY_INVALID &&
      g_error_matches (failure, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    {
      /* On a machine without any network but loopback, glibc finds no address if it is asked for
       * one family after the other, as above. It finds one if it is asked for both at once, as
       * here.
       */
      g_clear_error (&failure);
      g_socket_client_set_timeout (client, timeout);
      where = new_connectable (reach);
      connection = g_socket_client_connect (client, where, NULL, &failure);
    }
  if (connection == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  /* Such as that to a proxy which is spoken to in TLS. */
  if (G_IS_TCP_WRAPPER_CONNECTION (connection))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED,
                           _ ("This kind of proxy cannot be used, since the service needs the bare "
                              "socket; --proxy names another"));
      return NULL;
    }
  return g_steal_pointer (&connection);
}
