/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* An application with many handshakes under way, whose peers never answer. For each number on its
 * standard input it begins more until there are so many, and prints the number when every peer has
 * its ClientHello. They go on until the input ends. */

#include <gio/gio.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-handoff/tls-handoff.h"

/* Calls that a program has under way on one channel, or on one connection to the bus: more than 64,
 * or 128, wait. */
#define CALLS_PER_MANAGER 60
/* How many of them may wait to be taken up: a user has room for some on the bus. */
#define CALLS_WAITING 15
#define TIMEOUT 300 /* seconds; the most that the service takes */

static TlsHandoffManager *
new_manager (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_autoptr (GDBusConnection) connection = NULL;
  TlsHandoffManager *manager;

  g_assert_no_error (error);
  connection =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  manager = tls_handoff_manager_new_sync (connection, NULL, &error);
  g_assert_no_error (error);
  return manager;
}

static void
ended (GObject *manager, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffHandshakeResult) handshake G_GNUC_UNUSED =
      tls_handoff_manager_handshake_as_client_finish (TLS_HANDOFF_MANAGER (manager), result,
                                                      &error);

  g_error ("a handshake ended: %s", error != NULL ? error->message : "complete");
}

/* Returns the peer's end. */
static int
begin (TlsHandoffManager *manager, TlsHandoffHandshakeOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    g_error ("socketpair: %s", g_strerror (errno));
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  tls_handoff_manager_handshake_as_client_async (manager, socket, "localhost", options,
                                                 TLS_HANDOFF_HANDSHAKE_NONE, NULL, ended, NULL);
  return fds[1];
}

static void
wait_for_hello (int peer)
{
  char byte;

  while (recv (peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
    g_main_context_iteration (NULL, TRUE);
}

/* The main loop would sleep although a peer has heard something. */
static gboolean
look_again (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

int
main (void)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) managers = g_ptr_array_new ();
  g_autoptr (GArray) peers = g_array_new (FALSE, FALSE, sizeof (int));
  char line[32];

  tls_handoff_handshake_options_set_timeout (options, TIMEOUT);
  g_timeout_add (1, look_again, NULL);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      guint64 number = g_ascii_strtoull (line, NULL, 10);
      guint n_heard = peers->len;

      while (peers->len < number)
        {
          int peer;

          if (peers->len % CALLS_PER_MANAGER == 0)
            g_ptr_array_add (managers, new_manager ());
          peer = begin (managers->pdata[managers->len - 1], options);
          g_array_append_val (peers, peer);
          if (peers->len % CALLS_WAITING == 0)
            for (; n_heard < peers->len; n_heard++)
              wait_for_hello (g_array_index (peers, int, n_heard));
        }
      for (; n_heard < peers->len; n_heard++)
        wait_for_hello (g_array_index (peers, int, n_heard));
      printf ("%u\n", peers->len);
      fflush (stdout);
    }
  _exit (0);
}
