/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The program tls-handoff-keeper: has the private keys that are in files. Its argument is the
 * directory of all credentials. */

#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keeper/key-keeper.h"
#include "key/gnutls-support.h"
#include "keyblob/tls-handoff-error.h"
#include "lock-up/path-limits.h"
#include "program/program.h"
#include "wiping-allocator.h"

typedef struct
{
  int parent; /* the folder that the directory is in; -1: it cannot be opened */
  const char *path;
} State;

/* Nothing but what is in this folder can be opened later, where the kernel can do that. */
static void
limit_paths (const char *path)
{
  const char *const paths[] = { path, NULL };
  g_autoptr (GError) error = NULL;

  if (!handoff_path_limits_apply (NULL, paths, NULL, &error))
    g_debug ("%s", error->message);
}

static gboolean
prepare (char **arguments, HandoffLockUpNeeds *needs, gpointer *state, GError **error)
{
  static State opened;
  g_autofree char *parent = NULL;

  if (!handoff_wiping_allocator_is_used ())
    handoff_gnutls_wipe_freed_memory ();
  if (arguments[0] == NULL || arguments[1] != NULL || !g_path_is_absolute (arguments[0]))
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
                           "The argument has to be a directory, from the root on");
      return FALSE;
    }
  parent = g_path_get_dirname (arguments[0]);
  opened.path = arguments[0];
  opened.parent = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened.parent >= 0)
    limit_paths (parent);
  *needs = HANDOFF_LOCK_UP_FILES;
  *state = &opened;
  return TRUE;
}

/* The broker is gone: a change of files that is under way may be cut off at any point
 * (keeper/kept-folder.h), and nobody needs the keys. */
static void
end (gpointer user_data)
{
  fflush (NULL);
  _exit (EXIT_SUCCESS);
}

static int
run (int socket, gpointer state)
{
  const State *opened = state;
  HandoffKeyKeeper *keeper =
      handoff_key_keeper_new (socket, opened->parent, opened->path, end, NULL);

  while (keeper != NULL)
    g_main_context_iteration (NULL, TRUE);
  return EXIT_FAILURE;
}

static const HandoffProgramMain program = { "tls-handoff-keeper", prepare, run };

int
main (int argc, char *argv[])
{
  return handoff_program_main (argc, argv, &program);
}
