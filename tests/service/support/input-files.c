/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/input-files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/credential-fixture.h"

int
test_input_new (GBytes *bytes)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}

GBytes *
test_text_new (const char *first, const char *second)
{
  g_autoptr (GBytes) a = test_file_new (first);
  g_autoptr (GBytes) b = test_file_new (second);
  GByteArray *text = g_byte_array_new ();

  g_byte_array_append (text, g_bytes_get_data (a, NULL), (guint) g_bytes_get_size (a));
  g_byte_array_append (text, g_bytes_get_data (b, NULL), (guint) g_bytes_get_size (b));
  return g_byte_array_free_to_bytes (text);
}

int
test_endless_new (int *other)
{
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  *other = fds[1];
  return fds[0];
}
