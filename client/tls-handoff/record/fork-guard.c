/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/fork-guard.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keyblob/tls-handoff-error.h"

gboolean
handoff_fork_guard_init (HandoffForkGuard *self, GError **error)
{
  gpointer page = mmap (NULL, (gsize) sysconf (_SC_PAGESIZE), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (page == MAP_FAILED)
    {
      g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                   "Cannot map memory to share with forked processes: %s", g_strerror (errno));
      return FALSE;
    }

  self->shared = page;
  self->mine = 0;
  return TRUE;
}

void
handoff_fork_guard_clear (HandoffForkGuard *self)
{
  if (self->shared != NULL)
    munmap (self->shared, (gsize) sysconf (_SC_PAGESIZE));
  self->shared = NULL;
}
