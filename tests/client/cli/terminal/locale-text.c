/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Text in a locale that does not have all of its characters. */

#include <locale.h>

#include "terminal/locale-text.h"

/* Breaks if the C locale gets bytes that it has not, question marks that say nothing, or text that
 * is cut off. */
static void
test_ascii (void)
{
  static const char *const cases[][2] = {
    { "", "" },
    { "plain\n", "plain\n" },
    { "There is no “conect”: it’s …", "There is no \"conect\": it's ..." },
    { "schlüssel", "schl\\u{00fc}ssel" },
    { "a – b — c\u00a0d", "a - b - c d" },
  };

  g_assert_nonnull (setlocale (LC_ALL, "C"));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *encoded = cli_locale_encode (cases[i][0]);

      g_assert_cmpstr (encoded, ==, cases[i][1]);
    }
}

static void
test_utf8 (void)
{
  g_autofree char *encoded = NULL;

  g_assert_nonnull (setlocale (LC_ALL, "C.UTF-8"));
  encoded = cli_locale_encode ("“schlüssel” …");
  g_assert_cmpstr (encoded, ==, "“schlüssel” …");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/locale-text/ascii", test_ascii);
  g_test_add_func ("/cli/locale-text/utf-8", test_utf8);
  return g_test_run ();
}
