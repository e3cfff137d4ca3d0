/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What only AES-CBC has: padding, IVs, MACs that stand somewhere in the text. */

#include <string.h>

#include "keyblob/tls-handoff-error.h"
#include "support/record-test-fixture.h"

#define BLOCK_SIZE 16
#define MAX_MAC_SIZE 48

typedef struct
{
  const HandoffCipherSuite *suite;
  gboolean mac_then_encrypt;
} Config;

static void
set_up (RecordFixture *f, gconstpointer data)
{
  const Config *config = data;

  f->state = record_test_state_new (config->suite, HANDOFF_ROLE_CLIENT);
  f->state->encrypt_then_mac = !config->mac_then_encrypt;
  f->layer = record_test_import (f->state);
  record_peer_init (&f->peer, f->state);
  f->records = g_byte_array_new ();
}

static void
reset (RecordFixture *f)
{
  g_byte_array_set_size (f->records, 0);
  record_fixture_import_again (f);
}

static void
seal_text (RecordFixture *f, const guint8 *text, gsize size)
{
  record_peer_seal_text (&f->peer, RECORD_DATA, text, size, f->records);
}

/* content | MAC (unless the MAC comes last) | padding; returns its size. */
static gsize
make_text (RecordFixture *f, const guint8 *content, gsize size, gsize padding, guint8 *text)
{
  RecordPeer *peer = &f->peer;
  g_autoptr (GByteArray) message = g_byte_array_new ();
  guint8 pseudo_header[13] = { 0, 0, 0, 0, 0, 0, 0, 0, RECORD_DATA, 3, 3, 0, 0 };
  gsize used = size;

  pseudo_header[7] = peer->state.sequence_number;
  pseudo_header[11] = size >> 8;
  pseudo_header[12] = size & 0xff;
  g_byte_array_append (message, pseudo_header, sizeof pseudo_header);
  g_byte_array_append (message, content, size);
  memcpy (text, content, size);
  if (!peer->encrypt_then_mac)
    {
      gnutls_hmac_fast (peer->suite->mac, peer->state.mac_key, peer->state.mac_key_size,
                        message->data, message->len, text + used);
      used += peer->suite->tag_size;
    }
  memset (text + used, padding, padding + 1);
  return used + padding + 1;
}

/* The size that needs exactly this much padding, near base. */
static gsize
size_for_padding (RecordFixture *f, gsize base, gsize padding)
{
  gsize mac_size = f->peer.encrypt_then_mac ? 0 : f->peer.suite->tag_size;

  while ((base + mac_size + padding + 1) % BLOCK_SIZE != 0)
    base++;
  return base;
}

/* Each padding there can be, with content around the limits of a hash's blocks. Fails if the MAC is
 * looked for in a wrong place, or computed over a wrong length. */
static void
test_every_padding (RecordFixture *f, gconstpointer data)
{
  static const gsize sizes[] = { 1, 30, 51, 100, 115, 243, 600, 16300 };
  g_autoptr (GBytes) bytes = record_test_data (17000);
  const guint8 *content = g_bytes_get_data (bytes, NULL);
  g_autofree guint8 *text = g_malloc (17000 + MAX_MAC_SIZE + 256);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize padding = 0; padding < 256; padding++)
      {
        gsize size = size_for_padding (f, sizes[i], padding);
        gsize text_size = make_text (f, content, size, padding, text);
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) received = NULL;
        TlsHandoffRecordStatus status;

        g_byte_array_set_size (f->records, 0);
        f->peer.state.sequence_number %= 200; /* it has one byte here */
        if (f->peer.state.sequence_number == 0)
          {
            f->peer.state.sequence_number = 5;
            reset (f);
            text_size = make_text (f, content, size, padding, text);
          }
        seal_text (f, text, text_size);
        received = record_test_unprotect (f->layer, f->records, &status, &error);
        g_assert_no_error (error);
        g_assert_cmpmem (g_bytes_get_data (received, NULL), g_bytes_get_size (received), content,
                         size);
      }
}

/* Each byte of padding that is wrong, in paddings of several lengths. Fails if some are not looked
 * at (POODLE). */
static void
test_wrong_padding (RecordFixture *f, gconstpointer data)
{
  static const gsize paddings[] = { 0, 1, 15, 16, 100, 255 };
  guint8 content[64] = { 0 };
  guint8 text[64 + MAX_MAC_SIZE + 256];

  for (gsize i = 0; i < G_N_ELEMENTS (paddings); i++)
    for (gsize wrong = 1; wrong <= paddings[i] + 1; wrong++)
      {
        gsize size = size_for_padding (f, 20, paddings[i]);
        gsize text_size;

        reset (f);
        text_size = make_text (f, content, size, paddings[i], text);
        text[text_size - wrong] ^= 0x80;
        seal_text (f, text, text_size);
        record_fixture_assert_refuses (f, 20, "bad_record_mac");
      }
}

