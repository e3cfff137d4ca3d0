/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Sessions that one process begins and another resumes: the library, which forwards the tickets,
 * and the command as another process. */

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <string.h>

#include "test-command.h"
#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"

#define GREETING "Hello for the first time\n"

typedef struct
{
  TestPeer *peer;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->peer = test_peer_new_gnutls ("ecdsa", NULL, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_peer_free (f->peer);
  test_service_set_config (NULL);
  /* With it go the sessions that it keeps. */
  test_service_stop ();
}

/* A connection of alice's, which reads what the server says: with an answer the tickets are there.
 */
static void
connect_with_library (Fixture *f, gboolean pipes)
{
  g_autoptr (GTlsConnection) connection = NULL;
  int fd = test_peer_connect (f->peer);

  if (pipes)
    {
      g_autoptr (GInputStream) input = g_unix_input_stream_new (fd, TRUE);
      g_autoptr (GOutputStream) output = g_unix_output_stream_new (fd, FALSE);
      g_autoptr (GIOStream) base = g_simple_io_stream_new (input, output);

      connection = test_connection_new_for_stream (base, NULL);
    }
  else
    connection = test_connection_new (fd, NULL);
  /* As the command, which offers no application protocol. */
  g_tls_connection_set_advertised_protocols (connection, NULL);

  test_exchange_text (connection, GREETING);
  test_close_connection (connection);
}

/* Whether a new process of the user resumes. */
static gboolean
probe_resumes (Fixture *f, const char *user, const char *options)
{
  g_autoptr (TestCommand) command = NULL;
  g_autoptr (JsonObject) json = NULL;

  command = test_command_run (user, NULL, "probe --json --trust ca.pem %slocalhost:%u", options,
                              test_peer_get_port (f->peer));
  test_command_assert (command, 0, NULL);
  json = test_command_parse_json (command);
  g_assert_true (json_object_get_boolean_member (json, "trusted"));
  return json_object_get_boolean_member (json, "resumed");
}

/* Breaks if tickets do not get to the service, if another user's tickets are used, or if the option
 * is ignored. Each ticket is used once, so the last one is not left over by an earlier line. */
static void
test_library (Fixture *f, gconstpointer data)
{
  connect_with_library (f, data != NULL);
  test_statistic_wait ("sessions", 0);
  g_assert_cmpuint (test_statistic ("resumable-sessions"), >, 0);
  g_assert_false (probe_resumes (f, "bob", ""));
  g_assert_false (probe_resumes (f, "alice", "--no-resumption "));
  g_assert_true (probe_resumes (f, "alice", ""));
  test_statistic_wait ("handshakes-resumed", 1);
}

/* Breaks if the command, which uses a bare record layer, forgets the tickets. */
static void
test_command (Fixture *f, gconstpointer data)
{
  g_autoptr (TestCommand) command = NULL;

  command = test_command_run ("alice", GREETING, "connect --trust ca.pem localhost:%u",
                              test_peer_get_port (f->peer));
  test_command_assert (command, 0, NULL);
  test_statistic_wait ("sessions", 0);
  g_assert_true (probe_resumes (f, "alice", ""));
}

/* Breaks if a session is kept for which resumption is off. */
static void
test_off (Fixture *f, gconstpointer data)
{
  g_autoptr (TestCommand) command = NULL;

  command =
      test_command_run ("alice", GREETING, "connect --no-resumption --trust ca.pem localhost:%u",
                        test_peer_get_port (f->peer));
  test_command_assert (command, 0, NULL);
  test_statistic_wait ("resumable-sessions", 0);
  g_assert_false (probe_resumes (f, "alice", ""));
}

/* Breaks if connections that end before their tickets were read fill the user's quota: the service
 * would keep each of them for seconds. The service may forget a connection a little later than it
 * begins the next one. */
static void
test_unread (Fixture *f, gconstpointer data)
{
  guint i;

  test_service_stop ();
  test_service_set_config ("[Limits]\nSessionsPerUser=3\n");
  for (i = 0; i < 20; i++)
    {
      g_autoptr (GTlsConnection) connection = NULL;
      g_autoptr (GError) error = NULL;

      connection = test_connection_new (test_peer_connect (f->peer), NULL);
      g_tls_connection_set_advertised_protocols (connection, NULL);
      g_tls_connection_handshake (connection, NULL, &error);
      g_assert_no_error (error);
      g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
      g_assert_no_error (error);
    }
  test_statistic_wait ("resumable-sessions", 0);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/client-resumption/" path, Fixture, data, set_up, func, tear_down)
  ADD ("library/socket", NULL, test_library);
  ADD ("library/stream", GINT_TO_POINTER (TRUE), test_library);
  ADD ("command", NULL, test_command);
  ADD ("off", NULL, test_off);
  ADD ("unread", NULL, test_unread);
  return g_test_run ();
}
