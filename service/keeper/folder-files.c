/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "keeper/folder-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_FILE_SIZE (1024 * 1024)

static gboolean
fail_errno (GError **error, const char *what, const char *name)
{
  int code = errno;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "Cannot %s %s: %s", what, name,
               g_strerror (code));
  return FALSE;
}

int
handoff_folder_open (int directory, const char *name, GError **error)
{
  int fd = openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    fail_errno (error, "open", name);
  return fd;
}

gboolean
handoff_folder_make (int directory, const char *name, GError **error)
{
  return mkdirat (directory, name, 0700) == 0 || fail_errno (error, "make the folder", name);
}

gboolean
handoff_folder_sync (int folder, const char *name, GError **error)
{
  return fsync (folder) == 0 || fail_errno (error, "write", name);
}

GStrv
handoff_folder_list (int directory, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  int fd = openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  const struct dirent *entry;

  if (dir == NULL)
    {
      fail_errno (error, "read", "the credentials' directory");
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  while ((entry = readdir (dir)) != NULL)
    {
      if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
        g_ptr_array_add (names, g_strdup (entry->d_name));
    }
  closedir (dir);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

void
handoff_folder_clean (int directory, const char *name)
{
  int folder = openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  g_auto (GStrv) files = folder >= 0 ? handoff_folder_list (folder, NULL) : NULL;
  guint i;

  for (i = 0; files != NULL && files[i] != NULL; i++)
    unlinkat (folder, files[i], 0);
  if (folder >= 0)
    close (folder);
  if (unlinkat (directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
    g_warning ("Cannot remove %s, which is left over: %s", name, g_strerror (errno));
}

static gboolean
write_all (int fd, GBytes *content)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (content, &size);
  gssize n;

  for (; size > 0; data += n, size -= (gsize) n)
    {
      n = write (fd, data, size);
      if (n < 0 && errno == EINTR)
        n = 0;
      else if (n < 0)
        return FALSE;
    }
  return TRUE;
}

gboolean
handoff_file_write (int folder, const char *name, GBytes *content, GError **error)
{
  int fd = openat (folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean success = fd >= 0 && write_all (fd, content) && fsync (fd) == 0;

  if (!success)
    fail_errno (error, "write", name);
  if (fd >= 0 && close (fd) != 0 && success)
    success = fail_errno (error, "write", name);
  return success;
}

gboolean
handoff_file_replace (int folder, const char *name, GBytes *content, GError **error)
{
  g_autofree char *new_name = g_strconcat (HANDOFF_NEW_PREFIX, name, NULL);

  unlinkat (folder, new_name, 0);
  if (handoff_file_write (folder, new_name, content, error))
    {
      if (renameat (folder, new_name, folder, name) == 0)
        return handoff_folder_sync (folder, name, error);
      fail_errno (error, "replace", name);
    }
  unlinkat (folder, new_name, 0);
  return FALSE;
}

gboolean
handoff_file_remove (int folder, const char *name, GError **error)
{
  return unlinkat (folder, name, 0) == 0 || errno == ENOENT || fail_errno (error, "remove", name);
}

static GBytes *
damaged (GError **error, const char *name, const char *what)
{
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED, "%s: %s", name, what);
  return NULL;
}

GBytes *
handoff_file_read (int folder, const char *name, gboolean is_optional, GError **error)
{
  int fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  guint8 *data;
  gsize size = 0;
  gssize n;
  int code;

  if (fd < 0 && errno == ENOENT && is_optional)
    return NULL;
  if (fd < 0)
    return damaged (error, name, g_strerror (errno));
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size < 1 ||
      status.st_size > MAX_FILE_SIZE)
    {
      close (fd);
      return damaged (error, name, "is no file of 1 byte to 1 MiB, or cannot be read");
    }
  data = handoff_secret_new ((gsize) status.st_size, HANDOFF_SECRET_DEFAULT);
  while ((n = read (fd, data + size, (gsize) status.st_size - size)) > 0)
    size += (gsize) n;
  code = errno;
  close (fd);
  if (n == 0)
    return g_bytes_new_with_free_func (data, size, handoff_secret_free, data);
  handoff_secret_free (data);
  return damaged (error, name, g_strerror (code));
}
