/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/backend.h"

#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>

#include "peer/negotiated.h"
#include "terminal/pem.h"

/* How long a program may keep its input open after it has closed its output, seconds. */
#define INPUT_SECONDS 2

struct _CliBackend
{
  GSubprocess *process;          /* (owned) (nullable) */
  GSocketConnection *connection; /* (owned) (nullable): if there is no process */
  gboolean input_closed;
  CliBackendInputDone input_done;
  gpointer input_done_data;
  guint input_watch; /* that runs, or 0 */
  guint input_timer; /* likewise */
  CliBackendReady ready;
  CliBackendGone gone;
  gpointer user_data;
};

static void
backend_free (CliBackend *self)
{
  g_clear_object (&self->process);
  g_clear_object (&self->connection);
  g_free (self);
}

static void
set_variable (GSubprocessLauncher *launcher, const char *name, const char *value)
{
  /* Variables of the command's own environment must not pass for the client's. */
  if (value != NULL)
    g_subprocess_launcher_setenv (launcher, name, value, TRUE);
  else
    g_subprocess_launcher_unsetenv (launcher, name);
}

/* The certificate is passed on as it is: the program can have it parsed. */
static void
set_certificate (GSubprocessLauncher *launcher, TlsHandoffHandshakeResult *result)
{
  GPtrArray *chain = tls_handoff_handshake_result_get_peer_certificates (result);
  g_autofree char *sha256 = NULL;
  g_autofree char *pem = NULL;

  if (chain != NULL && chain->len > 0)
    {
      sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, chain->pdata[0]);
      pem = cli_pem_encode ("CERTIFICATE", chain->pdata[0]);
    }
  set_variable (launcher, "TLS_HANDOFF_CLIENT_SHA256", sha256);
  set_variable (launcher, "TLS_HANDOFF_CLIENT_CERTIFICATE", pem);
}

static gboolean
start_process (CliBackend *self,
               const char *const *command,
               const char *client,
               TlsHandoffHandshakeResult *result,
               GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);

  set_variable (launcher, "TLS_HANDOFF_PEER", client);
  set_variable (launcher, "TLS_HANDOFF_PROTOCOL", cli_negotiated_get_protocol (result));
  set_variable (launcher, "TLS_HANDOFF_SERVER_NAME",
                tls_handoff_handshake_result_get_server_name (result));
  set_variable (launcher, "TLS_HANDOFF_APPLICATION_PROTOCOL",
                tls_handoff_handshake_result_get_application_protocol (result));
  set_variable (launcher, "TLS_HANDOFF_CREDENTIAL",
                tls_handoff_handshake_result_get_credential (result));
  set_certificate (launcher, result);
  self->process = g_subprocess_launcher_spawnv (launcher, command, error);
  if (self->process == NULL)
    return FALSE;
  /* A pipe with room for some bytes would block a write of more. No other process shares this end
   * and its flags. */
  return g_unix_set_fd_nonblocking (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (
                                        g_subprocess_get_stdin_pipe (self->process))),
                                    TRUE, error);
}

static void
tell_ready (CliBackend *self, const GError *error)
{
  self->ready (error == NULL ? self : NULL, error, self->user_data);
  if (error != NULL)
    backend_free (self);
}

static void
connected (GObject *client, GAsyncResult *result, gpointer user_data)
{
  CliBackend *self = user_data;
  g_autoptr (GError) error = NULL;

  self->connection =
      g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (client), result, &error);
  tell_ready (self, error);
}

/**
 * cli_backend_open:
 * @client: its address, for the program's environment
 * @result: of its handshake, likewise
 * @ready: called once, with a backend or an error
 */
void
cli_backend_open (const CliBackendAddress *address,
                  const char *client,
                  TlsHandoffHandshakeResult *result,
                  CliBackendReady ready,
                  gpointer user_data)
{
  CliBackend *self = g_new0 (CliBackend, 1);
  g_autoptr (GSocketClient) connector = NULL;
  g_autoptr (GError) error = NULL;

  self->ready = ready;
  self->user_data = user_data;
  if (address->command != NULL)
    {
      start_process (self, address->command, client, result, &error);
      tell_ready (self, error);
      return;
    }
  connector = g_socket_client_new ();
  g_socket_client_set_enable_proxy (connector, FALSE);
  g_socket_client_connect_to_host_async (connector, address->forward->host, address->forward->port,
                                         NULL, connected, self);
}

