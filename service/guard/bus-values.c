/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-values.h"

#include <string.h>

/* D-Bus specification, “Valid Signatures”: 32 arrays in 32 structs; variants as deep as a bus lets
 * pass. */
#define MAX_DEPTH 128

/* A walk through the body. */
typedef struct
{
  const guint8 *body;
  gsize size;
  gsize offset;
  gboolean big_endian;
  guint left; /* how many more values are allowed */
  guint depth;
} Walk;

static gboolean walk_value (Walk *self, const char **signature);

/* (nullable): size bytes after alignment */
static const guint8 *
take (Walk *self, gsize alignment, gsize size)
{
  const gsize offset = (self->offset + alignment - 1) & ~(alignment - 1);

  if (offset > self->size || size > self->size - offset)
    return NULL;
  self->offset = offset + size;
  return self->body + offset;
}

static gboolean
take_length (Walk *self, gsize *length)
{
  const guint8 *data = take (self, 4, 4);
  guint32 value;

  if (data == NULL)
    return FALSE;
  memcpy (&value, data, sizeof value);
  *length = self->big_endian ? GUINT32_FROM_BE (value) : GUINT32_FROM_LE (value);
  return TRUE;
}

/* The size of a number, which is also its alignment; 0 if type is not a number. */
static gsize
get_number_size (char type)
{
  switch (type)
    {
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'b':
    case 'h':
    case 'i':
    case 'u':
      return 4;
    case 'd':
    case 't':
    case 'x':
      return 8;
    default:
      return 0;
    }
}

static gsize
get_alignment (char type)
{
  if (get_number_size (type) > 0)
    return get_number_size (type);
  if (type == 'g' || type == 'v')
    return 1;
  return type == '(' || type == '{' ? 8 : 4;
}

/* The position after one complete type. NULL if there is none */
static const char *
skip_type (const char *signature)
{
  guint n_open = 0;

  for (;; signature++)
    {
      if (*signature == '\0')
        return NULL;
      if (*signature == '(' || *signature == '{')
        n_open++;
      else if ((*signature == ')' || *signature == '}') && n_open-- == 0)
        return NULL;
      if (n_open == 0 && *signature != 'a')
        return signature + 1;
    }
}

static gboolean
walk_array (Walk *self, const char **signature)
{
  const char *type = *signature;
  gsize length, end;

  *signature = skip_type (type);
  if (*signature == NULL || !take_length (self, &length) ||
      take (self, get_alignment (*type), 0) == NULL || length > self->size - self->offset)
    return FALSE;
  end = self->offset + length;
  /* Each boolean counts: GVariant has it in one byte and D-Bus in four, so that GDBus converts one
   * by one. */
  if (get_number_size (*type) > 0 && *type != 'b')
    self->offset = end;
  while (self->offset < end)
    {
      const char *element = type;

      if (!walk_value (self, &element))
        return FALSE;
    }
  return self->offset == end;
}

static gboolean
walk_struct (Walk *self, char end, const char **signature)
{
  if (take (self, 8, 0) == NULL)
    return FALSE;
  while (**signature != end)
    {
      if (!walk_value (self, signature))
        return FALSE;
    }
  (*signature)++;
  return TRUE;
}

static gboolean
walk_variant (Walk *self)
{
  const guint8 *length = take (self, 1, 1);
  const guint8 *text = length != NULL ? take (self, 1, (gsize) *length + 1) : NULL;
  const char *signature = (const char *) text;

  return text != NULL && text[*length] == '\0' && walk_value (self, &signature);
}

static gboolean
walk_content (Walk *self, char type, const char **signature)
{
  const gsize number_size = get_number_size (type);
  const guint8 *short_length;
  gsize length;

  if (number_size > 0)
    return take (self, number_size, number_size) != NULL;
  switch (type)
    {
    case 's':
    case 'o':
      return take_length (self, &length) && take (self, 1, length + 1) != NULL;
    case 'g':
      short_length = take (self, 1, 1);
      return short_length != NULL && take (self, 1, (gsize) *short_length + 1) != NULL;
    case 'a':
      return walk_array (self, signature);
    case '(':
      return walk_struct (self, ')', signature);
    case '{':
      return walk_struct (self, '}', signature);
    case 'v':
      return walk_variant (self);
    default:
      return FALSE;
    }
}

/* Walks over one value; signature moves behind its type. */
static gboolean
walk_value (Walk *self, const char **signature)
{
  const char type = **signature;
  gboolean success;

  if (type == '\0' || self->left == 0 || self->depth >= MAX_DEPTH)
    return FALSE;
  (*signature)++;
  self->left--;
  self->depth++;
  success = walk_content (self, type, signature);
  self->depth--;
  return success;
}

gboolean
handoff_bus_values_are_few (
    const guint8 *body, gsize size, const char *signature, gboolean big_endian, guint maximum)
{
  Walk walk = { body, size, 0, big_endian, maximum, 0 };

  if (signature == NULL)
    return size == 0;
  while (*signature != '\0')
    {
      if (!walk_value (&walk, &signature))
        return FALSE;
    }
  return walk.offset == size;
}
