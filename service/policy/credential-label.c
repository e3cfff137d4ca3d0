/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "policy/credential-label.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

gboolean
handoff_credential_label_check (const char *label, GError **error)
{
  const char *what = NULL;
  const char *p;

  if (!g_utf8_validate (label, -1, NULL))
    what = "is not UTF-8";
  else if (*label == '\0')
    what = "is empty";
  else if (g_utf8_strlen (label, -1) > HANDOFF_LABEL_MAX_LENGTH)
    what = "is longer than " G_STRINGIFY (HANDOFF_LABEL_MAX_LENGTH) " characters";
  else if (g_unichar_isspace (g_utf8_get_char (label)) ||
           g_unichar_isspace (
               g_utf8_get_char (g_utf8_find_prev_char (label, label + strlen (label)))))
    what = "begins or ends with white space";
  for (p = label; what == NULL && *p != '\0'; p = g_utf8_next_char (p))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        what = "has a control character";
      else if (*p == '/')
        what = "has a slash";
    }
  if (what == NULL)
    return TRUE;
  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT, "label: %s", what);
  return FALSE;
}