/* Each byte of the MAC. */
static void
test_wrong_mac (RecordFixture *f, gconstpointer data)
{
  guint8 content[64] = { 0 };
  guint8 text[64 + MAX_MAC_SIZE + 256];

  for (gsize wrong = 0; wrong < f->peer.suite->tag_size; wrong++)
    {
      gsize size = size_for_padding (f, 20, 40);
      gsize text_size;

      reset (f);
      text_size = make_text (f, content, size, 40, text);
      if (!f->peer.encrypt_then_mac)
        text[size + wrong] ^= 0x80;
      seal_text (f, text, text_size);
      if (f->peer.encrypt_then_mac)
        f->records->data[f->records->len - 1 - wrong] ^= 0x80;
      record_fixture_assert_refuses (f, 20, "bad_record_mac");
    }
}

/* Padding that is longer than what there is, and records without room for a MAC. Fails if something
 * is read before the start of the text (ASan). */
static void
test_padding_too_long (RecordFixture *f, gconstpointer data)
{
  guint8 text[16 * BLOCK_SIZE];

  for (gsize size = BLOCK_SIZE; size <= sizeof text; size += BLOCK_SIZE)
    for (gsize padding = size - MIN (size, 60); padding < 256; padding++)
      {
        /* With encrypt-then-MAC the whole text may be padding, which makes an empty record. */
        if (f->peer.encrypt_then_mac && padding < size)
          continue;
        reset (f);
        memset (text, padding, size);
        seal_text (f, text, size);
        record_fixture_assert_refuses (f, 20, "bad_record_mac");
      }
}

/* Fragments that are not whole blocks. */
static void
test_part_of_block (RecordFixture *f, gconstpointer data)
{
  for (gsize more = 1; more < BLOCK_SIZE; more++)
    {
      gsize fragment_size;

      reset (f);
      record_fixture_seal (f, RECORD_DATA, "data", 4);
      fragment_size = f->records->len - 5 + more;
      for (gsize i = 0; i < more; i++)
        g_byte_array_append (f->records, (const guint8 *) "", 1);
      f->records->data[3] = fragment_size >> 8;
      f->records->data[4] = fragment_size & 0xff;
      record_fixture_assert_refuses (f, 20, "bad_record_mac");
    }
}

/* The largest content with the largest padding is taken; one byte more of content is refused,
 * though the record is no larger. Fails if the limit is that of the record's size alone. */
static void
test_limit (RecordFixture *f, gconstpointer data)
{
  const gsize limit = 16384;
  gsize mac_size = f->peer.encrypt_then_mac ? 0 : f->peer.suite->tag_size;
  gsize most_padding = (limit + mac_size + 256) / BLOCK_SIZE * BLOCK_SIZE - limit - mac_size - 1;
  g_autoptr (GBytes) bytes = record_test_data (limit + 1);
  const guint8 *content = g_bytes_get_data (bytes, NULL);
  g_autofree guint8 *text = g_malloc (limit + 1 + MAX_MAC_SIZE + 256);
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GError) error = NULL;
  TlsHandoffRecordStatus status;
  gsize text_size = make_text (f, content, limit, most_padding, text);

  seal_text (f, text, text_size);
  received = record_test_unprotect (f->layer, f->records, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_get_size (received) == limit);

  reset (f);
  text_size = make_text (f, content, limit + 1, most_padding - 1, text);
  seal_text (f, text, text_size);
  record_fixture_assert_refuses (f, 22, "record_overflow");
}

/* The same data twice makes different records: the IV is not the sequence number, nor the last
 * block.
 */
static void
test_random_iv (RecordFixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) ivs =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GByteArray) out = g_byte_array_new ();

      record_fixture_import_again (f);
      record_test_protect (f->layer, (const guint8 *) "same", 4, out);
      g_assert_true (g_hash_table_add (ivs, g_bytes_new (out->data + 5, BLOCK_SIZE)));
      g_assert_true (
          g_hash_table_add (ivs, g_bytes_new (out->data + out->len - BLOCK_SIZE, BLOCK_SIZE)));
    }
}

static void
add (const Config *config,
     const char *name,
     void (*function) (RecordFixture *f, gconstpointer data))
{
  g_autofree char *path =
      g_strdup_printf ("/record-layer/cbc/%s/%s/%s", config->suite->name,
                       config->mac_then_encrypt ? "mac-then-encrypt" : "encrypt-then-mac", name);

  g_test_add (path, RecordFixture, config, set_up, function, record_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  gsize n;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n);
  g_autofree Config *configs = g_new0 (Config, 2 * n);

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < 2 * n; i++)
    {
      configs[i].suite = &suites[i / 2];
      configs[i].mac_then_encrypt = i % 2;
      /* Key exchanges make no difference here. */
      if (configs[i].suite->kx != GNUTLS_KX_ECDHE_ECDSA ||
          !handoff_cipher_suite_is_cbc (configs[i].suite))
        continue;
      add (&configs[i], "every-padding", test_every_padding);
      add (&configs[i], "wrong-padding", test_wrong_padding);
      add (&configs[i], "wrong-mac", test_wrong_mac);
      add (&configs[i], "padding-too-long", test_padding_too_long);
      add (&configs[i], "part-of-block", test_part_of_block);
      add (&configs[i], "limit", test_limit);
      add (&configs[i], "random-iv", test_random_iv);
    }
  return g_test_run ();
}
