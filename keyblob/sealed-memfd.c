/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "sealed-memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls-handoff-error.h"

/* Newer than the C library's headers. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

static const struct
{
  int seal;
  gboolean required;
  const char *name;
} seals[] = {
  { F_SEAL_SEAL, TRUE, "seal" },
  { F_SEAL_SHRINK, TRUE, "shrink" },
  { F_SEAL_GROW, TRUE, "grow" },
  { F_SEAL_WRITE, TRUE, "write" },
  /* Its absence changes nothing: we only read. */
  { F_SEAL_EXEC, FALSE, "exec" },
};

static int
required_seals (void)
{
  int result = 0;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (seals); i++)
    result |= seals[i].required ? seals[i].seal : 0;

  return result;
}

static gboolean
set_system_error (GError **error, const char *what, int saved_errno)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s: %s", what,
               g_strerror (saved_errno));
  return FALSE;
}

static int
create (void)
{
  int fd;

  fd = memfd_create ("tls-handoff", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  /* Linux before 6.3 */
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create ("tls-handoff", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  return fd;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size, GError **error)
{
  gsize done = 0;
  gssize n;

  while (done < size)
    {
      n = pwrite (fd, data + done, size - done, (off_t) done);
      if (n > 0)
        done += (gsize) n;
      else if (n == 0 || errno != EINTR)
        return set_system_error (error, "Cannot write to a memory file", n == 0 ? ENOSPC : errno);
    }

  return TRUE;
}

/**
 * handoff_sealed_memfd_new:
 * @content: what the file is to hold
 * @error: return location for an error
 *
 * Makes a memory file that holds @content and that nobody, its maker included, can change or
 * resize any more. Closes on exec.
 *
 * Returns: (transfer full): the descriptor, or -1 with %TLS_HANDOFF_ERROR_FAILED
 */
int
handoff_sealed_memfd_new (GBytes *content, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (content, &size);
  int fd;

  fd = create ();
  if (fd < 0)
    {
      set_system_error (error, "Cannot create a memory file", errno);
      return -1;
    }

  if (!write_all (fd, data, size, error))
    {
      close (fd);
      return -1;
    }

  if (fcntl (fd, F_ADD_SEALS, required_seals ()) != 0)
    {
      set_system_error (error, "Cannot seal a memory file", errno);
      close (fd);
      return -1;
    }

  return fd;
}

static gboolean
check_seals (int fd, GError **error)
{
  int present = fcntl (fd, F_GET_SEALS);
  gsize i;

  if (present < 0)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key blob's descriptor is not a memory file: %s", g_strerror (errno));
      return FALSE;
    }

  for (i = 0; i < G_N_ELEMENTS (seals); i++)
    {
      if (seals[i].required && (present & seals[i].seal) == 0)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                       "The key blob's memory file lacks the seal “%s”: others could change it",
                       seals[i].name);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
check_size (int fd, gsize min_size, gsize max_size, gsize *size, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return set_system_error (error, "Cannot examine the key blob's memory file", errno);

  if (status.st_size < 0 || (guint64) status.st_size < min_size ||
      (guint64) status.st_size > max_size)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                   "The key blob's size is %" G_GINT64_FORMAT ", it must be %" G_GSIZE_FORMAT
                   " to %" G_GSIZE_FORMAT,
                   (gint64) status.st_size, min_size, max_size);
      return FALSE;
    }

  *size = (gsize) status.st_size;
  return TRUE;
}

/**
 * handoff_sealed_memfd_read:
 * @fd: a descriptor, which stays open; its file offset is neither used nor moved
 * @min_size: the least number of bytes to accept
 * @max_size: the most bytes to accept
 * @error: return location for an error
 *
 * Reads a sealed memory file whole. Before it reads, it checks that @fd is one, that it carries
 * all four seals, and its size: without the seals, what was checked could change after the check.
 *
 * Returns: (transfer full): the content, or %NULL with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID
 */
GBytes *
handoff_sealed_memfd_read (int fd, gsize min_size, gsize max_size, GError **error)
{
  g_autofree guint8 *data = NULL;
  gsize size = 0;
  gsize done = 0;
  gssize n;

  if (!check_seals (fd, error) || !check_size (fd, min_size, max_size, &size, error))
    return NULL;

  data = g_malloc (size);
  while (done < size)
    {
      n = pread (fd, data + done, size - done, (off_t) done);
      if (n > 0)
        done += (gsize) n;
      else if (n == 0 || errno != EINTR)
        {
          g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                       "Cannot read the key blob's memory file: %s",
                       n == 0 ? "it ends early" : g_strerror (errno));
          return NULL;
        }
    }

  return g_bytes_new_take (g_steal_pointer (&data), size);
}

/**
 * handoff_sealed_memfd_describe_seals:
 * @fd: a descriptor
 *
 * Returns: (transfer full): the names of the seals that @fd has, for people: "seal shrink grow
 *   write", and "exec" where the kernel has that; "none" if there are none or @fd is no memory file
 */
char *
handoff_sealed_memfd_describe_seals (int fd)
{
  GString *text = g_string_sized_new (64);
  int present = fcntl (fd, F_GET_SEALS);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (seals); i++)
    {
      if (present > 0 && (present & seals[i].seal) != 0)
        g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", seals[i].name);
    }

  if (text->len == 0)
    g_string_append (text, "none");

  return g_string_free (text, FALSE);
}
