/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-peer.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test-system.h"

struct _TestPeer
{
  GSubprocess *process;
  char *address; /* numeric, or the path of a Unix socket */
  char *key_log; /* path */
  guint16 port;
};

static int
connect_to (const char *address, guint16 port)
{
  g_autoptr (GSocketAddress) target = NULL;
  guint8 native[sizeof (struct sockaddr_un)];
  gssize size;
  int fd;

  if (strchr (address, '/') != NULL)
    {
      struct sockaddr_un *un = (struct sockaddr_un *) native;

      memset (native, 0, sizeof native);
      un->sun_family = AF_UNIX;
      g_strlcpy (un->sun_path, address, sizeof un->sun_path);
      size = sizeof *un;
    }
  else
    {
      target = g_inet_socket_address_new_from_string (address, port);
      g_assert_true (g_socket_address_to_native (target, native, sizeof native, NULL));
      size = g_socket_address_get_native_size (target);
    }
  fd = socket (((struct sockaddr *) native)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  if (connect (fd, (struct sockaddr *) native, size) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

/* A port that was free a moment ago; the system's network is the test's own. */
static guint16
free_port (const char *address)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string (address, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  socket = g_socket_new (g_socket_address_get_family (any), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_bind (socket, any, TRUE, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (socket, &error);
  g_assert_no_error (error);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

/* Whether something listens there, without connecting to it: s_server serves one client at a time.
 */
static gboolean
is_listening (gpointer data)
{
  TestPeer *peer = data;
  gboolean unix_socket = strchr (peer->address, '/') != NULL;
  const char *tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
  g_autofree char *wanted = g_strdup_printf (":%04X ", peer->port);

  g_assert_nonnull (g_subprocess_get_identifier (peer->process));
  if (unix_socket)
    {
      int fd = connect_to (peer->address, 0);

      if (fd >= 0)
        close (fd);
      return fd >= 0;
    }
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    {
      g_autofree char *table = NULL;
      g_auto (GStrv) lines = NULL;

      if (!g_file_get_contents (tables[i], &table, NULL, NULL))
        continue;
      lines = g_strsplit (table, "\n", -1);
      for (guint j = 1; lines[j] != NULL && lines[j][0] != '\0'; j++)
        {
          g_auto (GStrv) words = g_strsplit_set (g_strstrip (lines[j]), " ", -1);
          g_autofree char *local = g_strconcat (words[1], " ", NULL);

          /* 0A: TCP_LISTEN */
          if (g_str_has_suffix (local, wanted) && g_str_equal (words[3], "0A"))
            return TRUE;
        }
    }
  return FALSE;
}

static void
start (TestPeer *peer, GPtrArray *arguments, GSubprocessFlags flags)
{
  g_autofree char *command = NULL;
  g_autofree char *what = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (arguments, NULL);
  command = g_strjoinv (" ", (char **) arguments->pdata);
  what = g_strdup_printf ("“%s” listens", command);
  g_test_message ("peer: %s", command);
  peer->process = g_subprocess_newv ((const char *const *) arguments->pdata, flags, &error);
  g_assert_no_error (error);
  test_wait_until (is_listening, peer, what);
}

static void
add (GPtrArray *arguments, const char *argument)
{
  g_ptr_array_add (arguments, g_strdup (argument));
}

static void
add_cert (GPtrArray *arguments, const char *option, const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  add (arguments, option);
  g_ptr_array_add (arguments, test_cert_path (file));
}

static void
set_nonblocking (int fd)
{
  g_autoptr (GError) error = NULL;

  g_unix_set_fd_nonblocking (fd, TRUE, &error);
  g_assert_no_error (error);
}

TestPeer *
test_peer_new_openssl_at (const char *address, const char *certificate, const char *const *options)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  TestPeer *peer = g_new0 (TestPeer, 1);
  static int n_logs;

  peer->address = g_strdup (address);
  peer->key_log = g_strdup_printf ("%s/keylog-%d", g_get_tmp_dir (), ++n_logs);
  add (arguments, "openssl");
  add (arguments, "s_server");
  add (arguments, "-quiet");
  if (strchr (address, '/') != NULL)
    {
      add (arguments, "-unix");
      add (arguments, address);
      add (arguments, "-unlink");
    }
  else
    {
      peer->port = free_port (address);
      add (arguments, "-accept");
      g_ptr_array_add (arguments,
                       g_strdup_printf (strchr (address, ':') != NULL ? "[%s]:%u" : "%s:%u",
                                        address, peer->port));
    }
  add_cert (arguments, "-cert", certificate, ".pem");
  add_cert (arguments, "-key", certificate, ".key");
  add (arguments, "-keylogfile");
  add (arguments, peer->key_log);
  for (guint i = 0; options != NULL && options[i] != NULL; i++)
    add (arguments, options[i]);
  start (peer, arguments,
         G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
             G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  /* GIO's asynchronous writing to a pipe blocks otherwise, and with it what would empty the pipe.
   */
  set_nonblocking (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (test_peer_get_stdin (peer))));
  set_nonblocking (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (test_peer_get_stdout (peer))));
  return peer;
}

TestPeer *
test_peer_new_openssl (const char *certificate, ...)
{
  g_autoptr (GPtrArray) options = g_ptr_array_new ();
  const char *option;
  va_list more;

  va_start (more, certificate);
  while ((option = va_arg (more, const char *)) != NULL)
    g_ptr_array_add (options, (gpointer) option);
  va_end (more);
  g_ptr_array_add (options, NULL);
  return test_peer_new_openssl_at ("127.0.0.1", certificate, (const char *const *) options->pdata);
}

TestPeer *
test_peer_new_gnutls (const char *certificate, const char *priority, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  TestPeer *peer = g_new0 (TestPeer, 1);
  const char *option;
  va_list more;

  peer->address = g_strdup ("127.0.0.1");
  peer->port = free_port ("127.0.0.1");
  add (arguments, "gnutls-serv");
  add (arguments, "--echo");
  add (arguments, "--crlf");
  add (arguments, "--quiet");
  add (arguments, "--disable-client-cert");
  add (arguments, "--port");
  g_ptr_array_add (arguments, g_strdup_printf ("%u", peer->port));
  add_cert (arguments, "--x509certfile", certificate, ".pem");
  add_cert (arguments, "--x509keyfile", certificate, ".key");
  if (priority != NULL)
    {
      add (arguments, "--priority");
      add (arguments, priority);
    }
  va_start (more, priority);
  while ((option = va_arg (more, const char *)) != NULL)
    add (arguments, option);
  va_end (more);
  start (peer, arguments, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  return peer;
}

void
test_peer_free (TestPeer *peer)
{
  g_subprocess_force_exit (peer->process);
  g_subprocess_wait (peer->process, NULL, NULL);
  g_object_unref (peer->process);
  g_free (peer->address);
  g_free (peer->key_log);
  g_free (peer);
}

guint16
test_peer_get_port (TestPeer *peer)
{
  return peer->port;
}

int
test_peer_connect (TestPeer *peer)
{
  int fd = connect_to (peer->address, peer->port);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

GOutputStream *
test_peer_get_stdin (TestPeer *peer)
{
  return g_subprocess_get_stdin_pipe (peer->process);
}

GInputStream *
test_peer_get_stdout (TestPeer *peer)
{
  return g_subprocess_get_stdout_pipe (peer->process);
}

char *
test_peer_read_key_log (TestPeer *peer)
{
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (peer->key_log, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

int
test_listen (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (fd, SOMAXCONN), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

int
test_connect (guint16 port)
{
  int fd = connect_to ("127.0.0.1", port);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

void
test_tcp_pair (int fds[2])
{
  guint16 port;
  int listener = test_listen (&port);

  fds[0] = test_connect (port);
  fds[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (fds[1], >=, 0);
  close (listener);
}
