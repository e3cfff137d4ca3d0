/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Channels, on the wire: OpenChannel, and what can be done on what it gives. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handoff-names.h"
#include "test-channel.h"
#include "test-handshake.h"
#include "test-peer.h"
#include "test-system.h"
#include "tls-handoff-error.h"

typedef struct
{
  GDBusConnection *alice;
  TestPeer *peer;
  TestChannel *channel;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->alice = test_bus_connect ("alice");
  f->peer = test_peer_new_openssl ("ecdsa", NULL);
  f->channel = test_channel_open (f->alice, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->channel, test_channel_free);
  test_bus_vanish (f->alice);
  g_clear_pointer (&f->peer, test_peer_free);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

static HandoffKeyState *
handshake (Fixture *f, const char *identity, GError **error)
{
  const int socket = test_peer_connect (f->peer);
  HandoffKeyState *keys =
      test_channel_handshake (f->channel, socket, identity, test_options (NULL), error);

  close (socket);
  return keys;
}

/* Breaks if a channel does no handshakes, or seals keys wrongly from the second one on. */
static void
test_client (Fixture *f, gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffKeyState) keys = handshake (f, "localhost", &error);

      g_assert_no_error (error);
      g_assert_cmpint (keys->role, ==, HANDOFF_ROLE_CLIENT);
    }
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);

  g_test_add ("/channel/client", Fixture, NULL, set_up, test_client, tear_down);

  return g_test_run ();
}
