/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "report.h"
#include "verbs.h"

/* A standard descriptor that is closed would be given to the first socket or file that is opened,
 * and "connect" would mix it up with the user's data. */
static void
open_standard_descriptors (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

int
main (int argc, char **argv)
{
  CliExitStatus status;

  open_standard_descriptors ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("tls-handoff");

  status = cli_run (argv);
  if ((fflush (stdout) != 0 || ferror (stdout)) && status == CLI_EXIT_OK)
    {
      cli_report (_ ("Cannot write to the standard output"));
      return CLI_EXIT_FAILED;
    }
  return status;
}
