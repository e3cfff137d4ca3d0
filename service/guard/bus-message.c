/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "guard/bus-message.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guard/bus-values.h"
#include "work/descriptor-reaper.h"

/* D-Bus specification, “Message Format”: no message is longer. */
#define MAX_SIZE ((gsize) 128 * 1024 * 1024)

static guint32
read_uint32 (const guint8 *data, gboolean big_endian)
{
  guint32 value;

  memcpy (&value, data, sizeof value);
  return big_endian ? GUINT32_FROM_BE (value) : GUINT32_FROM_LE (value);
}

static gsize
align (gsize offset, gsize alignment)
{
  return (offset + alignment - 1) & ~(alignment - 1);
}

gboolean
handoff_bus_message_read_prefix (const guint8 prefix[HANDOFF_BUS_MESSAGE_PREFIX_SIZE],
                                 gsize *header_size,
                                 gsize *full_size)
{
  const gboolean big_endian = prefix[0] == 'B';
  const gsize body_size = read_uint32 (prefix + 4, big_endian);
  const gsize fields_size = read_uint32 (prefix + 12, big_endian);

  if ((prefix[0] != 'l' && !big_endian) || body_size > MAX_SIZE || fields_size > MAX_SIZE)
    return FALSE;
  *header_size = align (HANDOFF_BUS_MESSAGE_PREFIX_SIZE + fields_size, 8);
  *full_size = *header_size + body_size;
  return *full_size <= MAX_SIZE;
}

/* Goes through the header's fields. */
typedef struct
{
  const guint8 *data; /* (unowned): the message */
  gsize end;          /* of the fields */
  gsize offset;
  gboolean big_endian;
} Fields;

/* Moves to the next multiple of alignment, if size bytes are there. */
static const guint8 *
take (Fields *self, gsize alignment, gsize size)
{
  const gsize offset = align (self->offset, alignment);

  if (offset > self->end || size > self->end - offset)
    return NULL;
  self->offset = offset + size;
  return self->data + offset;
}

/* (nullable) */
static const char *
take_string (Fields *self)
{
  const guint8 *length_data = take (self, 4, 4);
  const guint8 *text;
  gsize length;

  if (length_data == NULL)
    return NULL;
  length = read_uint32 (length_data, self->big_endian);
  text = take (self, 1, length + 1);
  return text != NULL && memchr (text, '\0', length + 1) == text + length ? (const char *) text
                                                                          : NULL;
}

/* Skips the bytes of a signature. */
static const char *
take_signature (Fields *self)
{
  const guint8 *length = take (self, 1, 1);
  const guint8 *text = length != NULL ? take (self, 1, (gsize) *length + 1) : NULL;

  return text != NULL && text[*length] == '\0' ? (const char *) text : NULL;
}

static char **
get_string_field (HandoffBusMessage *self, guint8 code)
{
  switch (code)
    {
    case G_DBUS_MESSAGE_HEADER_FIELD_MEMBER:
      return &self->member;
    case G_DBUS_MESSAGE_HEADER_FIELD_SENDER:
      return &self->sender;
    case G_DBUS_MESSAGE_HEADER_FIELD_DESTINATION:
      return &self->destination;
    default:
      return NULL;
    }
}

/* A field is a code and a variant. The bus removes fields that it does not know, so that no other
 * types than these occur. */
static gboolean
read_field (HandoffBusMessage *self, Fields *fields)
{
  const guint8 *code = take (fields, 8, 1);
  const char *type = code != NULL ? take_signature (fields) : NULL;
  const guint8 *number;
  const char *text;
  char **field;

  if (type == NULL || type[0] == '\0' || type[1] != '\0')
    return FALSE;
  switch (type[0])
    {
    case 's':
    case 'o':
      text = take_string (fields);
      field = get_string_field (self, *code);
      if (text != NULL && field != NULL)
        {
          g_free (*field);
          *field = g_strdup (text);
        }
      return text != NULL;
    case 'g':
      text = take_signature (fields);
      if (text != NULL && *code == G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE)
        {
          g_free (self->signature);
          self->signature = g_strdup (text);
        }
      return text != NULL;
    case 'u':
      number = take (fields, 4, 4);
      if (number != NULL && *code == G_DBUS_MESSAGE_HEADER_FIELD_REPLY_SERIAL)
        self->reply_serial = read_uint32 (number, fields->big_endian);
      return number != NULL;
    default:
      return FALSE;
    }
}

HandoffBusMessage *
handoff_bus_message_new (guint8 *data, gsize size, gsize full_size, int *fds, guint n_fds)
{
  g_autoptr (HandoffBusMessage) self = g_new0 (HandoffBusMessage, 1);
  const gboolean big_endian = data[0] == 'B';
  Fields fields = { data, 0, HANDOFF_BUS_MESSAGE_PREFIX_SIZE, big_endian };

  g_return_val_if_fail (size >= HANDOFF_BUS_MESSAGE_PREFIX_SIZE, NULL);

  fields.end = HANDOFF_BUS_MESSAGE_PREFIX_SIZE + (gsize) read_uint32 (data + 12, big_endian);
  g_return_val_if_fail (fields.end <= size, NULL);

  self->type = data[1];
  self->flags = data[2];
  self->serial = read_uint32 (data + 8, big_endian);
  while (fields.offset < fields.end)
    {
      if (!read_field (self, &fields))
        return NULL;
    }
  self->data = data;
  self->size = size;
  self->full_size = full_size;
  self->uid = HANDOFF_UID_UNKNOWN;
  self->fds = fds;
  self->n_fds = n_fds;
  return g_steal_pointer (&self);
}

HandoffBusMessage *
handoff_bus_message_new_from_gdbus (GDBusMessage *message, guint32 serial)
{
  guint8 *data;
  gsize size;

  g_dbus_message_set_serial (message, serial);
  data = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_assert (data != NULL);
  return handoff_bus_message_new (data, size, size, NULL, 0);
}

void
handoff_bus_message_drop_content (HandoffBusMessage *self)
{
  guint i;

  /* Of our own, key blobs are closed at once. With the application's end of a channel goes what was
   * sent on it, by a handshaker that somebody may have taken over. */
  for (i = 0; i < self->n_fds; i++)
    {
      if (self->own && fcntl (self->fds[i], F_GET_SEALS) >= 0)
        close (self->fds[i]);
      else
        handoff_descriptor_reap (self->fds[i], self->uid);
    }
  self->n_fds = 0;
  g_clear_pointer (&self->fds, g_free);
  g_clear_pointer (&self->data, g_free);
  self->size = 0;
}

void
handoff_bus_message_free (HandoffBusMessage *self)
{
  handoff_bus_message_drop_content (self);
  g_free (self->member);
  g_free (self->sender);
  g_free (self->destination);
  g_free (self->signature);
  g_free (self);
}

GDBusMessage *
handoff_bus_message_to_gdbus (const HandoffBusMessage *self)
{
  return g_dbus_message_new_from_blob (self->data, self->size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
}

gboolean
handoff_bus_message_has_few_values (const HandoffBusMessage *self, guint maximum)
{
  gsize header_size, full_size;

  return handoff_bus_message_read_prefix (self->data, &header_size, &full_size) &&
         full_size == self->size &&
         handoff_bus_values_are_few (self->data + header_size, full_size - header_size,
                                     self->signature, self->data[0] == 'B', maximum);
}

gboolean
handoff_bus_message_is_of_the_bus (const HandoffBusMessage *self)
{
  return g_strcmp0 (self->sender, "org.freedesktop.DBus") == 0;
}
