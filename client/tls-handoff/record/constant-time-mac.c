/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A test runs this under valgrind with a text that is marked as undefined: valgrind then complains
 * about each branch and each address that depends on the text.
 *
 * What is secret is a guint32 below 2^18, so that differences have their sign in the highest bit.
 * What is public is a gsize. */

#include "record/constant-time-mac.h"

#include <string.h>
#include <nettle/nettle-meta.h>

#include "keyblob/secret-memory.h"

#define PSEUDO_HEADER_SIZE 13
#define LENGTH_OFFSET 11
#define MAX_PADDING 256 /* with the byte that tells its length */
#define MAX_BLOCK_SIZE SHA512_BLOCK_SIZE
#define MAX_MAC_SIZE SHA384_DIGEST_SIZE

/* All ones or all zeros. */
typedef guint32 Mask;

/* The compiler must not know that a mask has two values only, or it could make a branch of it. */
static inline Mask
hide (Mask mask)
{
  __asm__("" : "+r"(mask));
  return mask;
}

static inline Mask
less_than (guint32 a, guint32 b)
{
  return hide (-((a - b) >> 31));
}

static inline Mask
equal (guint32 a, guint32 b)
{
  return hide (-(((a ^ b) - 1) >> 31));
}

static const struct nettle_hash *
get_hash (const HandoffConstantTimeMac *self)
{
  switch (self->mac)
    {
    case GNUTLS_MAC_SHA1:
      return &nettle_sha1;
    case GNUTLS_MAC_SHA256:
      return &nettle_sha256;
    default:
      return &nettle_sha384;
    }
}

void
handoff_constant_time_mac_init (HandoffConstantTimeMac *self,
                                gnutls_mac_algorithm_t mac,
                                const guint8 *key,
                                gsize key_size)
{
  const struct nettle_hash *hash;
  guint8 inner_pad[MAX_BLOCK_SIZE];
  guint8 outer_pad[MAX_BLOCK_SIZE];

  self->mac = mac;
  hash = get_hash (self);
  g_assert (key_size <= hash->block_size);
  memset (inner_pad, 0x36, sizeof inner_pad);
  memset (outer_pad, 0x5c, sizeof outer_pad);
  for (gsize i = 0; i < key_size; i++)
    {
      inner_pad[i] ^= key[i];
      outer_pad[i] ^= key[i];
    }
  hash->init (&self->inner);
  hash->update (&self->inner, hash->block_size, inner_pad);
  hash->init (&self->outer);
  hash->update (&self->outer, hash->block_size, outer_pad);
  handoff_wipe (inner_pad, sizeof inner_pad);
  handoff_wipe (outer_pad, sizeof outer_pad);
}

/* The padding's length without the byte that tells it, 0 unless *good: a MAC is looked for in any
 * case (RFC 5246 6.2.3.2, implementation note). */
static guint32
check_padding (const guint8 *text, gsize text_size, gsize mac_size, Mask *good)
{
  guint32 padding = text[text_size - 1];
  guint32 differences = 0;
  Mask fits = less_than (padding + mac_size, text_size);

  for (gsize i = 0; i < MIN (MAX_PADDING, text_size); i++)
    differences |= less_than (i, padding + 1) & (text[text_size - 1 - i] ^ padding);
  *good = fits & equal (differences, 0);
  return padding & *good;
}

/* The chaining value of a context, as the digest would be if the message ended here. */
static void
or_state (const HandoffConstantTimeMac *self,
          const HandoffHashContext *context,
          Mask mask,
          guint8 digest[MAX_MAC_SIZE])
{
  gsize digest_size = get_hash (self)->digest_size;

  if (self->mac == GNUTLS_MAC_SHA384)
    {
      for (gsize i = 0; i < digest_size; i++)
        digest[i] |= mask & (guint8) (context->sha512.state[i / 8] >> (56 - i % 8 * 8));
    }
  else
    {
      const guint32 *state =
          self->mac == GNUTLS_MAC_SHA1 ? context->sha1.state : context->sha256.state;

      for (gsize i = 0; i < digest_size; i++)
        digest[i] |= mask & (guint8) (state[i / 4] >> (24 - i % 4 * 8));
    }
}

/* One block of the inner hash's last few: the message, which ends at secret message_size, and then
 * what a hash puts behind it. start: of the block, in the message. */
static void
make_block (const guint8 pseudo_header[PSEUDO_HEADER_SIZE],
            const guint8 *text,
            gsize text_size,
            gsize start,
            gsize block_size,
            guint32 message_size,
            Mask last,
            guint8 block[MAX_BLOCK_SIZE])
{
  guint32 n_bits = (block_size + message_size) * 8; /* with the block of the key */

  for (gsize i = 0; i < block_size; i++)
    {
      gsize position = start + i;
      guint8 byte = 0;

      if (position < PSEUDO_HEADER_SIZE)
        byte = pseudo_header[position];
      else if (position - PSEUDO_HEADER_SIZE < text_size)
        byte = text[position - PSEUDO_HEADER_SIZE];
      block[i] =
          (byte & less_than (position, message_size)) | (0x80 & equal (position, message_size));
    }
  for (gsize i = 0; i < 4; i++)
    block[block_size - 4 + i] |= last & (guint8) (n_bits >> (24 - 8 * i));
}

