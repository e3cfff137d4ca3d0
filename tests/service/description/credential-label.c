/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a credential may be called. */

#include "config.h"

#include "description/credential-label.h"

#include "keyblob/handoff-names.h"
#include "keyblob/tls-handoff-error.h"

/* Breaks if a label could be taken for a path, or break a list or a log. */
static void
test_labels (void)
{
  g_autofree char *longest = g_strnfill (HANDOFF_LABEL_MAX_LENGTH, 'x');
  g_autofree char *too_long = g_strnfill (HANDOFF_LABEL_MAX_LENGTH + 1, 'x');
  const char *const good[] = { "x", "Zuhause", "büro 2", longest };
  const char *const bad[] = { "",
                              " x",
                              "x ",
                              "a/b",
                              "/org/x",
                              "a\nb",
                              "a\x7f"
                              "b",
                              "\xff",
                              too_long };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (handoff_credential_label_check (good[i], NULL));
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (handoff_credential_label_check (bad[i], &error));
      g_assert_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/credential-label/check", test_labels);
  return g_test_run ();
}
