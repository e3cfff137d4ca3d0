/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "memory-search.h"

#include <stdio.h>

#define MASK 0xa5

void
memory_mask (guint8 *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    bytes[i] ^= MASK;
}

static guint
search_range (const guint8 *start, const guint8 *end, const guint8 *masked, gsize size)
{
  guint n = 0;

  for (const guint8 *p = start; p + size <= end; p++)
    {
      gsize i = 0;

      while (i < size && (p[i] ^ MASK) == masked[i])
        i++;
      if (i == size)
        n++;
    }
  return n;
}

guint
memory_search (const guint8 *masked, gsize size)
{
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_cmpuint (size, >=, 8);
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      gsize start, end;
      char permissions[5];

      if (sscanf (lines[i], "%zx-%zx %4s", &start, &end, permissions) == 3 &&
          g_str_has_prefix (permissions, "rw"))
        n += search_range (GSIZE_TO_POINTER (start), GSIZE_TO_POINTER (end), masked, size);
    }
  return n;
}