/* (transfer none): what the backend says */
GInputStream *
cli_backend_get_output (CliBackend *self)
{
  return self->process != NULL ? g_subprocess_get_stdout_pipe (self->process)
                               : g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
}

/* (transfer none): what is said to it */
GOutputStream *
cli_backend_get_input (CliBackend *self)
{
  return self->process != NULL ? g_subprocess_get_stdin_pipe (self->process)
                               : g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
}

static void
answer_whether_done (CliBackend *self, gboolean done)
{
  g_clear_handle_id (&self->input_watch, g_source_remove);
  g_clear_handle_id (&self->input_timer, g_source_remove);
  self->input_done (done, self->input_done_data);
}

static gboolean
input_closed_cb (int fd, GIOCondition condition, gpointer user_data)
{
  answer_whether_done (user_data, TRUE);
  return G_SOURCE_CONTINUE; /* it is removed already */
}

static gboolean
input_open_cb (gpointer user_data)
{
  answer_whether_done (user_data, FALSE);
  return G_SOURCE_CONTINUE;
}

/**
 * cli_backend_ask_input_done:
 * @input_done: called once, maybe at once
 *
 * Asks a backend whose output has ended whether it is done with its input, too. A program has some
 * time to end, or to close its input; a program that waits for more input does neither. A server
 * that has closed its connection counts as done, because TCP does not tell whether it still reads.
 */
void
cli_backend_ask_input_done (CliBackend *self, CliBackendInputDone input_done, gpointer user_data)
{
  self->input_done = input_done;
  self->input_done_data = user_data;
  if (self->input_closed || self->process == NULL)
    {
      answer_whether_done (self, TRUE);
      return;
    }
  /* poll() reports an error when no process has the pipe open for reading any more. */
  self->input_watch = g_unix_fd_add (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (
                                         g_subprocess_get_stdin_pipe (self->process))),
                                     G_IO_ERR, input_closed_cb, self);
  self->input_timer = g_timeout_add_seconds (INPUT_SECONDS, input_open_cb, self);
}

/**
 * cli_backend_close_input:
 *
 * Tells the backend that the client sends no more. The backend may still answer.
 */
void
cli_backend_close_input (CliBackend *self)
{
  if (self->input_closed)
    return;
  self->input_closed = TRUE;
  if (self->process != NULL)
    g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  else
    g_socket_shutdown (g_socket_connection_get_socket (self->connection), FALSE, TRUE, NULL);
}

static void
exited (GObject *process, GAsyncResult *result, gpointer user_data)
{
  CliBackend *self = user_data;
  g_autofree char *problem = NULL;

  g_subprocess_wait_finish (self->process, result, NULL);
  if (g_subprocess_get_if_signaled (self->process))
    problem = g_strdup_printf (_ ("the program was ended by signal %d"),
                               g_subprocess_get_term_sig (self->process));
  else if (g_subprocess_get_exit_status (self->process) != 0)
    problem = g_strdup_printf (_ ("the program ended with status %d"),
                               g_subprocess_get_exit_status (self->process));
  self->gone (problem, self->user_data);
  backend_free (self);
}

/**
 * cli_backend_close:
 * @hang_up: the client is gone before the end; a program gets SIGHUP
 * @gone: called once, when a program has ended
 *
 * Ends the backend; @self must not be used afterwards.
 */
void
cli_backend_close (CliBackend *self, gboolean hang_up, CliBackendGone gone, gpointer user_data)
{
  self->gone = gone;
  self->user_data = user_data;
  if (self->process == NULL)
    {
      g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
      gone (NULL, user_data);
      backend_free (self);
      return;
    }
  /* The signal first, so that the end of its input does not look like the end of the data. */
  if (hang_up)
    g_subprocess_send_signal (self->process, SIGHUP);
  cli_backend_close_input (self);
  g_input_stream_close (g_subprocess_get_stdout_pipe (self->process), NULL, NULL);
  g_subprocess_wait_async (self->process, NULL, exited, self);
}
