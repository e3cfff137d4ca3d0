/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "vardict.h"

#include <string.h>

#include "secret-memory.h"

/* Offsets of a container are as short as its size allows, with them. */
static gsize
offset_size_of (gsize size)
{
  return size <= G_MAXUINT8 ? 1 : size <= G_MAXUINT16 ? 2 : 4;
}

/* The same for one whose offsets are still to come. */
static gsize
offset_size_for (gsize body_size, gsize n_offsets)
{
  if (body_size + n_offsets <= G_MAXUINT8)
    return 1;
  return body_size + 2 * n_offsets <= G_MAXUINT16 ? 2 : 4;
}

static gsize
align (gsize position)
{
  return (position + 7) & ~(gsize) 7;
}

static void
write_offset (guint8 *place, gsize offset_size, gsize offset)
{
  for (gsize i = 0; i < offset_size; i++)
    place[i] = (guint8) (offset >> 8 * i);
}

static gsize
read_offset (const guint8 *place, gsize offset_size)
{
  gsize offset = 0;

  for (gsize i = 0; i < offset_size; i++)
    offset |= (gsize) place[i] << 8 * i;
  return offset;
}

/* Without its offset. */
static gsize
get_body_size (const HandoffVardictEntry *entry)
{
  return align (strlen (entry->key) + 1) + entry->size + 1 + entry->type_size;
}

/* place: zeros. Returns the size. */
static gsize
write_entry (guint8 *place, const HandoffVardictEntry *entry)
{
  const gsize key_size = strlen (entry->key) + 1;
  const gsize body_size = get_body_size (entry);
  const gsize offset_size = offset_size_for (body_size, 1);
  guint8 *value = place + align (key_size);

  memcpy (place, entry->key, key_size);
  if (entry->size > 0)
    memcpy (value, entry->value, entry->size);
  memcpy (value + entry->size + 1, entry->type, entry->type_size);
  write_offset (place + body_size, offset_size, key_size);
  return body_size + offset_size;
}

/**
 * handoff_vardict_write:
 * @entries: (array length=n_entries): what the dictionary has, in this order
 * @n_entries: how many
 * @size: (out): bytes written
 *
 * Writes a dictionary in normal form.
 *
 * Returns: (transfer full) (array length=size): secret memory
 */
guint8 *
handoff_vardict_write (const HandoffVardictEntry *entries, gsize n_entries, gsize *size)
{
  gsize offset_size;
  gsize end = 0;
  guint8 *data;
  gsize position = 0;

  for (gsize i = 0; i < n_entries; i++)
    {
      const gsize body_size = get_body_size (&entries[i]);

      end = align (end) + body_size + offset_size_for (body_size, 1);
    }
  offset_size = offset_size_for (end, n_entries);
  *size = end + n_entries * offset_size;

  data = handoff_secret_new (MAX (*size, 1), HANDOFF_SECRET_DEFAULT);
  for (gsize i = 0; i < n_entries; i++)
    {
      position = align (position);
      position += write_entry (data + position, &entries[i]);
      write_offset (data + end + i * offset_size, offset_size, position);
    }
  return data;
}

/**
 * handoff_vardict_reader_init:
 * @self: (out): a reader
 * @data: (array length=size): what must be a dictionary
 * @size: bytes
 *
 * Returns: %FALSE if @data is no dictionary
 */
gboolean
handoff_vardict_reader_init (HandoffVardictReader *self, const guint8 *data, gsize size)
{
  const gsize offset_size = offset_size_of (size);

  *self = (HandoffVardictReader){ .data = data, .size = size };
  if (size == 0)
    return TRUE;
  self->end = read_offset (data + size - offset_size, offset_size);
  if (self->end >= size || (size - self->end) % offset_size != 0)
    return FALSE;
  self->n_entries = (size - self->end) / offset_size;
  return TRUE;
}

/**
 * handoff_vardict_reader_next:
 * @self: a reader
 * @entry: (out): the next entry
 *
 * Returns: %FALSE if there is something else than an entry
 */
gboolean
handoff_vardict_reader_next (HandoffVardictReader *self, HandoffVardictEntry *entry)
{
  const gsize offset_size = offset_size_of (self->size);
  const gsize start = align (self->position);
  const gsize stop = read_offset (self->data + self->end + self->next * offset_size, offset_size);
  const guint8 *data = self->data + start;
  const guint8 *separator;
  gsize key_size, key_offset_size, size, value;

  g_return_val_if_fail (self->next < self->n_entries, FALSE);

  if (start > stop || stop > self->end)
    return FALSE;
  self->position = stop;
  self->next++;

  /* The key, with its zero byte; then the variant, from value on; then the offset. */
  size = stop - start;
  key_offset_size = offset_size_of (size);
  if (size < key_offset_size)
    return FALSE;
  size -= key_offset_size;
  key_size = read_offset (data + size, key_offset_size);
  if (key_size == 0 || key_size > size || memchr (data, '\0', key_size) != data + key_size - 1)
    return FALSE;
  value = align (key_size);
  if (value > size)
    return FALSE;
  separator = memrchr (data + value, '\0', size - value);
  if (separator == NULL)
    return FALSE;

  entry->key = (const char *) data;
  entry->value = data + value;
  entry->size = (gsize) (separator - (data + value));
  entry->type = (const char *) separator + 1;
  entry->type_size = size - value - entry->size - 1;
  return TRUE;
}
