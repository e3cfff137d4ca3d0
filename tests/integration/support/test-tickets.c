/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-tickets.h"

#include <sys/socket.h>

#include "handoff-names.h"
#include "test-system.h"
#include "tests/client/support/record-test-utils.h"

#define HANDSHAKE_RECORD 22

static void
receive_exactly (int socket, guint8 *buffer, gsize size)
{
  while (size > 0)
    {
      gssize n = recv (socket, buffer, size, 0);

      g_assert_cmpint (n, >, 0);
      buffer += n;
      size -= (gsize) n;
    }
}

GByteArray *
test_receive_tickets (int socket, const HandoffKeyState *keys, guint n)
{
  GByteArray *tickets = g_byte_array_new ();
  g_autoptr (HandoffKeyState) mirrored = handoff_key_state_new ();
  RecordPeer reader;

  *mirrored = *keys;
  mirrored->read = keys->write;
  mirrored->write = keys->read;
  record_peer_init (&reader, mirrored);
  while (n > 0)
    {
      guint8 record[5 + 16384 + 256];
      const guint8 *position = record;
      g_autoptr (GBytes) content = NULL;
      const guint8 *message;
      gsize size;
      guint8 type;

      receive_exactly (socket, record, 5);
      size = 5 + (gsize) (record[3] << 8 | record[4]);
      receive_exactly (socket, record + 5, size - 5);
      content = record_peer_open (&reader, &position, &size, &type);
      g_assert_cmpuint (type, ==, HANDSHAKE_RECORD);
      message = g_bytes_get_data (content, &size);
      g_byte_array_append (tickets, message, (guint) size);
      for (gsize length; size > 0; size -= length, message += length, n--)
        {
          g_assert_cmpuint (message[0], ==, 4);
          length = 4 + (gsize) (message[1] << 16 | message[2] << 8 | message[3]);
          g_assert_cmpuint (length, <=, size);
        }
    }
  return tickets;
}

void
test_post_handshake (GDBusConnection *connection,
                     const char *session,
                     const void *messages,
                     gsize size,
                     GError **error)
{
  G_GNUC_UNUSED g_autoptr (GVariant) reply = test_call (
      connection, session, HANDOFF_SESSION_INTERFACE, "PostHandshake",
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, messages, size, 1)),
      error);
}
