/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* "tls-handoff connect", as unprivileged users run it, with real servers. */

#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <string.h>

#include "test-command.h"
#include "test-peer.h"
#include "test-system.h"

#define REQUEST "GET / HTTP/1.0\r\n\r\n"
#define TRUST "--trust ca.pem"

/* Breaks if the crossing loses a byte of the page, or the command does not tell what crossed. */
static void
test_connect_page (gconstpointer data)
{
  gboolean tls12 = GPOINTER_TO_INT (data);
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("rsa", "-www", NULL);
  g_autoptr (TestCommand) command = NULL;
  g_autofree char *handshake_by = NULL;

  command = test_command_run ("alice", REQUEST, "connect --verbose %s%s www.handoff.test:%u", TRUST,
                              tls12 ? " --tls12" : "", test_peer_get_port (peer));
  test_command_assert (command, 0, tls12 ? "TLS1.2\n" : "TLS1.3\n");
  g_assert_true (g_str_has_prefix (test_command_get_output (command), "HTTP/1.0 200 ok\r\n"));
  g_assert_true (g_str_has_suffix (test_command_get_output (command), "</BODY></HTML>\r\n\r\n"));

  handshake_by = g_strdup_printf ("handshake by: tls-handoffd, pid %d, user tls-handoff\n",
                                  test_service_get_pid ());
  g_assert_nonnull (strstr (command->errors, handshake_by));
  g_assert_nonnull (strstr (command->errors, "seals: seal shrink grow write"));
  g_assert_nonnull (strstr (command->errors, "www.handoff.test\n"));
  g_assert_nonnull (strstr (command->errors, "sent 18 bytes, received "));
}

/* A stream that a thread of its own fills or drains. */
typedef struct
{
  GOutputStream *to;
  GInputStream *from;
  const guint8 *data;
  guint8 *received;
  gsize size;
} Transfer;

static gpointer
write_thread (gpointer data)
{
  Transfer *transfer = data;
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (transfer->to, transfer->data, transfer->size, NULL, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  Transfer *transfer = data;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_input_stream_read_all (transfer->from, transfer->received, transfer->size, &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, transfer->size);
  return NULL;
}

static guint8 *
make_random_data (gsize size, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  guint32 *words = g_malloc (size);

  for (gsize i = 0; i < size / sizeof *words; i++)
    words[i] = g_rand_int (random);
  return (guint8 *) words;
}

static void
assert_same_checksum (const guint8 *a, const guint8 *b, gsize size)
{
  g_autofree char *sum_a = g_compute_checksum_for_data (G_CHECKSUM_SHA256, a, size);
  g_autofree char *sum_b = g_compute_checksum_for_data (G_CHECKSUM_SHA256, b, size);

  g_assert_cmpstr (sum_a, ==, sum_b);
}

/* Breaks if bulk data is changed, lost or stuck when both directions are full, or if the command
 * does not end well once both sides are done. */
static void
test_connect_bulk (gconstpointer data)
{
  const gsize size = 16 * 1024 * 1024;
  gboolean tls12 = GPOINTER_TO_INT (data);
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *up = make_random_data (size, 1);
  g_autofree guint8 *down = make_random_data (size, 2);
  g_autofree guint8 *up_received = g_malloc0 (size);
  g_autofree guint8 *down_received = g_malloc0 (size);
  Transfer transfers[4] = { { 0 } };
  GThread *threads[4];
  guint8 more;
  int input;

  process = test_command_start ("alice", "connect %s%s localhost:%u", TRUST,
                                tls12 ? " --tls12" : "", test_peer_get_port (peer));
  transfers[0] =
      (Transfer){ .to = g_subprocess_get_stdin_pipe (process), .data = up, .size = size };
  transfers[1] =
      (Transfer){ .from = test_peer_get_stdout (peer), .received = up_received, .size = size };
  transfers[2] = (Transfer){ .to = test_peer_get_stdin (peer), .data = down, .size = size };
  transfers[3] = (Transfer){ .from = g_subprocess_get_stdout_pipe (process),
                             .received = down_received,
                             .size = size };
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("transfer", transfers[i].to != NULL ? write_thread : read_thread,
                               &transfers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_same_checksum (up, up_received, size);
  assert_same_checksum (down, down_received, size);

  /* The descriptors' flags are shared with other processes, and none of the command's business. */
  input =
      g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (g_subprocess_get_stdin_pipe (process)));
  g_assert_false (fcntl (input, F_GETFL) & O_NONBLOCK);

  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stdout_pipe (process), &more, 1, NULL, &error), ==, 0);
  g_assert_true (g_subprocess_wait_check (process, NULL, &error));
  g_assert_no_error (error);
}

