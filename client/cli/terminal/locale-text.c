/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/locale-text.h"

/* Messages have typographic characters, and names any. A terminal whose locale is C or of one of
 * the old character sets shows what it can: plain quotes in place of typographic ones, and escape
 * sequences, as cli_escape() writes them, in place of what cannot be guessed. */

typedef struct
{
  gunichar character;
  const char *plain;
} Plain;

static const Plain plain_characters[] = {
  { 0x00a0, " " },  { 0x00ab, "\"" }, { 0x00bb, "\"" }, { 0x2010, "-" },   { 0x2011, "-" },
  { 0x2013, "-" },  { 0x2014, "-" },  { 0x2018, "'" },  { 0x2019, "'" },   { 0x201a, "'" },
  { 0x201c, "\"" }, { 0x201d, "\"" }, { 0x201e, "\"" }, { 0x2026, "..." }, { 0x202f, " " },
};

static gboolean
has_character (const char *charset, const char *character, gsize size)
{
  g_autofree char *converted =
      g_convert (character, (gssize) size, charset, "UTF-8", NULL, NULL, NULL);

  return converted != NULL;
}

static void
append_plain (GString *out, gunichar c)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (plain_characters); i++)
    {
      if (plain_characters[i].character == c)
        {
          g_string_append (out, plain_characters[i].plain);
          return;
        }
    }
  g_string_append_printf (out, "\\u{%04x}", c);
}

/**
 * cli_locale_spell:
 * @text: UTF-8
 *
 * Returns: (transfer full): @text, still UTF-8, with only such characters as the locale's character
 * set has
 */
char *
cli_locale_spell (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  const char *charset;
  GString *out;
  const char *p;

  if (g_get_charset (&charset))
    return g_steal_pointer (&valid);
  out = g_string_new (NULL);
  for (p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gsize size = (gsize) (g_utf8_next_char (p) - p);

      if (size == 1 || has_character (charset, p, size))
        g_string_append_len (out, p, (gssize) size);
      else
        append_plain (out, g_utf8_get_char (p));
    }
  return g_string_free (out, FALSE);
}

/**
 * cli_locale_encode:
 * @text: UTF-8
 *
 * Returns: (transfer full): @text in the locale's encoding
 */
char *
cli_locale_encode (const char *text)
{
  g_autofree char *spelled = cli_locale_spell (text);
  const char *charset;
  char *converted;

  if (g_get_charset (&charset))
    return g_steal_pointer (&spelled);
  converted = g_convert_with_fallback (spelled, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
  return converted != NULL ? converted : g_steal_pointer (&spelled);
}
