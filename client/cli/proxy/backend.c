/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "proxy/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "peer/negotiated.h"
#include "terminal/pem.h"

/* How long a program may keep its input open after it has closed its output, seconds. */
#define INPUT_SECONDS 2
/* How long an address is used that a name had, and how long it may take to answer, seconds. */
#define PLACE_SECONDS 10
#define PLACE_ANSWER_SECONDS 1

struct _CliBackend
{
  const CliBackendAddress *address;
  CliBackendPlace *place;
  CliReactor *reactor;
  GSubprocess *process; /* (owned) (nullable) */
  int fd;               /* connected to the server, if there is no process; or -1 */
  CliWatch connecting;  /* to where the server was found last */
  GSource *place_timer; /* (owned) (nullable): for that */
  gboolean input_closed;
  CliBackendInputDone input_done;
  gpointer input_done_data;
  GSource *input_watch; /* (owned) (nullable): that runs */
  GSource *input_timer; /* (owned) (nullable): likewise */
  CliBackendReady ready;
  CliBackendGone gone;
  gpointer user_data;
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* In the thread's main context. (transfer full) */
static GSource *
attach (GSource *source, GSourceFunc callback, CliBackend *self)
{
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
backend_free (CliBackend *self)
{
  g_clear_object (&self->process);
  if (self->fd >= 0)
    close (self->fd);
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
  /* No other process shares these ends and their flags. */
  return g_unix_set_fd_nonblocking (cli_backend_get_input (self), TRUE, error) &&
         g_unix_set_fd_nonblocking (cli_backend_get_output (self), TRUE, error);
}

/* Without Nagle's algorithm, data is sent at once. */
static void
set_options (int fd)
{
  const int on = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
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
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (client), result, &error);
  CliBackendPlace *place = self->place;
  int fd;

  if (connection != NULL)
    {
      fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
      /* The connection closes its own. */
      self->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
      if (self->fd < 0)
        g_set_error_literal (&error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      place->size = sizeof place->address;
      if (getpeername (fd, (struct sockaddr *) &place->address, &place->size) == 0)
        place->end = g_get_monotonic_time () + PLACE_SECONDS * G_USEC_PER_SEC;
      set_options (self->fd);
    }
  tell_ready (self, error);
}

static void
look_up (CliBackend *self)
{
  g_autoptr (GSocketClient) connector = g_socket_client_new ();

  g_socket_client_set_enable_proxy (connector, FALSE);
  g_socket_client_connect_to_host_async (connector, self->address->forward->host,
                                         self->address->forward->port, NULL, connected, self);
}

static void
stop_connecting (CliBackend *self)
{
  cli_reactor_remove (self->reactor, &self->connecting);
  clear_source (&self->place_timer);
}

/* The server is not where it was. */
static void
look_up_again (CliBackend *self)
{
  stop_connecting (self);
  close (self->fd);
  self->fd = -1;
  self->place->end = 0;
  look_up (self);
}

static void
connect_done (guint32 events G_GNUC_UNUSED, gpointer user_data)
{
  CliBackend *self = user_data;
  socklen_t size = sizeof (int);
  int code = 0;

  if (getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0)
    {
      stop_connecting (self);
      set_options (self->fd);
      tell_ready (self, NULL);
    }
  else
    look_up_again (self);
}

static gboolean
place_silent_cb (gpointer user_data)
{
  look_up_again (user_data);
  return G_SOURCE_REMOVE;
}

/* On the same machine it is at once, although connect() does not say so. */
static gboolean
is_connected (int fd)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  gboolean connected = getpeername (fd, (struct sockaddr *) &address, &size) == 0;

  errno = EINPROGRESS;
  return connected;
}

/* FALSE: it has to be looked up. */
static gboolean
connect_to_place (CliBackend *self)
{
  const CliBackendPlace *place = self->place;

  if (g_get_monotonic_time () >= place->end)
    return FALSE;
  self->fd = socket (place->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->fd < 0)
    return FALSE;
  if (connect (self->fd, (const struct sockaddr *) &place->address, place->size) == 0 ||
      (errno == EINPROGRESS && is_connected (self->fd)))
    {
      set_options (self->fd);
      tell_ready (self, NULL);
      return TRUE;
    }
  if (errno == EINPROGRESS &&
      cli_reactor_add (self->reactor, &self->connecting, self->fd, EPOLLOUT, NULL))
    {
      self->place_timer =
          attach (g_timeout_source_new_seconds (PLACE_ANSWER_SECONDS), place_silent_cb, self);
      return TRUE;
    }
  close (self->fd);
  self->fd = -1;
  return FALSE;
}

/**
 * cli_backend_open:
 * @place: (inout): where the server to forward to was found last
 * @client: its address, for the program's environment
 * @result: of its handshake, likewise
 * @ready: called once, with a backend or an error; maybe at once
 *
 * In the thread of @reactor, whose main context is the thread's own.
 */
void
cli_backend_open (const CliBackendAddress *address,
                  CliBackendPlace *place,
                  CliReactor *reactor,
                  const char *client,
                  TlsHandoffHandshakeResult *result,
                  CliBackendReady ready,
                  gpointer user_data)
{
  CliBackend *self = g_new0 (CliBackend, 1);
  g_autoptr (GError) error = NULL;

  self->address = address;
  self->place = place;
  self->reactor = reactor;
  self->fd = -1;
  self->connecting = (CliWatch){ connect_done, self };
  self->ready = ready;
  self->user_data = user_data;
  if (address->command != NULL)
    {
      start_process (self, address->command, client, result, &error);
      tell_ready (self, error);
    }
  else if (!connect_to_place (self))
    look_up (self);
}

/* What the backend says: a descriptor that does not block. */
int
cli_backend_get_output (CliBackend *self)
{
  return self->process != NULL ? g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (
                                     g_subprocess_get_stdout_pipe (self->process)))
                               : self->fd;
}

/* What is said to it: a descriptor that does not block, for a server the same one. */
int
cli_backend_get_input (CliBackend *self)
{
  return self->process != NULL ? g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (
                                     g_subprocess_get_stdin_pipe (self->process)))
                               : self->fd;
}

static void
answer_whether_done (CliBackend *self, gboolean done)
{
  clear_source (&self->input_watch);
  clear_source (&self->input_timer);
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
  self->input_watch = attach (g_unix_fd_source_new (cli_backend_get_input (self), G_IO_ERR),
                              G_SOURCE_FUNC (input_closed_cb), self);
  self->input_timer = attach (g_timeout_source_new_seconds (INPUT_SECONDS), input_open_cb, self);
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
    shutdown (self->fd, SHUT_WR);
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
  /* Nobody waits for an answer to this any more. */
  clear_source (&self->input_watch);
  clear_source (&self->input_timer);
  self->gone = gone;
  self->user_data = user_data;
  if (self->process == NULL)
    {
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
