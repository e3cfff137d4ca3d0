/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Whether "connect" knows an input that has ended from one that has not. */

#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "terminal/input-rest.h"

/* Milliseconds; no test takes that long. */
#define FOREVER 60000

static void
open_pair (gboolean is_socket, int fds[2])
{
  if (is_socket)
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  else
    g_assert_cmpint (pipe (fds), ==, 0);
}

typedef struct
{
  int fd;
  gboolean writes; /* something, before it ends */
} Writer;

static gpointer
writer_thread (gpointer data)
{
  Writer *writer = data;

  if (writer->writes)
    g_assert_cmpint (write (writer->fd, "more", 4), ==, 4);
  close (writer->fd);
  return NULL;
}

/* Breaks if what is there at the moment decides, and not the end: whether the writer comes before
 * or after the question must make no difference. */
static void
test_writer (gconstpointer is_socket)
{
  for (guint writes = 0; writes < 2; writes++)
    {
      int fds[2];
      Writer writer;
      GThread *thread;

      open_pair (GPOINTER_TO_INT (is_socket), fds);
      writer = (Writer){ fds[1], writes };
      thread = g_thread_new ("writer", writer_thread, &writer);
      g_assert_cmpint (cli_input_wait_for_end (fds[0], FOREVER), ==,
                       writes ? CLI_INPUT_LEFT : CLI_INPUT_ENDED);
      g_thread_join (thread);
      close (fds[0]);
    }
}

/* Breaks if an input that nobody ends passes for one that has ended, or is waited for without a
 * limit; or if a byte of it is taken away from whoever reads it next. */
static void
test_open (gconstpointer is_socket)
{
  int fds[2];
  char buffer[8];

  open_pair (GPOINTER_TO_INT (is_socket), fds);
  g_assert_cmpint (cli_input_wait_for_end (fds[0], 1), ==, CLI_INPUT_OPEN);
  g_assert_cmpint (write (fds[1], "left", 4), ==, 4);
  g_assert_cmpint (cli_input_wait_for_end (fds[0], FOREVER), ==, CLI_INPUT_LEFT);
  g_assert_cmpint (read (fds[0], buffer, sizeof buffer), ==, 4);
  close (fds[0]);
  close (fds[1]);
}

/* Breaks if a file is not known to have more, even if that is a multiple of 2^32 bytes. */
static void
test_file (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp (NULL, &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_cmpint (cli_input_wait_for_end (fd, FOREVER), ==, CLI_INPUT_ENDED);
  g_assert_cmpint (ftruncate (fd, G_GINT64_CONSTANT (1) << 32), ==, 0);
  g_assert_cmpint (cli_input_wait_for_end (fd, FOREVER), ==, CLI_INPUT_LEFT);
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), >, 0);
  g_assert_cmpint (cli_input_wait_for_end (fd, FOREVER), ==, CLI_INPUT_ENDED);
  close (fd);
}

/* Breaks if the end of a device that does not tell how much there is, is guessed. */
static void
test_device (void)
{
  int null_fd = open ("/dev/null", O_RDONLY);
  int zero_fd = open ("/dev/zero", O_RDONLY);

  g_assert_cmpint (cli_input_wait_for_end (null_fd, FOREVER), ==, CLI_INPUT_ENDED);
  g_assert_cmpint (cli_input_wait_for_end (zero_fd, FOREVER), ==, CLI_INPUT_LEFT);
  close (null_fd);
  close (zero_fd);
}

/* Breaks if a user has to type an end before the command ends; or if a line that was typed and not
 * sent is not missed. */
static void
test_terminal (void)
{
  int user = posix_openpt (O_RDWR | O_NOCTTY);
  int terminal;

  g_assert_cmpint (user, >=, 0);
  g_assert_cmpint (grantpt (user), ==, 0);
  g_assert_cmpint (unlockpt (user), ==, 0);
  terminal = open (ptsname (user), O_RDWR | O_NOCTTY);
  g_assert_cmpint (terminal, >=, 0);
  g_assert_cmpint (cli_input_wait_for_end (terminal, FOREVER), ==, CLI_INPUT_ENDED);
  g_assert_cmpint (write (user, "line\n", 5), ==, 5);
  /* The kernel carries it over in its own time; a terminal is not waited for. */
  while (cli_input_wait_for_end (terminal, 0) != CLI_INPUT_LEFT)
    g_thread_yield ();
  close (terminal);
  close (user);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/cli/input-rest/writer/pipe", GINT_TO_POINTER (FALSE), test_writer);
  g_test_add_data_func ("/cli/input-rest/writer/socket", GINT_TO_POINTER (TRUE), test_writer);
  g_test_add_data_func ("/cli/input-rest/open/pipe", GINT_TO_POINTER (FALSE), test_open);
  g_test_add_data_func ("/cli/input-rest/open/socket", GINT_TO_POINTER (TRUE), test_open);
  g_test_add_func ("/cli/input-rest/file", test_file);
  g_test_add_func ("/cli/input-rest/device", test_device);
  g_test_add_func ("/cli/input-rest/terminal", test_terminal);
  return g_test_run ();
}
