/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What a peer sends to a record layer, after a good import, in both protocols and all
 * constructions.
 *
 * Input: a byte that selects suite, role, and the reader's room; then actions. An action is a byte
 * of flags, a byte of content type, two bytes of size (little-endian), and that many bytes: the
 * content of a record that is sealed with the right key, so that the fuzzer is not stopped by the
 * authentication; or, by a flag, bytes as they are. What the layer has to say is taken after each,
 * as an application does. */

#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "record/record-layer.h"
#include "tests/client/support/record-test-utils.h"

#define FLAG_RAW 0x01     /* not sealed */
#define FLAG_PADDING 0x02 /* TLS 1.3: with some; AES-CBC: the content brings it (and the MAC) */
#define FLAG_UPDATE 0x04  /* the peer's key update, after its message */
#define FLAG_SPLIT 0x08   /* read in two pieces */
#define FLAG_SEND 0x10    /* the application sends something between */
#define FLAG_TICKETS 0x20 /* and takes the tickets */
#define FLAG_HAND_ON 0x40 /* and hands the connection on */
#define FLAG_OWN_UPDATE 0x80

#define N_CONFIGS 6

static HandoffKeyState *states[N_CONFIGS][2];

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  const HandoffCipherSuite *suites[N_CONFIGS] = {
    record_test_suite (0x0304, HANDOFF_NONCE_XOR),
    record_test_suite (0x0303, HANDOFF_NONCE_XOR),
    record_test_suite (0x0303, HANDOFF_NONCE_EXPLICIT),
    record_test_suite (0x0303, HANDOFF_NONCE_RANDOM_IV),
    record_test_suite (0x0303, HANDOFF_NONCE_RANDOM_IV),
    handoff_cipher_suite_by_id (0x1304),
  };

  fuzz_silence ();
  for (guint i = 0; i < N_CONFIGS; i++)
    {
      for (guint role = 0; role < 2; role++)
        {
          states[i][role] = record_test_state_new (suites[i], (HandoffRole) role);
          states[i][role]->encrypt_then_mac = i == 3;
        }
    }
  return 0;
}

typedef struct
{
  TlsHandoffRecordLayer *layer;
  RecordPeer peer;
  GByteArray *received; /* not yet consumed */
  gsize room_size;      /* what a reader has beside the records, 0: nothing */
} Run;

/* FALSE once the layer does not go on. */
static gboolean
read_some (Run *run, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) output = NULL;
  /* So much and no more, for the sanitizer. */
  g_autofree guint8 *room = g_malloc (run->room_size);
  gsize consumed, room_used, plaintext_size;
  gboolean closed;
  gboolean ok = handoff_record_receiver_unprotect (&run->layer->receiver, run->received->data, size,
                                                   room, run->room_size, &consumed, &room_used,
                                                   &plaintext_size, &closed, &error);

  g_assert_cmpint (ok, ==, error == NULL);
  output = tls_handoff_record_layer_take_output (run->layer);
  if (!ok)
    return FALSE;
  g_assert_cmpuint (consumed, <=, size);
  g_assert_cmpuint (room_used, <=, run->room_size);
  g_assert_cmpuint (room_used + plaintext_size, <=, consumed);
  g_byte_array_remove_range (run->received, 0, (guint) consumed);
  return !closed;
}

static void
send_something (Run *run)
{
  guint8 records[1024];
  gsize consumed, size;

  tls_handoff_record_layer_protect (run->layer, (const guint8 *) "x", 1, &consumed, records,
                                    sizeof records, &size, NULL);
}

static gboolean
hand_on (Run *run)
{
  g_autoptr (TlsHandoffImportKey) key = tls_handoff_import_key_new (NULL);
  g_autoptr (GBytes) public_key = tls_handoff_import_key_dup_public_key (key);
  g_autoptr (GError) error = NULL;
  int fd = tls_handoff_record_layer_export (run->layer, public_key, NULL, NULL, &error);

  if (fd < 0)
    return FALSE;
  g_object_unref (run->layer);
  run->layer = tls_handoff_record_layer_new_from_key_blob (key, fd, &error);
  g_assert_no_error (error);
  close (fd);
  return TRUE;
}

/* FALSE to end. */
static gboolean
act (Run *run, guint8 flags, guint8 type, const uint8_t *content, gsize size)
{
  gboolean is_text =
      flags & FLAG_PADDING && size >= 16 && handoff_cipher_suite_is_cbc (run->peer.suite);

  if (flags & FLAG_RAW)
    g_byte_array_append (run->received, content, (guint) size);
  else if (is_text)
    record_peer_seal_text (&run->peer, type, content, size / 16 * 16, run->received);
  else
    record_peer_seal (&run->peer, type, content, size, flags & FLAG_PADDING ? 7 : 0, run->received);
  if (flags & FLAG_UPDATE && run->peer.suite->protocol == 0x0304)
    record_peer_update (&run->peer, &run->peer.state);

  if (flags & FLAG_SPLIT && !read_some (run, run->received->len / 2))
    return FALSE;
  if (!read_some (run, run->received->len))
    return FALSE;
  if (flags & FLAG_SEND)
    send_something (run);
  if (flags & FLAG_TICKETS)
    {
      g_autoptr (GBytes) tickets G_GNUC_UNUSED =
          tls_handoff_record_layer_take_session_tickets (run->layer);
    }
  if (flags & FLAG_OWN_UPDATE)
    tls_handoff_record_layer_update_keys (run->layer, size % 2, NULL);
  return !(flags & FLAG_HAND_ON) || hand_on (run);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const gsize room_sizes[] = { 0, 20, 16384 + 1 };
  Run run;
  const HandoffKeyState *state;
  gboolean go_on = TRUE;

  if (size < 1)
    return 0;
  state = states[data[0] / 2 % N_CONFIGS][data[0] % 2];
  run.room_size = room_sizes[data[0] / 2 / N_CONFIGS % G_N_ELEMENTS (room_sizes)];
  data++;
  size--;
  run.layer = record_test_import (state);
  record_peer_init (&run.peer, state);
  run.received = g_byte_array_new ();
  while (go_on && size >= 4)
    {
      gsize content_size = MIN ((gsize) (data[2] | data[3] << 8), size - 4);

      content_size = MIN (content_size, 16384);
      go_on = act (&run, data[0], data[1], data + 4, content_size);
      data += 4 + content_size;
      size -= 4 + content_size;
    }
  g_object_unref (run.layer);
  g_byte_array_unref (run.received);
  return 0;
}
