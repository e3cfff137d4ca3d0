/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The key blobs of a channel: each opens once, in order, in one process, and nothing else does. */

#include "channel-seal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "golden-blobs.h"
#include "handoff-names.h"
#include "key-blob.h"
#include "keyblob-fixture.h"
#include "sealed-memfd.h"
#include "tls-handoff-error.h"

#define N_BLOBS 3

typedef struct
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  HandoffBlobSealer *sealer;
  HandoffBlobOpener *opener;
  HandoffKeyState *states[N_BLOBS];
  GBytes *blobs[N_BLOBS];
  int fds[N_BLOBS];
} Channel;

static void
set_up (Channel *channel, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  handoff_hpke_generate_key_pair (channel->private_key, channel->public_key, &error);
  g_assert_no_error (error);
  channel->sealer = handoff_blob_sealer_new (channel->public_key, channel->enc, &error);
  g_assert_no_error (error);
  channel->opener = handoff_blob_opener_new (channel->private_key, channel->enc, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < N_BLOBS; i++)
    {
      channel->states[i] = fixture_key_state (handoff_cipher_suite_by_id (0x1301),
                                              HANDOFF_ROLE_CLIENT, (guint8) (1 + i));
      channel->blobs[i] = handoff_blob_sealer_seal (channel->sealer, channel->states[i], &error);
      g_assert_no_error (error);
      channel->fds[i] = handoff_sealed_memfd_new (channel->blobs[i], &error);
      g_assert_no_error (error);
    }
}

static void
tear_down (Channel *channel, gconstpointer data)
{
  g_clear_pointer (&channel->sealer, handoff_blob_sealer_free);
  g_clear_pointer (&channel->opener, handoff_blob_opener_free);
  for (gsize i = 0; i < N_BLOBS; i++)
    {
      handoff_key_state_free (channel->states[i]);
      g_bytes_unref (channel->blobs[i]);
      close (channel->fds[i]);
    }
}

static void
assert_opens (Channel *channel, gsize i)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HandoffKeyState) state =
      handoff_blob_opener_open (channel->opener, channel->fds[i], &error);

  g_assert_no_error (error);
  g_assert_true (handoff_key_state_equal (state, channel->states[i]));
  g_assert_false (handoff_blob_opener_is_dead (channel->opener));
}

static void
assert_error (GError *error, int code, const char *pattern)
{
  g_assert_error (error, TLS_HANDOFF_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("The message “%s” does not match “%s”", error->message, pattern);
}

/* fd does not open, and nothing else does from then on. */
static void
assert_kills (HandoffBlobOpener *opener, int fd, int next_fd, int code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) later_error = NULL;

  g_assert_false (handoff_blob_opener_is_dead (opener));
  g_assert_null (handoff_blob_opener_open (opener, fd, &error));
  assert_error (error, code, pattern);
  g_assert_true (handoff_blob_opener_is_dead (opener));
  g_assert_null (handoff_blob_opener_open (opener, next_fd, &later_error));
  assert_error (later_error, TLS_HANDOFF_ERROR_KEY_USED, "*an earlier one did not open*");
}

/* content does not open in a new end of the same channel. */
static void
assert_content_kills (
    Channel *channel, const guint8 *content, gsize size, int code, const char *pattern)
{
  g_autoptr (HandoffBlobOpener) opener =
      handoff_blob_opener_new (channel->private_key, channel->enc, NULL);
  g_autoptr (GBytes) blob = g_bytes_new (content, size);
  int fd = handoff_sealed_memfd_new (blob, NULL);

  assert_kills (opener, fd, channel->fds[0], code, pattern);
  close (fd);
}

/* What comes out is not what went in; for every suite, role and format, many times in a row. */
static void
test_round_trip (Channel *channel, gconstpointer data)
{
  gsize n_suites;
  const HandoffCipherSuite *suites = handoff_cipher_suites (&n_suites);

  for (gsize i = 0; i < N_BLOBS; i++)
    assert_opens (channel, i);
  for (gsize i = 0; i < 4 * n_suites; i++)
    {
      g_autoptr (HandoffKeyState) state = fixture_key_state (
          &suites[i / 4], i % 2 == 0 ? HANDOFF_ROLE_CLIENT : HANDOFF_ROLE_SERVER, (guint8) i);
      g_autoptr (HandoffKeyState) opened = NULL;
      g_autoptr (GBytes) blob = NULL;
      g_autoptr (GError) error = NULL;
      int fd;

      if (i % 4 >= 2)
        fixture_add_bindings (state);
      blob = handoff_blob_sealer_seal (channel->sealer, state, &error);
      g_assert_no_error (error);
      fd = handoff_sealed_memfd_new (blob, &error);
      g_assert_no_error (error);
      opened = handoff_blob_opener_open (channel->opener, fd, &error);
      g_assert_no_error (error);
      g_assert_true (handoff_key_state_equal (state, opened));
      close (fd);
    }
}

