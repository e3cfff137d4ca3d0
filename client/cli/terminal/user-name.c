/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/user-name.h"

#include <pwd.h>

/**
 * cli_user_name_dup:
 *
 * Returns: (transfer full): the name of a user, or the number if there is none
 */
char *
cli_user_name_dup (guint uid)
{
  const struct passwd *entry = getpwuid (uid);

  return entry != NULL ? g_strdup (entry->pw_name) : g_strdup_printf ("%u", uid);
}
