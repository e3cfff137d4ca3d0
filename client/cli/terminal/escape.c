/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/escape.h"

/* What a peer sends must not reach a terminal as it is: control characters can rewrite what is on
 * the screen, and invisible ones (bidirectional overrides, zero-width spaces) can make one name
 * look like another. */

/* Unicode calls these letters and marks, but they are shown as nothing: of its characters with the
 * property Default_Ignorable_Code_Point those whose category does not tell. */
static const struct
{
  gunichar first;
  gunichar last;
} unseen[] = {
  { 0x034f, 0x034f }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
  { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xffa0, 0xffa0 }, { 0xe0100, 0xe01ef },
};

static gboolean
is_harmless (gunichar c)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (unseen); i++)
    {
      if (c >= unseen[i].first && c <= unseen[i].last)
        return FALSE;
    }
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_UNASSIGNED:
      return FALSE;
    default:
      return TRUE;
    }
}

/**
 * cli_escape:
 * @text: bytes from anywhere, hopefully UTF-8
 * @size: the number of bytes, or -1 if @text ends with a NUL
 *
 * Makes @text fit to be shown in a line on a terminal: `\xNN` replaces bytes that are not UTF-8 and
 * control characters of one byte, `\u{NNNN}` all other characters that are not visible.
 *
 * Returns: (transfer full): valid UTF-8
 */
char *
cli_escape (const char *text, gssize size)
{
  GString *out = g_string_new (NULL);
  const char *p = text;
  const char *end = text + (size < 0 ? strlen (text) : (gsize) size);

  while (p < end)
    {
      gunichar c = g_utf8_get_char_validated (p, end - p);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append_printf (out, "\\x%02x", (guint8) *p++);
          continue;
        }
      if (is_harmless (c))
        g_string_append_unichar (out, c);
      else if (c < 0x80)
        g_string_append_printf (out, "\\x%02x", c);
      else
        g_string_append_printf (out, "\\u{%04x}", c);
      p = g_utf8_next_char (p);
    }

  return g_string_free (out, FALSE);
}

/**
 * cli_escape_json:
 * @json: a JSON text, valid UTF-8
 *
 * Replaces each character of @json that is not visible, except for line feeds, by the escape
 * sequence that means the same in a JSON string. (A generator leaves none outside of strings.)
 *
 * Returns: (transfer full): the same JSON, fit for a terminal
 */
char *
cli_escape_json (const char *json)
{
  GString *out = g_string_new (NULL);
  const char *p;

  for (p = json; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n' || is_harmless (c))
        g_string_append_unichar (out, c);
      else if (c < 0x10000)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_printf (out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                                0xdc00 + ((c - 0x10000) & 0x3ff));
    }

  return g_string_free (out, FALSE);
}
