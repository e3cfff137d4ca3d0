/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/text-width.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* Where there is no terminal, text is wrapped as for one of this width. */
#define DEFAULT_COLUMNS 80
/* In less, nothing can be wrapped well. */
#define MINIMUM_COLUMNS 20

/**
 * cli_text_width:
 * @text: UTF-8, without control characters
 *
 * Returns: how many columns of a terminal @text takes: characters of East Asian scripts take two,
 * combining ones none
 */
guint
cli_text_width (const char *text)
{
  guint width = 0;
  const char *p;

  for (p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

/**
 * cli_text_get_columns:
 *
 * Returns: how wide the standard output's terminal is, or what COLUMNS says if there is none
 */
guint
cli_text_get_columns (void)
{
  const char *wanted = g_getenv ("COLUMNS");
  struct winsize size;
  guint64 columns;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return MAX (size.ws_col, MINIMUM_COLUMNS);
  if (wanted != NULL &&
      g_ascii_string_to_unsigned (wanted, 10, MINIMUM_COLUMNS, G_MAXINT, &columns, NULL))
    return (guint) columns;
  return DEFAULT_COLUMNS;
}

/**
 * cli_text_wrap:
 * @label: what the first line begins with
 * @words: (array zero-terminated=1): what is not to be broken
 * @columns: how long a line may be
 *
 * Lays words out in lines, all of which begin below the first word.
 *
 * Returns: (transfer full): the lines, each with a line feed
 */
char *
cli_text_wrap (const char *label, const char *const *words, guint columns)
{
  GString *text = g_string_new (label);
  const guint indent = cli_text_width (label) + 1;
  guint column = indent - 1;
  gsize i;

  for (i = 0; words[i] != NULL; i++)
    {
      const guint width = cli_text_width (words[i]);

      if (i > 0 && column + 1 + width > columns)
        {
          g_string_append_printf (text, "\n%*s", (int) indent - 1, "");
          column = indent - 1;
        }
      g_string_append_printf (text, " %s", words[i]);
      column += 1 + width;
    }
  g_string_append_c (text, '\n');
  return g_string_free (text, FALSE);
}
