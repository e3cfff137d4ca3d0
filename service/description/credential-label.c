/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "description/credential-label.h"

#include <string.h>

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_PATH_LENGTH 255 /* far more than any object's */

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

gboolean
handoff_credential_name_check (const char *option, const char *name, GError **error)
{
  /* Everything with a slash is a path: no label has one. */
  if (strchr (name, '/') == NULL)
    {
      if (handoff_credential_label_check (name, error))
        return TRUE;
      g_prefix_error (error, "Option %s: ", option);
      return FALSE;
    }
  if (strlen (name) <= MAX_PATH_LENGTH && g_str_has_prefix (name, HANDOFF_CREDENTIALS_PATH "/") &&
      g_variant_is_object_path (name))
    return TRUE;
  g_set_error (
      error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT,
      "Option %s: must be a label, or the path of an object below " HANDOFF_CREDENTIALS_PATH,
      option);
  return FALSE;
}
