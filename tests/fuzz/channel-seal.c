/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What the application's end of a channel opens: each blob of its channel once, in order, as it was
 * sealed, and nothing else; after anything else nothing at all.
 *
 * Input: tries, each of 4 bytes: which blob of the channel; what of it: as it is, one byte changed,
 * cut off; a number for where, of 2 bytes. Behind a byte 0xff: a blob, in place of those. */

#include <nettle/curve25519.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "keyblob/channel-seal.h"
#include "keyblob/handoff-names.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"

#define N_BLOBS 4

static const guint8 private_key[HANDOFF_HPKE_KEY_SIZE] = { 1 };
static guint8 enc[HANDOFF_HPKE_KEY_SIZE];
static GBytes *blobs[N_BLOBS];

static void
fill (HandoffDirectionState *direction, guint8 value)
{
  memset (direction->key, value, 16);
  memset (direction->iv, value + 1, 12);
  memset (direction->traffic_secret, value + 2, 32);
  direction->key_size = 16;
  direction->iv_size = 12;
  direction->traffic_secret_size = 32;
  direction->max_plaintext_size = HANDOFF_MAX_MAX_PLAINTEXT_SIZE;
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (HandoffBlobSealer) sealer = NULL;
  g_autoptr (HandoffKeyState) state = handoff_key_state_new ();
  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];

  fuzz_silence ();
  curve25519_mul_g (public_key, private_key);
  sealer = handoff_blob_sealer_new (public_key, enc, NULL);
  state->protocol = 0x0304;
  state->cipher_suite = 0x1301;
  for (guint i = 0; i < N_BLOBS; i++)
    {
      fill (&state->read, (guint8) (10 * i));
      fill (&state->write, (guint8) (10 * i + 5));
      blobs[i] = handoff_blob_sealer_seal (sealer, state, NULL);
      g_assert_nonnull (blobs[i]);
    }
  return 0;
}

/* n_opened: so many did; N_BLOBS: none will any more */
static void
check (HandoffBlobOpener *opener, const guint8 *content, gsize size, guint *n_opened)
{
  g_autoptr (GBytes) blob = g_bytes_new (content, size);
  const gboolean is_next = *n_opened < N_BLOBS && g_bytes_equal (blob, blobs[*n_opened]);
  int fd = handoff_sealed_memfd_new (blob, NULL);
  g_autoptr (HandoffKeyState) state = handoff_blob_opener_open (opener, fd, NULL);

  close (fd);
  g_assert_cmpint (state != NULL, ==, is_next);
  g_assert_cmpint (handoff_blob_opener_is_dead (opener), ==, !is_next);
  if (is_next)
    (*n_opened)++;
  else
    *n_opened = N_BLOBS;
}

static void
check_try (HandoffBlobOpener *opener, const guint8 try[4], guint *n_opened)
{
  const gsize number = (gsize) (try[2] << 8 | try[3]);
  gsize size;
  const guint8 *blob = g_bytes_get_data (blobs[try[0] % N_BLOBS], &size);
  g_autofree guint8 *content = g_memdup2 (blob, size);

  if (try[1] % 3 == 1)
    content[number % size] ^= (guint8) (1u << try[1] % 8);
  else if (try[1] % 3 == 2)
    size = number % size;
  check (opener, content, size, n_opened);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (HandoffBlobOpener) opener = handoff_blob_opener_new (private_key, enc, NULL);
  guint n_opened = 0;

  if (size > 0 && data[0] == 0xff)
    check (opener, data + 1, size - 1, &n_opened);
  else
    for (gsize i = 0; i + 4 <= size && i < 64; i += 4)
      check_try (opener, data + i, &n_opened);
  return 0;
}
