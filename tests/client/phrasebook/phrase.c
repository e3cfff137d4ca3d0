/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Phrases: what fits them, and how translations are filled in. */

#include "phrasebook/phrase.h"

#include <string.h>

/* Breaks if a message is recognized that is another one, or what it quotes is cut wrongly. */
static void
test_match (void)
{
  static const struct
  {
    const char *phrase;
    const char *text;
    const char *parts; /* joined with "|"; NULL: no match */
  } cases[] = {
    { "It failed", "It failed", "" },
    { "It failed", "It failed: x", NULL },
    { "It failed", "It", NULL },
    { "It failed: %s", "It failed: x: y", "x: y" },
    { "It failed: %s", "It failed: ", "" },
    { "It failed: %s", "It failed", NULL },
    { "It failed: %s", "", NULL },
    { "%s: must be %s", "a: must be b", "a|b" },
    { "%s; %s", "a; b; c", "a|b; c" },
    { "has %s of %s bits", "has keys of 5 bits", "keys|5" },
    { "has %s of %s bits", "has keys of 5 bytes", NULL },
    { "the key “%s” is", "the key “é” is", "é" },
    { "%s ends", "a ends ends", "a ends" },
    /* The end of the one may not be the end of the other. */
    { "%s, %s, x", ", x", NULL },
    { "a%sa", "a", NULL },
    { "100 %s", "100 %s", "%s" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HandoffPhrasePart parts[HANDOFF_PHRASE_MAX_PARTS];
      g_autoptr (GString) joined = g_string_new (NULL);
      guint n = 0;
      gsize n_literal;
      gboolean fits = handoff_phrase_match (cases[i].phrase, cases[i].text, parts, &n, &n_literal);

      g_test_message ("%s | %s", cases[i].phrase, cases[i].text);
      g_assert_cmpint (fits, ==, cases[i].parts != NULL);
      for (guint j = 0; fits && j < n; j++)
        {
          g_string_append (joined, j > 0 ? "|" : "");
          g_string_append_len (joined, parts[j].start, (gssize) parts[j].size);
        }
      if (fits)
        g_assert_cmpstr (joined->str, ==, cases[i].parts);
    }
}

/* Breaks if what is a name is translated. */
static void
test_quoted (void)
{
  HandoffPhrasePart parts[HANDOFF_PHRASE_MAX_PARTS];
  guint n;
  gsize n_literal;

  g_assert_true (
      handoff_phrase_match ("%s of “%s” is %s", "a of “b” is “c”", parts, &n, &n_literal));
  g_assert_cmpuint (n, ==, 3);
  g_assert_false (parts[0].is_quoted);
  g_assert_true (parts[1].is_quoted);
  g_assert_false (parts[2].is_quoted);
  g_assert_cmpuint (n_literal, ==, strlen (" of “” is "));
}

/* Breaks if parts go to the wrong places, or a translation that is none reads what is not there. */
static void
test_fill (void)
{
  static const char *const parts[] = { "a", "%s%n", "c" };
  static const char *const cases[][2] = {
    { "none", "none" },
    { "%s and %s or %s", "a and %s%n or c" },
    { "%3$s, %1$s", "c, a" },
    { "%2$s%s", "%s%nc" },
    { "%s %s %s %s", NULL },
    { "%4$s", NULL },
    { "%0$s", NULL },
    { "%1$n", NULL },
    { "%n", NULL },
    { "%d", NULL },
    { "%", NULL },
    { "%1", NULL },
    { "%1$", NULL },
    { "%%", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = handoff_phrase_fill (cases[i][0], parts, G_N_ELEMENTS (parts));

      g_assert_cmpstr (text, ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/phrase/match", test_match);
  g_test_add_func ("/client/phrase/quoted", test_quoted);
  g_test_add_func ("/client/phrase/fill", test_fill);
  return g_test_run ();
}
