/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/exported-keys.h"

#include "keyblob/hpke.h"
#include "keyblob/sealed-memfd.h"

static void
exported (HandoffHandshakeProgress *progress, gpointer user_data)
{
  *(HandoffHandshakeProgress **) user_data = progress;
}

HandoffKeyState *
test_export_keys (HandoffHandshake *handshake, HandoffHandshakeProgress **progress)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  HandoffRecipient recipient = { .by_channel = FALSE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = NULL;
  HandoffKeyState *state;
  gconstpointer data;
  gsize size;

  g_clear_pointer (progress, handoff_handshake_progress_free);
  g_assert_true (handoff_hpke_generate_key_pair (private_key, recipient.key, NULL));
  handoff_handshake_export (handshake, &recipient, exported, progress);
  while (*progress == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint ((*progress)->state, ==, HANDOFF_HANDSHAKE_EXPORTED);
  g_assert_cmpuint (g_bytes_get_size ((*progress)->output), ==, 0);
  blob =
      handoff_sealed_memfd_read ((*progress)->key_blob_fd, 48, HANDOFF_KEY_BLOB_MAX_SIZE, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (blob, &size);
  state = handoff_key_blob_open (data, size, private_key, &error);
  g_assert_no_error (error);
  return state;
}
