/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "terminal/table.h"

#include "terminal/escape.h"
#include "terminal/locale-text.h"
#include "terminal/text-width.h"

struct _CliTable
{
  char *alignment;  /* (owned): for each column "l" (left) or "r" (right) */
  GPtrArray *cells; /* (owned) (element-type utf8): row after row; fit for the terminal */
  guint n_columns;
};

/**
 * cli_table_new:
 * @alignment: for each column "l", if it is text, or "r", if it is a number
 */
CliTable *
cli_table_new (const char *alignment)
{
  CliTable *self = g_new0 (CliTable, 1);

  self->alignment = g_strdup (alignment);
  self->n_columns = (guint) strlen (alignment);
  self->cells = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
cli_table_free (CliTable *self)
{
  g_free (self->alignment);
  g_ptr_array_unref (self->cells);
  g_free (self);
}

/**
 * cli_table_add:
 * @cells: a text for each column, from anywhere: what a terminal might act on is escaped
 *
 * Adds a row.
 */
void
cli_table_add (CliTable *self, const char *const *cells)
{
  guint i;

  for (i = 0; i < self->n_columns; i++)
    {
      g_autofree char *escaped = cli_escape (cells[i], -1);

      g_ptr_array_add (self->cells, cli_locale_spell (escaped));
    }
}

static guint
get_width (CliTable *self, guint column)
{
  guint width = 0;
  guint i;

  for (i = column; i < self->cells->len; i += self->n_columns)
    width = MAX (width, cli_text_width (g_ptr_array_index (self->cells, i)));
  return width;
}

static void
append_padded (GString *text, const char *cell, guint width, gboolean is_right)
{
  const int padding = (int) (width - cli_text_width (cell));

  if (is_right)
    g_string_append_printf (text, "%*s%s", padding, "", cell);
  else
    g_string_append_printf (text, "%s%*s", cell, padding, "");
}

/**
 * cli_table_to_text:
 * @indent: what each line begins with
 *
 * Returns: (transfer full): the lines, without spaces at their ends
 */
char *
cli_table_to_text (CliTable *self, const char *indent)
{
  g_autofree guint *widths = g_new (guint, self->n_columns);
  GString *text = g_string_new (NULL);
  guint i;

  for (i = 0; i < self->n_columns; i++)
    widths[i] = get_width (self, i);
  for (i = 0; i < self->cells->len; i++)
    {
      const guint column = i % self->n_columns;

      g_string_append (text, column == 0 ? indent : "  ");
      append_padded (text, g_ptr_array_index (self->cells, i), widths[column],
                     self->alignment[column] == 'r');
      if (column + 1 < self->n_columns)
        continue;
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

void
cli_table_print (CliTable *self, const char *indent)
{
  g_autofree char *text = cli_table_to_text (self, indent);

  g_print ("%s", text);
}
