/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/library-text.h"

#include <libintl.h>

const char *
handoff_library_text (const char *text)
{
  static gsize is_bound;

  if (g_once_init_enter (&is_bound))
    {
      bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
      bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
      g_once_init_leave (&is_bound, 1);
    }
  return g_dgettext (GETTEXT_PACKAGE, text);
}
