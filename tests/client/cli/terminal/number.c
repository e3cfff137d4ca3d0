/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Numbers, as people read them. */

#include "terminal/number.h"

/* Breaks if one byte is bytes, or a large amount is rounded or cut. */
static void
test_bytes (void)
{
  static const struct
  {
    guint64 n;
    const char *expected;
  } cases[] = {
    { 0, "0 bytes" },
    { 1, "1 byte" },
    { 2, "2 bytes" },
    { 1001, "1001 bytes" },
    { G_MAXUINT64, "18446744073709551615 bytes" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = cli_number_of_bytes (cases[i].n);

      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/number/bytes", test_bytes);
  return g_test_run ();
}
