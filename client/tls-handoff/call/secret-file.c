/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "call/secret-file.h"

#include <string.h>
#include <unistd.h>

#include "keyblob/sealed-memfd.h"
#include "phrasebook/phrasebook.h"

int
handoff_secret_file_append (GUnixFDList *fds, GBytes *secret, GError **error)
{
  int fd = handoff_sealed_memfd_new (secret, error);
  int handle;

  if (fd < 0)
    {
      handoff_phrasebook_translate_returned (error);
      return -1;
    }

  /* The service reads from the descriptor's position. */
  lseek (fd, 0, SEEK_SET);
  handle = g_unix_fd_list_append (fds, fd, error);
  close (fd);
  return handle;
}

int
handoff_secret_file_append_string (GUnixFDList *fds, const char *secret, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (secret, strlen (secret));

  return handoff_secret_file_append (fds, bytes, error);
}
