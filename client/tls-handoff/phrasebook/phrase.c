/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "phrasebook/phrase.h"

#include <string.h>

#define PLACE "%s"
#define OPENING_QUOTE "“"

/* Where what stands between two places, or after the last one, is in text. (nullable) */
static const char *
find_literal (const char *text, const char *literal, gsize size, gboolean is_last)
{
  const gsize text_size = strlen (text);

  if (size > text_size)
    return NULL;
  if (!is_last)
    return g_strstr_len (text, (gssize) text_size, literal);
  /* The last literal ends the text, and may be empty: then the place before it takes the rest. */
  text += text_size - size;
  return memcmp (text, literal, size) == 0 ? text : NULL;
}

gboolean
handoff_phrase_match (const char *phrase,
                      const char *text,
                      HandoffPhrasePart *parts,
                      guint *n_parts,
                      gsize *n_literal)
{
  const char *place = strstr (phrase, PLACE);
  gsize size = place != NULL ? (gsize) (place - phrase) : strlen (phrase);

  *n_parts = 0;
  *n_literal = size;
  if (strncmp (text, phrase, size) != 0)
    return FALSE;
  text += size;
  while (place != NULL)
    {
      HandoffPhrasePart *part = &parts[*n_parts];
      const char *literal = place + strlen (PLACE), *next = strstr (literal, PLACE), *found;
      g_autofree char *searched = NULL;

      g_return_val_if_fail (*n_parts < HANDOFF_PHRASE_MAX_PARTS, FALSE);
      size = next != NULL ? (gsize) (next - literal) : strlen (literal);
      /* Two places beside each other could not be told apart. */
      g_return_val_if_fail (next == NULL || size > 0, FALSE);
      searched = g_strndup (literal, size);
      found = find_literal (text, searched, size, next == NULL);
      if (found == NULL)
        return FALSE;
      part->start = text;
      part->size = (gsize) (found - text);
      part->is_quoted =
          place - phrase >= (gssize) strlen (OPENING_QUOTE) &&
          strncmp (place - strlen (OPENING_QUOTE), OPENING_QUOTE, strlen (OPENING_QUOTE)) == 0;
      (*n_parts)++;
      *n_literal += size;
      text = found + size;
      place = next;
    }
  return *text == '\0';
}

char *
handoff_phrase_fill (const char *translation, const char *const *parts, guint n_parts)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *p;
  guint n = 0;

  for (p = translation; *p != '\0'; p++)
    {
      guint i = n;

      if (*p != '%')
        {
          g_string_append_c (text, *p);
          continue;
        }
      p++;
      if (*p >= '1' && *p <= '0' + HANDOFF_PHRASE_MAX_PARTS && p[1] == '$')
        {
          i = (guint) (*p - '1');
          p += 2;
        }
      if (*p != 's' || i >= n_parts)
        return NULL;
      g_string_append (text, parts[i]);
      n = i + 1;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
