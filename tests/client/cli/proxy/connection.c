/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* How a client of "serve" ends, when its program takes its time. The test stands in for the
 * service, and time is what the test says. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/connection.h"
#include "support/record-test-fixture.h"

/* Bytes that a client does not have to read before more is sent; the kernel doubles it. */
#define BUFFER_SIZE (8 * 1024)
/* More than that, and less than a pipe takes. */
#define ANSWER_SIZE 60000
#define ANSWER "head -c " G_STRINGIFY (ANSWER_SIZE) " /dev/zero; "
#define MINUTE (60 * G_USEC_PER_SEC)

typedef struct
{
  CliConnectionSettings settings;
  CliConnectionHost host;
  CliConnection *connection;
  int client;
  char *fifo;  /* from which the program reads when it may end */
  int release; /* its other end */
  guint n_done;
  gboolean ok;
} Bench;

/* Of the handshake that is not done. */
static TlsHandoffRecordLayer *record_layer;

/* In place of the library's functions. */

void
tls_handoff_manager_handshake_as_server_async (TlsHandoffManager *manager G_GNUC_UNUSED,
                                               GSocket *socket G_GNUC_UNUSED,
                                               TlsHandoffHandshakeOptions *options G_GNUC_UNUSED,
                                               TlsHandoffHandshakeFlags flags G_GNUC_UNUSED,
                                               GCancellable *cancellable G_GNUC_UNUSED,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  callback (NULL, NULL, user_data);
}

TlsHandoffHandshakeResult *
tls_handoff_manager_handshake_as_server_finish (TlsHandoffManager *manager G_GNUC_UNUSED,
                                                GAsyncResult *result G_GNUC_UNUSED,
                                                GError **error G_GNUC_UNUSED)
{
  return g_object_new (TLS_HANDOFF_TYPE_HANDSHAKE_RESULT, NULL);
}

TlsHandoffRecordLayer *
tls_handoff_handshake_result_get_record_layer (TlsHandoffHandshakeResult *self G_GNUC_UNUSED)
{
  return record_layer;
}

GTlsProtocolVersion
tls_handoff_handshake_result_get_protocol_version (TlsHandoffHandshakeResult *self G_GNUC_UNUSED)
{
  return G_TLS_PROTOCOL_VERSION_TLS_1_3;
}

static void
spoke (CliConnection *connection, gpointer user_data G_GNUC_UNUSED)
{
  cli_connection_begin (connection);
}

static void
handshake_over (gpointer user_data G_GNUC_UNUSED)
{
}

static void
done (CliConnection *connection, gboolean ok, gpointer user_data)
{
  Bench *b = user_data;

  g_assert_true (connection == b->connection);
  b->n_done++;
  b->ok = ok;
}

/* With a client that has sent something, and a program that a shell runs; FIFO is a file. */
static void
bench_open (Bench *b, RecordFixture *f, const char *program)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  const char *command[] = { "sh", "-c", program, "sh", NULL, NULL };
  struct sockaddr_storage address = { 0 };
  struct sockaddr_in *in = (struct sockaddr_in *) &address;
  const int buffer_size = BUFFER_SIZE;
  int ends[2];

  memset (b, 0, sizeof *b);
  record_layer = f->layer;
  b->fifo = g_build_filename (directory, "fifo", NULL);
  g_assert_cmpint (mkfifo (b->fifo, 0600), ==, 0);
  b->release = open (b->fifo, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (b->release, >=, 0);
  command[4] = b->fifo;
  b->settings.backend.command = (const char *const *) g_strdupv ((char **) command);
  b->settings.quiet = TRUE;
  b->host.settings = &b->settings;
  b->host.reactor = cli_reactor_new ();
  b->host.buffers = cli_buffers_new ();
  b->host.spoke = spoke;
  b->host.handshake_over = handshake_over;
  b->host.done = done;
  b->host.user_data = b;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==,
                   0);
  b->client = ends[1];
  setsockopt (ends[0], SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
  record_fixture_seal (f, RECORD_DATA, "request\n", 8);
  g_assert_cmpint (write (b->client, f->records->data, f->records->len), ==, f->records->len);
  g_byte_array_set_size (f->records, 0);
  in->sin_family = AF_INET;
  in->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  b->connection = cli_connection_new (&b->host, ends[0], &address, sizeof *in);
  g_assert_nonnull (b->connection);
}

