/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Writes what the other targets begin with: library-seeds DIRECTORY makes
 * DIRECTORY/channel-message, DIRECTORY/channel-seal, DIRECTORY/key-state, DIRECTORY/record-layer
 * and DIRECTORY/ticket-messages. */

#include <string.h>

#include "keyblob/channel-message.h"
#include "keyblob/secret-memory.h"
#include "tests/client/support/record-test-utils.h"

static void
write_seed (const char *top, const char *target, const char *name, const guint8 *data, gsize size)
{
  g_autofree char *directory = g_build_filename (top, target, NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_file_set_contents (path, (const char *) data, (gssize) size, &error);
  g_assert_no_error (error);
}

static void
write_states (const char *top)
{
  gsize n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (gsize i = 0; i < n_suites; i++)
    {
      g_autoptr (HandoffKeyState) state = record_test_state_new (&suites[i], (HandoffRole) (i % 2));
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      gsize size;
      guint8 *plaintext;

      if (i % 3 == 0)
        handoff_secret_bytes_set (&state->unread_data, "unread", 6);
      if (i % 4 == 0)
        handoff_secret_bytes_set (&state->unread_records, "\27\3\3", 3);
      state->key_update_owed = suites[i].protocol == 0x0304 && i % 2 == 0;
      if (i % 2 == 0)
        {
          state->tls_exporter_size = HANDOFF_TLS_EXPORTER_SIZE;
          state->tls_unique_size = suites[i].protocol == 0x0303 ? HANDOFF_TLS_UNIQUE_SIZE : 0;
          state->tls_server_end_point_size = 48;
        }
      plaintext = handoff_key_state_serialize (state, &size);
      g_byte_array_append (seed, (const guint8 *) "", 1);
      g_byte_array_append (seed, plaintext, (guint) size);
      write_seed (top, "key-state", suites[i].name, seed->data, seed->len);
      handoff_secret_free (plaintext);
    }
}

/* For channel-seal.c: all in order, and what must not open in each place. */
static void
write_tries (const char *top)
{
  const guint8 good[] = { 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0 };

  write_seed (top, "channel-seal", "in-order", good, sizeof good);
  for (guint8 i = 0; i < sizeof good; i += 4)
    {
      const struct
      {
        const char *name;
        guint8 blob;
        guint8 what;
      } changes[] = { { "other", (guint8) (i / 4 + 3), 0 },
                      { "changed", i / 4, 4 },
                      { "cut-off", i / 4, 2 } };

      for (gsize j = 0; j < G_N_ELEMENTS (changes); j++)
        {
          g_autofree char *name = g_strdup_printf ("%s-%u", changes[j].name, i / 4);
          guint8 tries[sizeof good];

          memcpy (tries, good, sizeof good);
          tries[i] = changes[j].blob;
          tries[i + 1] = changes[j].what;
          tries[i + 3] = 50;
          write_seed (top, "channel-seal", name, tries, sizeof tries);
        }
    }
}

static void
append_action (GByteArray *seed, guint8 flags, guint8 type, const char *content, gsize content_size)
{
  const guint8 header[4] = { flags, type, content_size & 0xff, content_size >> 8 };

  g_byte_array_append (seed, header, sizeof header);
  g_byte_array_append (seed, (const guint8 *) content, (guint) content_size);
}

/* A NewSessionTicket: lifetime 7200, nonce "n", ticket "tick". */
static const char ticket[] = "\4\0\0\21\0\0\34\40\1\2\3\4\1n\0\4tick\0\0";

static void
write_records (const char *top)
{
  for (guint8 config = 0; config < 12; config++)
    {
      g_autofree char *name = g_strdup_printf ("config-%u", config);
      g_autoptr (GByteArray) seed = g_byte_array_new ();

      g_byte_array_append (seed, &config, 1);
      append_action (seed, 0x10, 23, "data", 4);
      append_action (seed, 0x08 | 0x02, 23, "more data", 9);
      append_action (seed, 0x02, 23, "text\13\13\13\13\13\13\13\13\13\13\13\13", 16);
      append_action (seed, 0x20, 22, ticket, sizeof ticket - 1);
      append_action (seed, 0x80, 22, "\30\0\0\1\1", 5);
      append_action (seed, 0x40, 23, "", 0);
      append_action (seed, 0x04, 22, "\30\0\0\1\0", 5);
      append_action (seed, 0x00, 22, "\0\0\0\0", 4); /* HelloRequest */
      append_action (seed, 0x00, 21, "\1\132", 2);
      append_action (seed, 0x01, 0, "\27\3\3\0\1x", 6);
      append_action (seed, 0x00, 21, "\1\0", 2);
      write_seed (top, "record-layer", name, seed->data, seed->len);
    }
}

static void
write_messages (const char *top)
{
  static const struct
  {
    HandoffChannelSide receiver;
    HandoffChannelKind kind;
    const char *body;
  } messages[] = {
    { HANDOFF_CHANNEL_SERVICE, HANDOFF_CHANNEL_CALL,
      "(uint32 1, objectpath '/a', 'Do', <(handle 0, 'x', [byte 1], {'b': <true>})>)" },
    { HANDOFF_CHANNEL_APPLICATION, HANDOFF_CHANNEL_REPLY,
      "('complete', objectpath '/a/1', {'key-blob': <handle 0>, 'chain': <[b'one', b'two']>})" },
    { HANDOFF_CHANNEL_APPLICATION, HANDOFF_CHANNEL_ERROR,
      "('org.tlshandoff.Handoff1.Error.Failed', 'x', {'alert': <'close'>})" },
    { HANDOFF_CHANNEL_SERVICE, HANDOFF_CHANNEL_CANCEL, "()" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      const guint8 first = (guint8) messages[i].receiver;
      g_autofree char *name = g_strdup_printf ("kind-%d", messages[i].kind);
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      g_autoptr (GVariant) packed = handoff_channel_message_pack (
          messages[i].kind, 1, g_variant_parse (NULL, messages[i].body, NULL, NULL, NULL));

      g_byte_array_append (seed, &first, 1);
      g_byte_array_append (seed, g_variant_get_data (packed), (guint) g_variant_get_size (packed));
      write_seed (top, "channel-message", name, seed->data, seed->len);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GByteArray) two = g_byte_array_new ();

  if (argc != 2)
    {
      g_printerr ("usage: library-seeds DIRECTORY\n");
      return 2;
    }
  write_tries (argv[1]);
  write_states (argv[1]);
  write_records (argv[1]);
  write_messages (argv[1]);
  g_byte_array_append (two, (const guint8 *) ticket, sizeof ticket - 1);
  write_seed (argv[1], "ticket-messages", "one", two->data, two->len);
  g_byte_array_append (two, (const guint8 *) ticket, sizeof ticket - 1);
  write_seed (argv[1], "ticket-messages", "two", two->data, two->len);
  return 0;
}
