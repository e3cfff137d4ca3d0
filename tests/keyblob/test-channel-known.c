/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the receiver of a message need not check, since it came before. */

#include "channel-message.h"

#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  int application;
  int service;
  guint8 *buffer;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  fixture->application = ends[0];
  fixture->service = ends[1];
  fixture->buffer = g_malloc (HANDOFF_CHANNEL_MAX_MESSAGE_SIZE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close (fixture->application);
  close (fixture->service);
  g_free (fixture->buffer);
}

/* (transfer full) */
static GVariant *
pack_call (guint32 serial, const char *method, const char *text)
{
  return handoff_channel_message_pack (
      HANDOFF_CHANNEL_CALL, serial,
      handoff_channel_call_body (0, "/some/where", method, g_variant_new ("(hs)", 0, text)));
}

/* Sends bytes, and receives them with known. Returns whether they came. */
static gboolean
receive_known (Fixture *fixture,
               const guint8 *bytes,
               gsize size,
               GVariant *known,
               HandoffChannelMessage *message)
{
  g_autoptr (GError) error = NULL;
  HandoffPacketStatus status;

  g_assert_cmpint (send (fixture->application, bytes, size, 0), ==, (gssize) size);
  status = handoff_channel_message_receive_known (fixture->service, HANDOFF_CHANNEL_SERVICE, known,
                                                  fixture->buffer, message, &error);
  if (status == HANDOFF_PACKET_DONE)
    return TRUE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  return FALSE;
}

/* A call that is not the known one is taken for it; or one that breaks the rules in the bytes
 * around the body. */
static void
test_known (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) packed = pack_call (7, "Do", "x");
  const gsize size = g_variant_get_size (packed);
  g_autofree guint8 *bytes = g_memdup2 (g_variant_get_data (packed), size);
  g_autoptr (GVariant) other = pack_call (8, "Do", "y");
  g_autoptr (GVariant) longer = pack_call (9, "Do", "x and more");
  HandoffChannelMessage first, message;
  gsize i;

  g_assert_true (receive_known (fixture, bytes, size, NULL, &first));

  /* The serial is read each time. */
  bytes[4] = bytes[5] = bytes[6] = bytes[7] = 9;
  g_assert_true (receive_known (fixture, bytes, size, first.body, &message));
  g_assert_true (message.body == first.body);
  g_assert_cmpint (message.kind, ==, HANDOFF_CHANNEL_CALL);
  g_assert_cmphex (message.serial, ==, 0x09090909);
  handoff_channel_message_clear (&message);

  g_assert_true (receive_known (fixture, g_variant_get_data (other), g_variant_get_size (other),
                                first.body, &message));
  g_assert_false (g_variant_equal (message.body, first.body));
  handoff_channel_message_clear (&message);
  g_assert_true (receive_known (fixture, g_variant_get_data (longer), g_variant_get_size (longer),
                                first.body, &message));
  g_assert_false (g_variant_equal (message.body, first.body));
  handoff_channel_message_clear (&message);

  /* Each byte counts. */
  for (i = 0; i < size; i++)
    {
      if (i >= 4 && i < 8)
        continue;
      bytes[i] ^= 0x40;
      if (receive_known (fixture, bytes, size, first.body, &message))
        {
          g_assert_false (message.body == first.body);
          handoff_channel_message_clear (&message);
        }
      bytes[i] ^= 0x40;
    }
  g_assert_false (receive_known (fixture, bytes, size - 1, first.body, &message));
  handoff_channel_message_clear (&first);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keyblob/channel-known/call", Fixture, NULL, set_up, test_known, tear_down);
  return g_test_run ();
}
