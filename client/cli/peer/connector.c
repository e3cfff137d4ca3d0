/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "peer/connector.h"

#include <glib/gi18n.h>

typedef struct
{
  GCancellable *cancellable;
  GSocketConnection *connection; /* (owned) (nullable) */
  GError *error;                 /* (owned) (nullable) */
  gboolean done;
  gboolean timed_out;
} Attempt;

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &attempt->error);
  attempt->done = TRUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->timed_out = TRUE;
  g_cancellable_cancel (attempt->cancellable);
  return G_SOURCE_REMOVE;
}

/* Tries IPv6 and IPv4 side by side (RFC 8305), which GSocketClient does in its asynchronous calls
 * only. */
static GSocketConnection *
connect_side_by_side (GSocketClient *client,
                      GSocketConnectable *address,
                      guint timeout,
                      GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) timer = NULL;
  Attempt attempt = { .cancellable = cancellable };

  g_main_context_push_thread_default (context);
  if (timeout > 0)
    {
      timer = g_timeout_source_new_seconds (timeout);
      g_source_set_callback (timer, timeout_cb, &attempt, NULL);
      g_source_attach (timer, context);
    }
  g_socket_client_connect_async (client, address, cancellable, connected_cb, &attempt);
  while (!attempt.done)
    g_main_context_iteration (context, TRUE);
  if (timer != NULL)
    g_source_destroy (timer);
  g_main_context_pop_thread_default (context);

  if (attempt.connection == NULL && attempt.timed_out)
    {
      g_clear_error (&attempt.error);
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
          ngettext ("No connection within %u second", "No connection within %u seconds", timeout),
          timeout);
      return NULL;
    }
  if (attempt.connection == NULL)
    g_propagate_error (error, attempt.error);
  return attempt.connection;
}

/**
 * cli_connect_to_host:
 * @host: a name or an address
 * @timeout: seconds for all of it, name resolution included; 0 for no limit but the system's
 *
 * Connects to the first of @host's addresses that answers. No proxy is used: the descriptor has to
 * be the connection itself.
 *
 * Returns: (transfer full): the connection
 */
GSocketConnection *
cli_connect_to_host (const char *host, guint16 port, guint timeout, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = g_network_address_new (host, port);
  g_autoptr (GError) local_error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = connect_side_by_side (client, address, timeout, &local_error);
  if (connection != NULL ||
      !g_error_matches (local_error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    {
      if (connection == NULL)
        g_propagate_error (error, g_steal_pointer (&local_error));
      return connection;
    }

  /* On a machine without any network but loopback, glibc finds no address if it is asked for one
   * family after the other, as above. It finds one if it is asked for both at once, as here.
   */
  g_socket_client_set_timeout (client, timeout);
  return g_socket_client_connect (client, address, NULL, error);
}
