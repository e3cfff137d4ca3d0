/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the other side of a channel sends.
 *
 * Input: the packet, behind a byte that says who receives it and how many descriptors came. */

#include <string.h>

#include "fuzz.h"
#include "keyblob/channel-message.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_silence ();
  return 0;
}

/* What the service understood is what the other side meant: packed again, it is the same packet.
 * The application takes what its service sends without asking for normal form. */
static void
check_same (const HandoffChannelMessage *message, const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) again =
      handoff_channel_message_pack (message->kind, message->serial, message->body);

  g_assert_cmpmem (g_variant_get_data (again), g_variant_get_size (again), data, size);
}

/* All that a reader looks at. */
static void
look (const HandoffChannelMessage *message)
{
  g_autofree char *text = g_variant_print (message->body, TRUE);
  g_autoptr (GVariant) arguments = NULL;
  g_autoptr (GError) error = NULL;
  HandoffChannelFlags flags;
  const char *path, *method;

  if (message->kind == HANDOFF_CHANNEL_CALL)
    {
      handoff_channel_message_get_call (message, &flags, &path, &method, &arguments);
      g_assert_true (g_variant_is_object_path (path) && g_variant_is_container (arguments));
    }
  if (message->kind == HANDOFF_CHANNEL_ERROR)
    {
      error = handoff_channel_message_get_error (message);
      g_assert_nonnull (error->message);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  HandoffChannelMessage message = { 0 };
  HandoffChannelSide side;

  if (size < 1)
    return 0;
  side = (HandoffChannelSide) (data[0] & 1);
  message.n_fds = data[0] >> 1 & 1;
  if (handoff_channel_message_parse (&message, side, data + 1, size - 1, NULL))
    {
      look (&message);
      if (side == HANDOFF_CHANNEL_SERVICE)
        check_same (&message, data + 1, size - 1);
    }
  g_clear_pointer (&message.body, g_variant_unref);
  return 0;
}
