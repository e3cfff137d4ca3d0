/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Lines with columns, and lines that are wrapped, as wide as a terminal shows them. */

#include <locale.h>

#include "terminal/table.h"
#include "terminal/text-width.h"

/* Breaks if bytes or characters are counted in place of columns: the columns would not be below
 * each other. */
static void
test_width (void)
{
  g_assert_cmpuint (cli_text_width (""), ==, 0);
  g_assert_cmpuint (cli_text_width ("label"), ==, 5);
  g_assert_cmpuint (cli_text_width ("schlüssel"), ==, 9);
  g_assert_cmpuint (cli_text_width ("schlu\u0308ssel"), ==, 9);
  g_assert_cmpuint (cli_text_width ("鍵"), ==, 2);
}

static void
test_table (void)
{
  g_autoptr (CliTable) table = cli_table_new ("lrl");
  g_autofree char *text = NULL;

  cli_table_add (table, (const char *[]){ "schlüssel", "1", "a" });
  cli_table_add (table, (const char *[]){ "鍵", "100", "" });
  cli_table_add (table, (const char *[]){ "k\033[2J", "20", "c" });
  text = cli_table_to_text (table, "  ");
  g_assert_cmpstr (text, ==,
                   "  schlüssel    1  a\n"
                   "  鍵         100\n"
                   "  k\\x1b[2J    20  c\n");
}

static void
test_empty_table (void)
{
  g_autoptr (CliTable) table = cli_table_new ("lr");
  g_autofree char *nothing = cli_table_to_text (table, "  ");
  g_autofree char *text = NULL;

  g_assert_cmpstr (nothing, ==, "");
  cli_table_add (table, (const char *[]){ "", "" });
  text = cli_table_to_text (table, "");
  g_assert_cmpstr (text, ==, "\n");
}

/* Breaks if a list runs over the terminal's edge, or a word is broken or lost. */
static void
test_wrap (void)
{
  static const char *const words[] = { "TLS_A,", "TLS_B,", "TLS_LONGER_THAN_A_LINE,", "TLS_C",
                                       NULL };
  static const char *const nothing[] = { NULL };
  g_autofree char *text = cli_text_wrap ("suites:", words, 22);
  g_autofree char *wide = cli_text_wrap ("suites:", words, 200);
  g_autofree char *empty = cli_text_wrap ("suites:", nothing, 22);

  g_assert_cmpstr (text, ==,
                   "suites: TLS_A, TLS_B,\n"
                   "        TLS_LONGER_THAN_A_LINE,\n"
                   "        TLS_C\n");
  g_assert_cmpstr (wide, ==, "suites: TLS_A, TLS_B, TLS_LONGER_THAN_A_LINE, TLS_C\n");
  g_assert_cmpstr (empty, ==, "suites:\n");
}

int
main (int argc, char **argv)
{
  /* Keeps the characters of the table as they are. */
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/table/width", test_width);
  g_test_add_func ("/cli/table/table", test_table);
  g_test_add_func ("/cli/table/empty", test_empty_table);
  g_test_add_func ("/cli/table/wrap", test_wrap);
  return g_test_run ();
}
