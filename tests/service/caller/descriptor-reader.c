/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What callers pass as a descriptor: files, pipes, and what they should not. */

#include "config.h"

#include "caller/descriptor-reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"
#include "support/test-clock.h"
#include "work/descriptor-reaper.h"

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
read_fd (int fd, gsize maximum_size)
{
  GAsyncResult *result = NULL;

  handoff_descriptor_read_async (fd, getuid (), "data", maximum_size, NULL, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return result;
}

static int
memfd_new (const char *content)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  g_assert_cmpint (write (fd, content, strlen (content)), ==, (gssize) strlen (content));
  lseek (fd, 0, SEEK_SET);
  return fd;
}

/* The reaper closes it, soon. */
static void
assert_gets_closed (int fd)
{
  while (fcntl (fd, F_GETFD) >= 0)
    g_thread_yield ();
}

/* Breaks if a kind of descriptor that scripts pass cannot be read, or stays open. */
static void
test_kinds (void)
{
  int fds[3];
  int ends[2];

  fds[0] = memfd_new ("hello");
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (ends[1], "hello", 5), ==, 5);
  close (ends[1]);
  fds[1] = ends[0];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (write (ends[1], "hello", 5), ==, 5);
  close (ends[1]);
  fds[2] = ends[0];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GAsyncResult) result = read_fd (fds[i], 5);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = handoff_descriptor_read_finish (result, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "hello", 5);
      g_clear_pointer (&bytes, g_bytes_unref);
      g_clear_object (&result);
      assert_gets_closed (fds[i]);
    }
}

/* Breaks if a passphrase from a file keeps the line feed that editors add, or if an empty
 * passphrase is refused: some files have one. */
static void
test_line (void)
{
  static const char *const cases[][2] = {
    { "secret\n", "secret" },
    { "secret\r\n", "secret" },
    { "secret", "secret" },
    { "two\nlines\n", "two\nlines" },
    { " x \n", " x " },
    { "\n", "" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GAsyncResult) result = read_fd (memfd_new (cases[i][0]), 100);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = handoff_descriptor_read_line_finish (result, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), cases[i][1],
                       strlen (cases[i][1]));
    }
}

/* Breaks if a descriptor is accepted that cannot be read, or has too much. */
static void
test_refused (void)
{
  const int fds[] = { memfd_new ("too much"), open ("/", O_RDONLY | O_CLOEXEC),
                      open ("/dev/null", O_WRONLY | O_CLOEXEC),
                      open ("/dev/zero", O_RDONLY | O_CLOEXEC) };

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GAsyncResult) result = read_fd (fds[i], 7);
      g_autoptr (GError) error = NULL;

      g_assert_null (handoff_descriptor_read_finish (result, &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_prefix (error->message, "data: "));
    }
}

/* A pipe whose end does not come. Breaks if it blocks this thread; if cancelling does not end the
 * reading, or ends it while the other thread still has the pipe. */
static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  handoff_descriptor_read_async (ends[0], getuid (), "data", 100, cancellable, store_result,
                                 &result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (handoff_descriptor_read_finish (result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_CANCELLED);
  assert_gets_closed (ends[0]);
  close (ends[1]);
}

/* Whether the thread that reads waits, as the kernel has it (proc(5)). */
static gboolean
is_reader_asleep (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "stat", NULL);
      g_autofree char *stat = NULL;

      if (g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, "(descriptor) S ") != NULL)
        return TRUE;
    }
  return FALSE;
}

/* The thread has read what is in the pipe, and waits for more: from its deadline on, it would not
 * wait any more. */
static void
wait_until_read (int pipe)
{
  int n = 1;

  do
    g_assert_cmpint (ioctl (pipe, FIONREAD, &n), ==, 0);
  while (n > 0 || !is_reader_asleep ());
}

/* A pipe whose end does not come. Breaks if the service waits for it too long, or not long enough.
 */
static void
test_deadline (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  /* The pipe of the test before would count as one that cannot be closed for so long. */
  while (handoff_descriptor_reaper_is_busy ())
    g_thread_yield ();
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (ends[1], "x", 1), ==, 1);
  handoff_descriptor_read_async (ends[0], getuid (), "data", 100, NULL, store_result, &result);
  wait_until_read (ends[1]);
  test_clock_pass (32 * TEST_SECOND - 1);
  test_clock_set_wall (TEST_YEAR);
  test_clock_settle ();
  g_assert_null (result);
  test_clock_pass (1);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (handoff_descriptor_read_finish (result, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_TIMED_OUT);
  close (ends[1]);
  assert_gets_closed (ends[0]);
}

/* Breaks if a user whose files do not answer gets a thread for each, or takes the thread of
 * another user; or if ended threads still count. */
static void
test_threads (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) last = NULL;
  g_autoptr (GAsyncResult) other = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *results[4] = { NULL };
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    handoff_descriptor_read_async (dup (ends[0]), 1, "data", 100, cancellable, store_result,
                                   &results[i]);
  handoff_descriptor_read_async (dup (ends[0]), 1, "data", 100, NULL, store_result, &last);
  handoff_descriptor_read_async (memfd_new ("x"), 2, "data", 100, NULL, store_result, &other);
  while (last == NULL || other == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (handoff_descriptor_read_finish (last, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_LIMIT_REACHED);
  g_bytes_unref (handoff_descriptor_read_finish (other, NULL));

  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      while (results[i] == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_object_unref (results[i]);
    }
  close (ends[0]);
  close (ends[1]);
  g_clear_object (&last);
  handoff_descriptor_read_async (memfd_new ("x"), 1, "data", 100, NULL, store_result, &last);
  while (last == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_bytes_unref (handoff_descriptor_read_finish (last, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_clock_install ();
  g_test_add_func ("/service/descriptor-reader/kinds", test_kinds);
  g_test_add_func ("/service/descriptor-reader/line", test_line);
  g_test_add_func ("/service/descriptor-reader/refused", test_refused);
  g_test_add_func ("/service/descriptor-reader/cancel", test_cancel);
  g_test_add_func ("/service/descriptor-reader/deadline", test_deadline);
  g_test_add_func ("/service/descriptor-reader/threads", test_threads);
  return g_test_run ();
}
