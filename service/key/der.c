/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "key/der.h"

#define HIGH_TAG_NUMBER 0x1f /* high-tag-number form, which does not occur here */
#define LONG_FORM 0x80
#define MAX_LENGTH_BYTES 4

/* Takes a short or long length off rest. FALSE also for the indefinite form. */
static gboolean
take_length (HandoffDer *rest, gsize *length)
{
  guint i, n_bytes;

  if (rest->size == 0)
    return FALSE;
  n_bytes = rest->data[0] & LONG_FORM ? rest->data[0] & ~LONG_FORM : 0;
  *length = n_bytes == 0 ? rest->data[0] : 0;
  if (rest->data[0] == LONG_FORM || n_bytes > MAX_LENGTH_BYTES || n_bytes >= rest->size)
    return FALSE;
  for (i = 1; i <= n_bytes; i++)
    *length = *length << 8 | rest->data[i];
  rest->data += 1 + n_bytes;
  rest->size -= 1 + n_bytes;
  return *length <= rest->size;
}

gboolean
handoff_der_next (HandoffDer *rest, guint8 *tag, HandoffDer *content)
{
  HandoffDer left = *rest;
  gsize length;

  if (left.size == 0 || (left.data[0] & HIGH_TAG_NUMBER) == HIGH_TAG_NUMBER)
    return FALSE;
  *tag = left.data[0];
  left.data++;
  left.size--;
  if (!take_length (&left, &length))
    return FALSE;
  content->data = left.data;
  content->size = length;
  rest->data = left.data + length;
  rest->size = left.size - length;
  return TRUE;
}

gboolean
handoff_der_take (HandoffDer *rest, guint8 tag, HandoffDer *content)
{
  HandoffDer left = *rest;
  HandoffDer found;
  guint8 found_tag;

  if (!handoff_der_next (&left, &found_tag, &found) || found_tag != tag)
    return FALSE;
  *rest = left;
  if (content != NULL)
    *content = found;
  return TRUE;
}

guint
handoff_der_count (HandoffDer elements)
{
  HandoffDer content;
  guint8 tag;
  guint n = 0;

  while (handoff_der_next (&elements, &tag, &content))
    n++;
  return elements.size == 0 ? n : G_MAXUINT;
}

guint
handoff_der_count_bits (HandoffDer integer)
{
  gsize i = 0;

  while (i < integer.size && integer.data[i] == 0)
    i++;
  return i < integer.size ? (guint) ((integer.size - i - 1) * 8 + g_bit_storage (integer.data[i]))
                          : 0;
}