/* The header says something else than docs/KEY-BLOB.md. */
static void
test_header (Channel *channel, gconstpointer data)
{
  for (gsize i = 0; i < N_BLOBS; i++)
    {
      guint8 header[HANDOFF_KEY_BLOB_HEADER_SIZE] = "TLSHOFF\0\0\1\0\0\0\1\0\2";

      header[sizeof header - 1] = (guint8) i;
      g_assert_cmpmem (g_bytes_get_data (channel->blobs[i], NULL), sizeof header, header,
                       sizeof header);
    }
}

/* A blob opens before its turn, or the one before it afterwards. */
static void
test_early (Channel *channel, gconstpointer data)
{
  assert_kills (channel->opener, channel->fds[1], channel->fds[0],
                TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*not number 0 of its channel*");
}

/* One that is missing is not missed. */
static void
test_missing (Channel *channel, gconstpointer data)
{
  assert_opens (channel, 0);
  assert_kills (channel->opener, channel->fds[2], channel->fds[1],
                TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*not number 1 of its channel*");
}

/* Two record layers with one key would use every nonce twice. */
static void
test_twice (Channel *channel, gconstpointer data)
{
  assert_opens (channel, 0);
  assert_kills (channel->opener, channel->fds[0], channel->fds[1],
                TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*not number 1 of its channel*");
}

/* The number in the header decides what opens, not the key. */
static void
test_renumbered (Channel *channel, gconstpointer data)
{
  gsize size;
  const guint8 *blob = g_bytes_get_data (channel->blobs[1], &size);
  g_autofree guint8 *renumbered = g_memdup2 (blob, size);

  renumbered[HANDOFF_KEY_BLOB_HEADER_SIZE - 1] = 0;
  assert_content_kills (channel, renumbered, size, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                        "*does not open*another channel");
}

/* What another channel sealed opens, though it was opened by the same process. */
static void
test_other_channel (Channel *channel, gconstpointer data)
{
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  /* The same recipient: the sender's half alone makes the difference. */
  g_autoptr (HandoffBlobSealer) sealer = handoff_blob_sealer_new (channel->public_key, enc, NULL);
  g_autoptr (GBytes) blob = handoff_blob_sealer_seal (sealer, channel->states[0], NULL);
  int fd = handoff_sealed_memfd_new (blob, NULL);

  g_assert_true (memcmp (enc, channel->enc, sizeof enc) != 0);
  assert_kills (channel->opener, fd, channel->fds[0], TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                "*does not open*another channel");
  close (fd);
}

/* A byte is not authenticated, or the message tells more than that it does not open. */
static void
test_tampered (Channel *channel, gconstpointer data)
{
  static const struct
  {
    gsize end;
    int code;
    const char *pattern;
  } fields[] = {
    { 8, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*does not start with “TLSHOFF”" },
    { 10, TLS_HANDOFF_ERROR_NOT_SUPPORTED, "*has format*" },
    { 12, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*KEM is 0x*" },
    { 14, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*KDF is 0x*" },
    { 16, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*AEAD is 0x*" },
    { 48, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*not number 0 of its channel*" },
    { G_MAXSIZE, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
      "The key blob does not open: it was changed, or sealed by another channel" },
  };
  gsize size, field = 0;
  const guint8 *blob = g_bytes_get_data (channel->blobs[0], &size);
  g_autofree guint8 *changed = g_memdup2 (blob, size);

  for (gsize i = 0; i < size; i++)
    {
      while (i >= fields[field].end)
        field++;
      changed[i] ^= 0x40;
      assert_content_kills (channel, changed, size, fields[field].code, fields[field].pattern);
      changed[i] ^= 0x40;
    }

  /* Another format that is read is no less a change. */
  changed[9] = 2;
  assert_content_kills (channel, changed, size, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                        "*does not open*");
}

static void
test_truncated_and_grown (Channel *channel, gconstpointer data)
{
  gsize size;
  const guint8 *blob = g_bytes_get_data (channel->blobs[0], &size);
  g_autofree guint8 *large = g_malloc0 (HANDOFF_KEY_BLOB_MAX_SIZE + 1);

  memcpy (large, blob, size);
  for (gsize i = 0; i < size; i++)
    assert_content_kills (channel, large, i, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                          i < 64 ? "*it must be 64 to 65536" : "*does not open*");
  assert_content_kills (channel, large, size + 1, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                        "*does not open*");
  assert_content_kills (channel, large, HANDOFF_KEY_BLOB_MAX_SIZE + 1,
                        TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*it must be 64 to 65536");
}

/* The right content in a file that somebody could still change, or in none. */
static void
test_unsealed (Channel *channel, gconstpointer data)
{
  gsize size;
  const guint8 *blob = g_bytes_get_data (channel->blobs[0], &size);
  int fd = memfd_create ("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (write (fd, blob, size), ==, (gssize) size);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW), ==, 0);
  assert_kills (channel->opener, fd, channel->fds[0], TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                "*lacks the seal “write”*");
  close (fd);
}

static void
test_no_file (Channel *channel, gconstpointer data)
{
  assert_kills (channel->opener, -1, channel->fds[0], TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*");
}

/* A blob that was sealed to an import key opens in a channel, or the reverse; even if the key is
 * the same. Or the message does not say what is wrong. */
static void
test_other_kind (Channel *channel, gconstpointer data)
{
  g_autoptr (GBytes) single = handoff_key_blob_seal (channel->states[0], channel->public_key, NULL);
  g_autoptr (GError) error = NULL;
  gsize size;
  gconstpointer blob = g_bytes_get_data (channel->blobs[0], &size);
  g_autofree guint8 *disguised = g_memdup2 (blob, size);

  assert_content_kills (channel, g_bytes_get_data (single, NULL), g_bytes_get_size (single),
                        TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*sealed to an import key*");

  g_assert_null (handoff_key_blob_open (blob, size, channel->private_key, &error));
  assert_error (error, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                "*opens in the channel that it came on*");
  g_clear_error (&error);
  disguised[11] = 0x20;
  memcpy (disguised + HANDOFF_KEY_BLOB_OPENER_OFFSET, channel->enc, sizeof channel->enc);
  g_assert_null (handoff_key_blob_open (disguised, size, channel->private_key, &error));
  assert_error (error, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID, "*does not open*");
}

static void
open_in_child (gpointer data)
{
  Channel *channel = data;
  g_autoptr (GError) open_error = NULL;
  g_autoptr (GError) seal_error = NULL;

  g_assert_true (handoff_blob_opener_is_dead (channel->opener));
  g_assert_null (handoff_blob_opener_open (channel->opener, channel->fds[1], &open_error));
  assert_error (open_error, TLS_HANDOFF_ERROR_KEY_USED, "*before the fork*");
  g_assert_null (handoff_blob_sealer_seal (channel->sealer, channel->states[0], &seal_error));
  assert_error (seal_error, TLS_HANDOFF_ERROR_FAILED, "*");
}

/* A child opens what the parent opens, or the parent loses its channel by the child. */
static void
test_fork (Channel *channel, gconstpointer data)
{
  assert_opens (channel, 0);
  fixture_run_in_child (open_in_child, channel);
  assert_opens (channel, 1);
  assert_opens (channel, 2);
}

/* What cannot be sealed uses a number, and the next blob opens no more. */
static void
test_seal_refuses (Channel *channel, gconstpointer data)
{
  g_autofree guint8 *much = g_malloc0 (HANDOFF_KEY_BLOB_MAX_SIZE);
  g_autoptr (GError) invalid_error = NULL;
  g_autoptr (GError) size_error = NULL;

  for (gsize i = 0; i < N_BLOBS; i++)
    assert_opens (channel, i);

  channel->states[0]->read.key_size--;
  g_assert_null (handoff_blob_sealer_seal (channel->sealer, channel->states[0], &invalid_error));
  g_assert_error (invalid_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
  handoff_secret_bytes_set (&channel->states[1]->unread_data, much, HANDOFF_KEY_BLOB_MAX_SIZE);
  g_assert_null (handoff_blob_sealer_seal (channel->sealer, channel->states[1], &size_error));
  g_assert_error (size_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);

  g_bytes_unref (channel->blobs[2]);
  close (channel->fds[2]);
  channel->blobs[2] = handoff_blob_sealer_seal (channel->sealer, channel->states[2], NULL);
  channel->fds[2] = handoff_sealed_memfd_new (channel->blobs[2], NULL);
  assert_opens (channel, 2);
}

/* Keys that give a secret which everybody knows. */
static void
test_small_order (Channel *channel, gconstpointer data)
{
  const guint8 zeros[HANDOFF_HPKE_KEY_SIZE] = { 0 };
  guint8 enc[HANDOFF_HPKE_KEY_SIZE];
  g_autoptr (GError) seal_error = NULL;
  g_autoptr (GError) open_error = NULL;

  g_assert_null (handoff_blob_sealer_new (zeros, enc, &seal_error));
  g_assert_error (seal_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT);
  g_assert_null (handoff_blob_opener_new (channel->private_key, zeros, &open_error));
  g_assert_error (open_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID);
}

/* The format changed. A blob that the service of today seals must open in the library of yesterday:
 * do not change the golden blobs, find another number than 0x0000. */
static void
test_golden (Channel *channel, gconstpointer data)
{
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  gsize size;
  g_autofree guint8 *enc = fixture_from_hex (GOLDEN_CHANNEL_ENC, &size);
  g_autoptr (HandoffBlobOpener) opener = NULL;

  g_assert_true (handoff_hpke_derive_key_pair ((const guint8 *) GOLDEN_RECIPIENT_SEED,
                                               strlen (GOLDEN_RECIPIENT_SEED), private_key,
                                               public_key, NULL));
  opener = handoff_blob_opener_new (private_key, enc, NULL);
  g_assert_cmpuint (G_N_ELEMENTS (golden_channel_blobs), ==, G_N_ELEMENTS (golden_blobs));
  for (gsize i = 0; i < G_N_ELEMENTS (golden_blobs); i++)
    {
      const GoldenBlob *golden = &golden_blobs[i];
      g_autoptr (HandoffKeyState) expected = fixture_key_state (
          handoff_cipher_suite_by_id (golden->cipher_suite), golden->role, golden->seed);
      g_autofree guint8 *bytes = fixture_from_hex (golden_channel_blobs[i], &size);
      g_autoptr (GBytes) blob = g_bytes_new (bytes, size);
      g_autoptr (HandoffKeyState) opened = NULL;
      g_autoptr (GError) error = NULL;
      int fd = handoff_sealed_memfd_new (blob, NULL);

      if (golden->live)
        fixture_make_live (expected);
      if (golden->format == 2)
        fixture_add_bindings (expected);
      opened = handoff_blob_opener_open (opener, fd, &error);
      g_assert_no_error (error);
      g_assert_true (handoff_key_state_equal (expected, opened));
      close (fd);
    }
}

/* An end of a channel can be swapped out, dumped, or found by a child. */
static void
test_memory (Channel *channel, gconstpointer data)
{
  gconstpointer ends[] = { channel->sealer, channel->opener };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_assert_true (fixture_mapping_has_flag (ends[i], "dd"));
      g_assert_true (fixture_mapping_has_flag (ends[i], "wf"));
      if (!fixture_is_sanitized ())
        g_assert_true (fixture_mapping_has_flag (ends[i], "lo"));
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*function) (Channel *channel, gconstpointer data);
  } tests[] = {
    { "round-trip", test_round_trip },
    { "header", test_header },
    { "early", test_early },
    { "missing", test_missing },
    { "twice", test_twice },
    { "renumbered", test_renumbered },
    { "other-channel", test_other_channel },
    { "tampered", test_tampered },
    { "truncated-and-grown", test_truncated_and_grown },
    { "unsealed", test_unsealed },
    { "no-file", test_no_file },
    { "other-kind", test_other_kind },
    { "fork", test_fork },
    { "seal-refuses", test_seal_refuses },
    { "small-order", test_small_order },
    { "golden", test_golden },
    { "memory", test_memory },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/keyblob/channel-seal/", tests[i].name, NULL);

      g_test_add (path, Channel, NULL, set_up, tests[i].function, tear_down);
    }
  return g_test_run ();
}
