/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <sys/prctl.h>

#include "terminal/output.h"
#include "verb/command-line.h"

/* Keys of connections, passphrases and PINs are in this process's memory: they must not get into a
 * core dump, and no other program of the user may read them. The limit for core dumps stays as it
 * is: the programs that "serve" starts would inherit another one. */
static void
keep_memory_to_ourselves (void)
{
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    g_debug ("This process may leave a core dump");
}

int
main (int argc, char **argv)
{
  keep_memory_to_ourselves ();
  cli_output_open ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("tls-handoff");

  return cli_output_finish (cli_run (argv));
}
