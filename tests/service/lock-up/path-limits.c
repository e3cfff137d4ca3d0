/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lock-up/path-limits.h"

/* What open() says: 0 if it opens. */
static int
try_open (const char *folder, const char *name, int flags)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  const int fd = open (path, flags | O_CLOEXEC, 0600);

  if (fd < 0)
    return errno;
  close (fd);
  return 0;
}

static const char *const folders[] = { "read", "write", "none" };

static void
limit (const char *top)
{
  g_autofree char *read_folder = g_build_filename (top, "read", NULL);
  g_autofree char *write_folder = g_build_filename (top, "write", NULL);
  const char *const to_read[] = { read_folder, NULL };
  const char *const to_write[] = { write_folder, NULL };
  const char *const devices[] = { "/dev/null", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (handoff_path_limits_apply (to_read, to_write, devices, &error))
    return;
  g_assert_nonnull (strstr (error->message, "Landlock"));
  g_printerr ("skipped: %s\n", error->message);
  _exit (EXIT_SUCCESS);
}

/* Limits cannot be taken back: the test goes on in a process of its own. */
static void
test_limited (const char *top)
{
  limit (top);
  g_assert_cmpint (try_open (top, "read/file", O_RDONLY), ==, 0);
  g_assert_cmpint (try_open (top, "read/file", O_WRONLY), ==, EACCES);
  g_assert_cmpint (try_open (top, "read/new", O_WRONLY | O_CREAT), ==, EACCES);
  g_assert_cmpint (try_open (top, "write/file", O_RDWR | O_TRUNC), ==, 0);
  g_assert_cmpint (try_open (top, "write/new", O_WRONLY | O_CREAT), ==, 0);
  g_assert_cmpint (try_open (top, "none/file", O_RDONLY), ==, EACCES);
  g_assert_cmpint (try_open ("/dev", "null", O_RDWR), ==, 0);
  g_assert_cmpint (try_open ("/dev", "zero", O_RDONLY), ==, EACCES);
  g_assert_cmpint (try_open ("/etc", "passwd", O_RDONLY), ==, EACCES);
}

/* Breaks if a process opens what it was not allowed, in that way, or cannot open what it was. */
static void
test_paths (void)
{
  g_autofree char *top = NULL;
  g_autofree char *command = NULL;
  gsize i;

  if (g_test_subprocess ())
    {
      test_limited (g_getenv ("PATH_LIMITS_TOP"));
      /* What a sanitizer looks at when a program ends is not allowed any more. */
      _exit (EXIT_SUCCESS);
    }
  top = g_dir_make_tmp ("path-limits-XXXXXX", NULL);
  for (i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (top, folders[i], NULL);
      g_autofree char *file = g_build_filename (folder, "file", NULL);

      g_assert_no_errno (g_mkdir (folder, 0700));
      g_assert_true (g_file_set_contents (file, "text", -1, NULL));
    }
  g_setenv ("PATH_LIMITS_TOP", top, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  command = g_strconcat ("rm -r ", top, NULL);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/path-limits/paths", test_paths);
  return g_test_run ();
}
