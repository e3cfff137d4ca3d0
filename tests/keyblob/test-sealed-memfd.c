/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "sealed-memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls-handoff-error.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int
new_sealed (const char *content)
{
  g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));
  g_autoptr (GError) error = NULL;
  int fd;

  fd = handoff_sealed_memfd_new (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);

  return fd;
}

static void
assert_refused (int fd, gsize min_size, gsize max_size, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (handoff_sealed_memfd_read (fd, min_size, max_size, &error));
  g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("The message “%s” does not match “%s”", error->message, pattern);
}

/* What comes out is not what went in, or the reader depends on or moves the shared file offset. */
static void
test_round_trip (void)
{
  g_autoptr (GBytes) content = NULL;
  g_autoptr (GError) error = NULL;
  int fd = new_sealed ("content");

  g_assert_cmpint (lseek (fd, 3, SEEK_SET), ==, 3);
  content = handoff_sealed_memfd_read (fd, 7, 7, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), "content", 7);
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 3);
  close (fd);
}

/* Somebody can still change it, execute it, or a child program inherits it. */
static void
test_sealed (void)
{
  g_autofree char *seals = NULL;
  struct stat status;
  int fd = new_sealed ("content");

  g_assert_cmpint (fcntl (fd, F_GET_SEALS) & ALL_SEALS, ==, ALL_SEALS);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  g_assert_cmpint (ftruncate (fd, 3), ==, -1);
  g_assert_cmpint (ftruncate (fd, 30), ==, -1);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), ==, -1);
  g_assert_true (mmap (NULL, 7, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);

  seals = handoff_sealed_memfd_describe_seals (fd);
  g_assert_true (g_str_has_prefix (seals, "seal shrink grow write"));
  if (g_str_has_suffix (seals, " exec"))
    {
      g_assert_cmpint (fstat (fd, &status), ==, 0);
      g_assert_cmpint (status.st_mode & 0111, ==, 0);
    }
  close (fd);
}

/* A memory file that somebody can still change is read. */
static void
test_missing_seal (void)
{
  static const struct
  {
    int seal;
    const char *pattern;
    const char *description;
  } cases[] = {
    { F_SEAL_SEAL, "*lacks the seal “seal”*", "shrink grow write" },
    { F_SEAL_SHRINK, "*lacks the seal “shrink”*", "seal grow write" },
    { F_SEAL_GROW, "*lacks the seal “grow”*", "seal shrink write" },
    { F_SEAL_WRITE, "*lacks the seal “write”*", "seal shrink grow" },
    { ALL_SEALS, "*lacks the seal “seal”*", "none" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *description = NULL;
      int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

      g_assert_cmpint (write (fd, "content", 7), ==, 7);
      g_assert_cmpint (fcntl (fd, F_ADD_SEALS, ALL_SEALS & ~cases[i].seal), ==, 0);
      assert_refused (fd, 1, 100, cases[i].pattern);
      description = handoff_sealed_memfd_describe_seals (fd);
      g_assert_cmpstr (description, ==, cases[i].description);
      close (fd);
    }
}

/* F_SEAL_FUTURE_WRITE leaves the mappings that exist writable. */
static void
test_future_write (void)
{
  int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (write (fd, "content", 7), ==, 7);
  g_assert_cmpint (
      fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE), ==,
      0);
  assert_refused (fd, 1, 100, "*lacks the seal “write”*");
  close (fd);
}

/* The size is checked after memory was allocated for it, or not at all. */
static void
test_size (void)
{
  int fd = new_sealed ("content");

  assert_refused (fd, 8, 100, "*size is 7, it must be 8 to 100");
  assert_refused (fd, 1, 6, "*size is 7, it must be 1 to 6");
  close (fd);

  /* A petabyte of holes */
  fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  g_assert_cmpint (ftruncate (fd, (off_t) 1 << 50), ==, 0);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, ALL_SEALS), ==, 0);
  assert_refused (fd, 1, 65536, "*size is 1125899906842624, it must be *");
  close (fd);
}

/* Something else than a memory file is read, hangs the reader, or crashes it. */
static void
test_other_descriptors (void)
{
  g_autofree char *path = NULL;
  g_autofree char *none = NULL;
  g_autofree char *reopened_path = NULL;
  int fds[2];
  int fd;

  fd = g_file_open_tmp ("sealed-memfd-XXXXXX", &path, NULL);
  g_assert_cmpint (write (fd, "content", 7), ==, 7);
  assert_refused (fd, 1, 100, "The key blob's *");
  close (fd);
  g_unlink (path);

  g_assert_cmpint (pipe (fds), ==, 0);
  assert_refused (fds[0], 1, 100, "*is not a memory file*");
  assert_refused (fds[1], 1, 100, "*is not a memory file*");
  none = handoff_sealed_memfd_describe_seals (fds[0]);
  g_assert_cmpstr (none, ==, "none");
  close (fds[0]);
  close (fds[1]);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  assert_refused (fds[0], 1, 100, "*is not a memory file*");
  close (fds[0]);
  close (fds[1]);

  fd = open ("/dev/zero", O_RDONLY);
  assert_refused (fd, 1, 100, "The key blob's *");
  close (fd);

  assert_refused (-1, 1, 100, "*is not a memory file*");

  /* Sealed, but not open for reading */
  fd = new_sealed ("content");
  reopened_path = g_strdup_printf ("/proc/self/fd/%d", fd);
  fds[0] = open (reopened_path, O_PATH);
  g_assert_cmpint (fds[0], >=, 0);
  assert_refused (fds[0], 1, 100, "The key blob's *");
  close (fds[0]);
  close (fd);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyblob/sealed-memfd/round-trip", test_round_trip);
  g_test_add_func ("/keyblob/sealed-memfd/sealed", test_sealed);
  g_test_add_func ("/keyblob/sealed-memfd/missing-seal", test_missing_seal);
  g_test_add_func ("/keyblob/sealed-memfd/future-write", test_future_write);
  g_test_add_func ("/keyblob/sealed-memfd/size", test_size);
  g_test_add_func ("/keyblob/sealed-memfd/other-descriptors", test_other_descriptors);
  return g_test_run ();
}