/* The program ends, and so does the connection. */
static void
bench_close (Bench *b)
{
  g_autofree char *directory = g_path_get_dirname (b->fifo);

  g_assert_cmpint (write (b->release, "\n", 1), ==, 1);
  while (b->n_done == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (b->n_done, ==, 1);
  close (b->client);
  close (b->release);
  g_unlink (b->fifo);
  g_rmdir (directory);
  g_free (b->fifo);
  g_strfreev ((char **) b->settings.backend.command);
  cli_reactor_free (b->host.reactor);
  g_ptr_array_unref (b->host.buffers);
}

/* Until nothing is left to do. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Waits for the close_notify that follows the end of what the program says. */
static void
client_reads_end (Bench *b, RecordFixture *f)
{
  const guint8 alert[] = { 1, 0 };
  guint8 buffer[256];
  const guint8 *records = buffer;
  gssize n;
  gsize size;

  while ((n = read (b->client, buffer, sizeof buffer)) < 0)
    g_main_context_iteration (NULL, TRUE);
  size = (gsize) n;
  record_fixture_assert_record (f, &records, &size, RECORD_ALERT, alert, sizeof alert);
}

/* However long that takes. */
static void
assert_waits_for_program (Bench *b)
{
  settle ();
  cli_connection_check_time (b->connection, G_MAXINT64);
  settle ();
  g_assert_cmpuint (b->n_done, ==, 0);
}

/* Breaks if the time that a client had to close its side ends the connection while its program
 * still runs: when the program ends, there is nothing left to tell. */
static void
test_slow_program (RecordFixture *f, gconstpointer data)
{
  Bench b;

  bench_open (&b, f, "exec >&-; read -r line < \"$1\"");
  client_reads_end (&b, f);
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  g_assert_cmpint (write (b.client, f->records->data, f->records->len), ==, f->records->len);
  assert_waits_for_program (&b);
  bench_close (&b);
  g_assert_true (b.ok);
}

/* Breaks if a program that is being closed still answers whether it reads on. */
static void
test_question_pending (RecordFixture *f, gconstpointer data)
{
  Bench b;

  bench_open (&b, f, "exec >&-; read -r line < \"$1\"");
  client_reads_end (&b, f);
  /* Without a close_notify. */
  g_assert_cmpint (shutdown (b.client, SHUT_WR), ==, 0);
  assert_waits_for_program (&b);
  bench_close (&b);
  g_assert_true (b.ok);
}

/* Breaks if a client that makes a break loses what its program, which is still there, has said. */
static void
test_client_reads_late (RecordFixture *f, gconstpointer data)
{
  gint64 now = g_get_monotonic_time ();
  guint8 buffer[16 * 1024];
  int n_unread = 0;
  gssize n_read = 0;
  Bench b;
  guint i;

  bench_open (&b, f, ANSWER "read -r line < \"$1\"");
  while (n_unread < BUFFER_SIZE / 2)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (ioctl (b.client, FIONREAD, &n_unread), ==, 0);
    }
  for (i = 0; i < 1000; i++)
    {
      settle ();
      cli_connection_check_time (b.connection, now += MINUTE);
    }
  while (n_read < ANSWER_SIZE)
    {
      gssize n = read (b.client, buffer, sizeof buffer);

      if (n < 0)
        g_main_context_iteration (NULL, TRUE);
      n_read += MAX (n, 0);
    }
  record_fixture_seal (f, RECORD_ALERT, "\001\000", 2);
  g_assert_cmpint (write (b.client, f->records->data, f->records->len), ==, f->records->len);
  bench_close (&b);
  g_assert_true (b.ok);
}

/* Breaks if a client that reads nothing keeps its place for ever when its program has ended. */
static void
test_client_reads_nothing (RecordFixture *f, gconstpointer data)
{
  gint64 now = g_get_monotonic_time ();
  Bench b;

  bench_open (&b, f, ANSWER);
  while (b.n_done == 0)
    {
      g_main_context_iteration (NULL, FALSE);
      if (b.n_done == 0)
        cli_connection_check_time (b.connection, now += MINUTE / 2);
    }
  bench_close (&b);
  g_assert_false (b.ok);
}

int
main (int argc, char **argv)
{
  static const RecordTestConfig tls13 = { 0x0304, HANDOFF_NONCE_XOR, HANDOFF_ROLE_SERVER };

  g_test_init (&argc, &argv, NULL);
  record_fixture_add ("/cli/connection/slow-program", &tls13, test_slow_program);
  record_fixture_add ("/cli/connection/question-pending", &tls13, test_question_pending);
  record_fixture_add ("/cli/connection/client-reads-late", &tls13, test_client_reads_late);
  record_fixture_add ("/cli/connection/client-reads-nothing", &tls13, test_client_reads_nothing);
  return g_test_run ();
}
