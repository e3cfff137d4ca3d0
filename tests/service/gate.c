/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The gate that every method call goes through, on a real bus, with an authority whose faults the
 * test decides: it denies, fails, or answers when nobody is left to hear it. */

#include "config.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/gate-fixture.h"
#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* Breaks if a method runs although the authority said no, or nothing that it can be taken for a
 * yes. */
static void
test_refused (GateFixture *fixture, gconstpointer answer)
{
  const char *methods[] = { "HandshakeAsClient",  "HandshakeAsServer",
                            "CreateSession",      "ImportCredential",
                            "GenerateCredential", "LinkCredential",
                            "ListCredentials",    "ListSessions",
                            "GetStatistics",      "Reload" };
  const int code = GPOINTER_TO_INT (answer) == ANSWER_DENY ? TLS_HANDOFF_ERROR_NOT_AUTHORIZED
                                                           : TLS_HANDOFF_ERROR_FAILED;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_auto (GateCall) call = { 0 };

      g_test_message ("%s", methods[i]);
      gate_start_manager_call (fixture, fixture->caller, methods[i], &call);
      gate_call_wait (&call);
      g_assert_error (call.error, TLS_HANDOFF_ERROR, code);
      g_assert_cmpuint (fixture->authority->checks->len, ==, i + 1);
    }
  gate_assert_no_handshake (fixture);
}

/* data: a socket. Whether something came, or the end. */
static gboolean
can_receive (gpointer data)
{
  char byte;

  return recv (GPOINTER_TO_INT (data), &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
}

/* data: a pipe. Whether nobody can write to it any more. */
static gboolean
is_at_end (gpointer data)
{
  char byte;

  return read (GPOINTER_TO_INT (data), &byte, 1) == 0;
}

/* Breaks if a yes that comes when its caller is gone starts the handshake. */
static void
test_late_yes (GateFixture *fixture, gconstpointer answer)
{
  g_auto (GateCall) call = { 0 };
  char byte;

  gate_start_manager_call (fixture, fixture->caller, "HandshakeAsClient", &call);
  gate_wait_for_check (fixture);

  close (fixture->sockets[0]);
  fixture->sockets[0] = -1;
  gate_leave (fixture);
  gate_call_wait (&call);

  gate_answer (fixture, TRUE);
  /* The service lets go of the socket, and has sent nothing on it. */
  gate_wait_until (can_receive, GINT_TO_POINTER (fixture->sockets[1]), "the socket is closed");
  g_assert_cmpint (recv (fixture->sockets[1], &byte, 1, MSG_DONTWAIT), ==, 0);
}

/* Breaks if descriptors that nobody takes stay open as long as the call waits, or one is taken
 * twice. */
static void
test_descriptors (GateFixture *fixture, gconstpointer answer)
{
  g_auto (GateCall) call = { 0 };
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  int pipes[2];

  g_assert_true (g_unix_open_pipe (pipes, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (pipes[0], TRUE, NULL));
  g_unix_fd_list_append (fds, pipes[1], &error);
  g_assert_no_error (error);
  close (pipes[1]);
  g_unix_fd_list_append (fds, pipes[0], &error);
  g_assert_no_error (error);
  gate_call_start (
      fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE, "ImportCredential",
      g_variant_new_parsed ("('key', handle 1, {'passphrase': <handle 1>})"), fds, &call);
  gate_call_wait (&call);
  g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (fixture->authority->checks->len, ==, 0);
  gate_call_clear (&call);

  gate_call_start (fixture, fixture->caller, HANDOFF_ROOT_PATH, HANDOFF_MANAGER_INTERFACE,
                   "ImportCredential", g_variant_new_parsed ("('key', handle 1, @a{sv} {})"), fds,
                   &call);
  gate_wait_for_check (fixture);
  g_clear_object (&fds);
  /* The pipe's end that nobody took is open nowhere any more. */
  gate_wait_until (is_at_end, GINT_TO_POINTER (pipes[0]), "the pipe is closed");
  gate_answer (fixture, FALSE);
  gate_call_wait (&call);
  g_assert_error (call.error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_AUTHORIZED);
  close (pipes[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, answer, function)                                                                \
  g_test_add ("/service/gate/" name, GateFixture, GINT_TO_POINTER (answer), gate_set_up, function, \
              gate_tear_down)
  ADD ("denied", ANSWER_DENY, test_refused);
  ADD ("authority-fails", ANSWER_FAIL, test_refused);
  ADD ("late-yes", ANSWER_LATER, test_late_yes);
  ADD ("descriptors", ANSWER_LATER, test_descriptors);
  return g_test_run ();
}