/* HMAC of the pseudo-header and content_size (secret, and between the two public limits) bytes. */
static void
compute (const HandoffConstantTimeMac *self,
         const guint8 pseudo_header[PSEUDO_HEADER_SIZE],
         const guint8 *text,
         gsize text_size,
         gsize min_size,
         gsize max_size,
         guint32 content_size,
         guint8 mac[MAX_MAC_SIZE])
{
  const struct nettle_hash *hash = get_hash (self);
  const gsize block_size = hash->block_size;
  const guint shift = block_size == SHA512_BLOCK_SIZE ? 7 : 6;
  const gsize length_size = block_size / 8; /* of the message's length behind it */
  const guint32 message_size = PSEUDO_HEADER_SIZE + content_size;
  const guint32 last_block = (message_size + length_size) >> shift;
  const gsize max_last_block = (PSEUDO_HEADER_SIZE + max_size + length_size) >> shift;
  const gsize n_whole_blocks = (PSEUDO_HEADER_SIZE + min_size) >> shift;
  HandoffHashContext context = self->inner;
  guint8 block[MAX_BLOCK_SIZE];
  guint8 digest[MAX_MAC_SIZE] = { 0 };

  /* What is content in any case. */
  if (n_whole_blocks > 0)
    {
      const gsize in_first_block = block_size - PSEUDO_HEADER_SIZE;

      memcpy (block, pseudo_header, PSEUDO_HEADER_SIZE);
      memcpy (block + PSEUDO_HEADER_SIZE, text, in_first_block);
      hash->update (&context, block_size, block);
      hash->update (&context, (n_whole_blocks - 1) * block_size, text + in_first_block);
    }
  /* What may be. A whole block goes straight into the compression function; the state after the
   * secret last one is kept. */
  for (gsize i = n_whole_blocks; i <= max_last_block; i++)
    {
      Mask last = equal (i, last_block);

      make_block (pseudo_header, text, text_size, i * block_size, block_size, message_size, last,
                  block);
      hash->update (&context, block_size, block);
      or_state (self, &context, last, digest);
    }

  context = self->outer;
  hash->update (&context, hash->digest_size, digest);
  hash->digest (&context, hash->digest_size, mac);
  handoff_wipe (&context, sizeof context);
  handoff_wipe (block, sizeof block);
}

/* Copies mac_size bytes from a secret position that is not before min_position. */
static void
extract (const guint8 *text,
         gsize text_size,
         gsize min_position,
         guint32 position,
         gsize mac_size,
         guint8 mac[MAX_MAC_SIZE])
{
  guint8 ring[MAX_MAC_SIZE] = { 0 };
  guint8 turned[MAX_MAC_SIZE];
  guint32 start = 0;
  gsize in_ring = 0;

  /* The bytes come into a ring in their order, but start somewhere in it. */
  for (gsize i = min_position; i < text_size; i++)
    {
      Mask inside = ~less_than (i, position) & less_than (i, position + mac_size);

      ring[in_ring] |= text[i] & inside;
      start |= in_ring & equal (i, position);
      in_ring = in_ring + 1 == mac_size ? 0 : in_ring + 1;
    }
  /* The ring is turned by start, a power of two at a time. */
  for (gsize step = 1; step < mac_size; step *= 2)
    {
      Mask turn = ~equal (start & step, 0);

      for (gsize i = 0; i < mac_size; i++)
        turned[i] = (ring[(i + step) % mac_size] & turn) | (ring[i] & ~turn);
      memcpy (ring, turned, mac_size);
    }
  memcpy (mac, ring, mac_size);
}

guint32
handoff_constant_time_mac_check (const HandoffConstantTimeMac *self,
                                 const guint8 pseudo_header[13],
                                 const guint8 *text,
                                 gsize text_size,
                                 guint32 *content_size)
{
  const gsize mac_size = get_hash (self)->digest_size;
  const gsize max_size = text_size - mac_size - 1;
  const gsize min_size = max_size > MAX_PADDING - 1 ? max_size - (MAX_PADDING - 1) : 0;
  guint8 header[PSEUDO_HEADER_SIZE];
  guint8 expected[MAX_MAC_SIZE];
  guint8 found[MAX_MAC_SIZE];
  guint32 differences = 0;
  Mask good;

  *content_size = max_size - check_padding (text, text_size, mac_size, &good);
  memcpy (header, pseudo_header, LENGTH_OFFSET);
  header[LENGTH_OFFSET] = *content_size >> 8;
  header[LENGTH_OFFSET + 1] = *content_size & 0xff;

  compute (self, header, text, text_size, min_size, max_size, *content_size, expected);
  extract (text, text_size, min_size, *content_size, mac_size, found);
  for (gsize i = 0; i < mac_size; i++)
    differences |= expected[i] ^ found[i];
  handoff_wipe (expected, sizeof expected);
  return good & equal (differences, 0);
}
