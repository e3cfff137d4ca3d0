/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "output.h"
#include "verbs.h"

int
main (int argc, char **argv)
{
  cli_output_open ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("tls-handoff");

  return cli_output_finish (cli_run (argv));
}
