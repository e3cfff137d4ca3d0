/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/signed-data.h"

#include <string.h>

void
test_append (GByteArray *array, gconstpointer data, gsize size)
{
  g_byte_array_append (array, data, (guint) size);
}

void
test_append_number (GByteArray *array, guint number, guint size)
{
  while (size-- > 0)
    {
      guint8 byte = (guint8) (number >> (8 * size));

      test_append (array, &byte, 1);
    }
}

void
test_append_filler (GByteArray *array, gsize size)
{
  g_autofree guint8 *filler = g_malloc (size + 1);

  memset (filler, 0xa5, size);
  test_append (array, filler, size);
}

GByteArray *
test_signed_new_tls13 (const char *context, gsize hash_size)
{
  GByteArray *data = g_byte_array_new ();

  g_byte_array_set_size (data, 64);
  memset (data->data, ' ', 64);
  test_append (data, context, strlen (context) + 1);
  test_append_filler (data, hash_size);
  return data;
}

GByteArray *
test_signed_new_ecdh (guint type, guint group, guint size, guint real_size)
{
  GByteArray *data = g_byte_array_new ();

  test_append_filler (data, 64);
  test_append_number (data, type, 1);
  test_append_number (data, group, 2);
  test_append_number (data, size, 1);
  test_append_filler (data, real_size);
  return data;
}

GByteArray *
test_signed_new_dh (guint p, guint g, guint y)
{
  const guint sizes[] = { p, g, y };
  GByteArray *data = g_byte_array_new ();
  guint i;

  test_append_filler (data, 64);
  for (i = 0; i < 3; i++)
    {
      test_append_number (data, sizes[i], 2);
      test_append_filler (data, sizes[i]);
    }
  return data;
}
