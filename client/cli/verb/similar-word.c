/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "verb/similar-word.h"

#include <string.h>

/* No word of the command's is longer; what is, is similar to none. */
#define MAX_SIZE 40

/* A word of three letters or more may be the beginning of another. */
#define MIN_PREFIX_SIZE 3

/* How many letters have to be put in, left out, replaced, or swapped with the next one (optimal
 * string alignment). */
static guint
get_distance (const char *a, const char *b)
{
  const gsize a_size = strlen (a);
  const gsize b_size = strlen (b);
  guint rows[MAX_SIZE + 1][MAX_SIZE + 1];
  gsize i, j;

  for (i = 0; i <= a_size; i++)
    rows[i][0] = (guint) i;
  for (j = 0; j <= b_size; j++)
    rows[0][j] = (guint) j;
  for (i = 1; i <= a_size; i++)
    {
      for (j = 1; j <= b_size; j++)
        {
          guint best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

          best = MIN (best, rows[i - 1][j] + 1);
          best = MIN (best, rows[i][j - 1] + 1);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            best = MIN (best, rows[i - 2][j - 2] + 1);
          rows[i][j] = best;
        }
    }
  return rows[a_size][b_size];
}

/**
 * cli_find_similar_word:
 * @word: what somebody typed
 *
 * Finds out what was meant.
 *
 * Returns: (nullable): the one of @candidates that is closest to @word, or begins with it; %NULL if
 * more than a third of @word would be mistyped
 */
const char *
cli_find_similar_word (const char *word, const char *const *candidates, gsize n_candidates)
{
  const gsize size = strlen (word);
  const char *similar = NULL;
  guint least = MAX (1, (guint) size / 3) + 1;
  gsize i;

  if (size == 0 || size > MAX_SIZE)
    return NULL;
  for (i = 0; i < n_candidates; i++)
    {
      guint distance;

      if (strlen (candidates[i]) > MAX_SIZE)
        continue;
      distance = get_distance (word, candidates[i]);
      if (distance < least)
        {
          least = distance;
          similar = candidates[i];
        }
    }
  for (i = 0; i < n_candidates && similar == NULL && size >= MIN_PREFIX_SIZE; i++)
    {
      if (g_str_has_prefix (candidates[i], word))
        similar = candidates[i];
    }
  return similar;
}
