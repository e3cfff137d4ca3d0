/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include <string.h>

#include "test-way.h"

/* What only the bus has, by the paths of cases, or of the groups that they are in. On a channel
 * they are not run. */
static const struct
{
  const char *path;
  const char *reason;
} bus_only[] = {
  { "/authorization/administration", "GetStatistics and Reload are called on the bus" },
  { "/authorization/polkit-hangs", "GetStatistics is called on the bus" },
  { "/bad-input/no-key", "on a channel, no key stands for the channel's" },
  { "/callers/sessions-of-others", "listings and properties of objects are the bus's" },
  { "/credential-authorization/manage/any", "credentials are managed on the bus" },
  { "/credential-authorization/manage/other-methods", "credentials are managed on the bus" },
  { "/credential-authorization/manage/own", "credentials are managed on the bus" },
  { "/credential-authorization/manage/without-rules", "credentials are managed on the bus" },
  { "/credential-races/same-label", "credentials are managed on the bus" },
  { "/credential-races/set-and-remove", "credentials are managed on the bus" },
  { "/credential-races/set-and-set", "credentials are managed on the bus" },
  { "/credential-races/vanish/generate", "credentials are managed on the bus" },
  { "/credential-races/vanish/import", "credentials are managed on the bus" },
  { "/lifecycle/broken-from-the-start", "no channel opens while the configuration is wrong" },
  { "/lifecycle/name-is-reserved", "this is about the bus's name" },
  { "/lifecycle/second-instance", "this is about the bus's name" },
  { "/stepwise/outlive-caller/limit", "a session ends with its channel" },
  { "/stepwise/outlive-caller/steps", "a session ends with its channel" },
};

const char *
test_way_get_bus_only (gsize i)
{
  return i < G_N_ELEMENTS (bus_only) ? bus_only[i].path : NULL;
}

/* Returns what is left out, for the log. argv: (inout) (transfer none): gets more arguments */
static char *
leave_out (int *argc, char ***argv)
{
  GString *told = g_string_new (NULL);
  static GPtrArray *all; /* for the rest of the process, as main()'s own are */
  const char *program;
  gsize i;

  all = g_ptr_array_new ();
  /* "integration-stepwise": its cases begin with "/stepwise/". */
  program = strrchr ((*argv)[0], '/');
  program = program != NULL ? program + 1 : (*argv)[0];
  if (g_str_has_prefix (program, "integration-"))
    program += strlen ("integration-");
  for (i = 0; i < (gsize) *argc; i++)
    g_ptr_array_add (all, (*argv)[i]);
  for (i = 0; i < G_N_ELEMENTS (bus_only); i++)
    {
      const char *rest = bus_only[i].path + 1;

      if (!g_str_has_prefix (rest, program) || rest[strlen (program)] != '/')
        continue;
      g_string_append_printf (told, "# on the bus only: %s: %s\n", bus_only[i].path,
                              bus_only[i].reason);
      g_ptr_array_add (all, (char *) "-s");
      g_ptr_array_add (all, (char *) bus_only[i].path);
    }
  *argc = (int) all->len;
  g_ptr_array_add (all, NULL);
  *argv = (char **) all->pdata;
  return g_string_free (told, FALSE);
}

void
test_way_init (int *argc, char ***argv)
{
  g_autofree char *told = test_way_is_channel () ? leave_out (argc, argv) : NULL;

  g_test_init (argc, argv, NULL);
  /* Not before: the first line is TAP's version, which g_test_init() prints. */
  if (told != NULL)
    g_print ("%s", told);
}