/* Sends one byte from the server to the command's output. */
static void
send_from_server (TestPeer *peer, GSubprocess *process)
{
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;

  g_output_stream_write_all (test_peer_get_stdin (peer), "!", 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (g_subprocess_get_stdout_pipe (process), &byte, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (byte, ==, '!');
}

/* Sends one byte each way: then the connection stands. The command's goes first: a server that has
 * its own input and a ClientHello to read at the same time waits for the client's data behind that,
 * and looks at no input until there is some. */
static void
wait_until_connected (TestPeer *peer, GSubprocess *process)
{
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), "?", 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (test_peer_get_stdout (peer), &byte, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (byte, ==, '?');
  send_from_server (peer, process);
}

/* The status and last words of a command whose standard input and output were used. */
static TestCommand *
finish (GSubprocess *process)
{
  TestCommand *command = g_new0 (TestCommand, 1);
  g_autoptr (GError) error = NULL;
  char errors[4096];
  gsize n;

  g_input_stream_read_all (g_subprocess_get_stderr_pipe (process), errors, sizeof errors, &n, NULL,
                           &error);
  g_assert_no_error (error);
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  command->status = g_subprocess_get_exit_status (process);
  command->output = g_bytes_new (NULL, 0);
  command->errors = g_strndup (errors, n);
  return command;
}

/* Breaks if the end of the input closes the connection although the user did not want that: a
 * server that speaks TLS 1.2 then ends without an answer. */
static void
test_connect_ignore_eof (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", "-tls1_2", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  process = test_command_start ("alice", "connect --ignore-eof %s localhost:%u", TRUST,
                                test_peer_get_port (peer));
  wait_until_connected (peer, process);
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, &error);
  g_assert_no_error (error);
  /* The server may have read the first byte before it saw a close_notify, but not the second. */
  send_from_server (peer, process);
  send_from_server (peer, process);
  g_subprocess_force_exit (process);
}

/* Breaks if a connection that was cut off passes for one that ended. */
static void
test_connect_truncated (void)
{
  TestPeer *peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (TestCommand) command = NULL;

  process =
      test_command_start ("alice", "connect %s localhost:%u", TRUST, test_peer_get_port (peer));
  wait_until_connected (peer, process);
  test_peer_free (peer);
  command = finish (process);
  test_command_assert (command, 1, "may be truncated");
}

/* Breaks if nobody hears that the output is gone, or SIGPIPE kills the command without a word. */
static void
test_connect_output_gone (void)
{
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (TestCommand) command = NULL;
  g_autoptr (GError) error = NULL;

  process =
      test_command_start ("alice", "connect %s localhost:%u", TRUST, test_peer_get_port (peer));
  wait_until_connected (peer, process);
  g_input_stream_close (g_subprocess_get_stdout_pipe (process), NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (test_peer_get_stdin (peer), "more", 4, NULL, NULL, &error);
  g_assert_no_error (error);
  command = finish (process);
  test_command_assert (command, 1, "standard output");
}

/* Breaks if line ends are not those that old protocols want. */
static void
test_connect_crlf (void)
{
  static const char expected[] = "a\r\nb\r\n";
  g_autoptr (TestPeer) peer = test_peer_new_openssl ("ecdsa", NULL);
  g_autoptr (TestCommand) command = NULL;
  g_autoptr (GError) error = NULL;
  char received[sizeof expected] = "";

  command = test_command_run ("alice", "a\nb\r\n", "connect --crlf %s localhost:%u", TRUST,
                              test_peer_get_port (peer));
  test_command_assert (command, 0, NULL);
  g_input_stream_read_all (test_peer_get_stdout (peer), received, strlen (expected), NULL, NULL,
                           &error);
  g_assert_no_error (error);
  g_assert_cmpstr (received, ==, expected);
}

int
main (int argc, char **argv)
{
  test_system_init (&argc, &argv);
  g_test_add_data_func ("/cli/connect/page/tls1.3", GINT_TO_POINTER (FALSE), test_connect_page);
  g_test_add_data_func ("/cli/connect/page/tls1.2", GINT_TO_POINTER (TRUE), test_connect_page);
  g_test_add_func ("/cli/connect/ignore-eof", test_connect_ignore_eof);
  g_test_add_data_func ("/cli/connect/bulk/tls1.3", GINT_TO_POINTER (FALSE), test_connect_bulk);
  g_test_add_data_func ("/cli/connect/bulk/tls1.2", GINT_TO_POINTER (TRUE), test_connect_bulk);
  g_test_add_func ("/cli/connect/truncated", test_connect_truncated);
  g_test_add_func ("/cli/connect/output-gone", test_connect_output_gone);
  g_test_add_func ("/cli/connect/crlf", test_connect_crlf);
  return g_test_run ();
}
