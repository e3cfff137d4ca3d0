/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "lock-up/path-limits.h"
#include "program/program.h"
#include "token/token-helper.h"

static HandoffLockUpNeeds
find_needs (const HandoffTokenModule *module)
{
  HandoffLockUpNeeds needs = HANDOFF_LOCK_UP_MODULES;

  if (module->read_files[0] != NULL || module->write_files[0] != NULL || module->devices[0] != NULL)
    needs |= HANDOFF_LOCK_UP_FILES;
  if (module->devices[0] != NULL)
    needs |= HANDOFF_LOCK_UP_DEVICES;
  if (module->unix_sockets)
    needs |= HANDOFF_LOCK_UP_UNIX_SOCKETS;
  if (module->network)
    needs |= HANDOFF_LOCK_UP_NETWORK;
  return needs;
}

/* arguments: of handoff_token_module_to_arguments(). state: (transfer full): the module */
static gboolean
prepare (char **arguments, HandoffLockUpNeeds *needs, gpointer *state, GError **error)
{
  g_autoptr (HandoffTokenModule) module =
      handoff_token_module_from_arguments ((const char *const *) arguments, error);
  g_autoptr (GError) limits_error = NULL;

  if (module == NULL || !handoff_token_helper_load (module, error))
    return FALSE;
  *needs = find_needs (module);
  if (!handoff_path_limits_apply ((const char *const *) module->read_files,
                                  (const char *const *) module->write_files,
                                  (const char *const *) module->devices, &limits_error) &&
      (*needs & HANDOFF_LOCK_UP_FILES) != 0)
    g_warning ("The module %s may open all files that the service's user may, since it may open "
               "some: %s",
               module->path, limits_error->message);
  *state = g_steal_pointer (&module);
  return TRUE;
}

static int
run (int socket, gpointer state)
{
  handoff_token_helper_run (socket);
}

int
main (int argc, char *argv[])
{
  static const HandoffProgramMain program = { "tls-handoff-token", prepare, run };

  return handoff_program_main (argc, argv, &program);
}
