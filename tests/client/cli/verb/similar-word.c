/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What somebody meant who mistyped a command. */

#include "verb/similar-word.h"

/* Breaks if a slip is not recognised, or if something is proposed that has nothing to do with what
 * was typed. */
static void
test_similar (void)
{
  static const char *const candidates[] = { "help",   "connect", "probe",      "serve",
                                            "status", "reload",  "credential", "session" };
  static const char *const cases[][2] = {
    { "conect", "connect" },
    { "connetc", "connect" },
    { "proeb", "probe" },
    { "prob", "probe" },
    { "sttus", "status" },
    { "credentials", "credential" },
    { "cred", "credential" },
    { "sess", "session" },
    { "stat", "status" },
    { "hlep", "help" },
    { "frobnicate", NULL },
    { "se", NULL },
    { "x", NULL },
    { "", NULL },
    { "a-word-that-is-longer-than-any-of-the-words-here-could-be", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (cli_find_similar_word (cases[i][0], candidates, G_N_ELEMENTS (candidates)), ==,
                     cases[i][1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/similar-word/similar", test_similar);
  return g_test_run ();
}
