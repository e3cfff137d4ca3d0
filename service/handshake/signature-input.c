/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "handshake/signature-input.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "handshake/recent-blocks.h"

#define RANDOM_SIZE 32
/* RFC 8446 4.4.3: spaces, and a text, which is as long for the client; then a zero. */
#define N_SPACES 64
#define CONTEXT "TLS 1.3, server CertificateVerify"
/* RFC 8422 5.4: curve_type named_curve, the curve, the size of the point. */
#define NAMED_CURVE 3
#define ECDH_HEADER_SIZE 4

struct _HandoffSignatureInput
{
  gnutls_session_t session; /* (unowned) */
  GByteArray *messages;     /* (owned) (nullable): NULL if none are collected */
};

/* What is looked for. */
typedef struct
{
  HandoffSignatureInput *self; /* (unowned) */
  gnutls_digest_algorithm_t algorithm;
  const gnutls_datum_t *digest;
} Sought;

HandoffSignatureInput *
handoff_signature_input_new (gnutls_session_t session, HandoffRole role)
{
  HandoffSignatureInput *self = g_new0 (HandoffSignatureInput, 1);

  self->session = session;
  if (role == HANDOFF_ROLE_CLIENT)
    self->messages = g_byte_array_new ();
  return self;
}

void
handoff_signature_input_free (HandoffSignatureInput *self)
{
  handoff_signature_input_close (self);
  g_free (self);
}

void
handoff_signature_input_close (HandoffSignatureInput *self)
{
  g_clear_pointer (&self->messages, g_byte_array_unref);
}

void
handoff_signature_input_note_message (HandoffSignatureInput *self,
                                      guint type,
                                      const gnutls_datum_t *message)
{
  const guint8 header[] = { (guint8) type, (guint8) (message->size >> 16),
                            (guint8) (message->size >> 8), (guint8) message->size };

  if (self->messages == NULL)
    return;
  switch (type)
    {
    /* These are TLS 1.3's alone, whose transcript is in a block of its own. */
    case GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST:
    case GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS:
      handoff_signature_input_close (self);
      return;
    /* No part of the transcript (RFC 5246 7.4.1.1); not a message of the handshake at all. */
    case GNUTLS_HANDSHAKE_HELLO_REQUEST:
    case GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC:
      return;
    default:
      g_byte_array_append (self->messages, header, sizeof header);
      g_byte_array_append (self->messages, message->data, message->size);
    }
}

/* How much of a block is 64 spaces, the context and a hash. 0: it does not begin so. */
static gsize
measure_tls13 (gnutls_session_t session, const guint8 *block)
{
  guint i;

  for (i = 0; i < N_SPACES; i++)
    {
      if (block[i] != ' ')
        return 0;
    }
  return N_SPACES + sizeof CONTEXT + gnutls_hash_get_len (gnutls_prf_hash_get (session));
}

/* How much of a block of that size is randoms and parameters. 0: it does not begin so. */
static gsize
measure_tls12_server (gnutls_session_t session, const guint8 *block, gsize size)
{
  gnutls_datum_t client_random, server_random;
  const guint8 *parameters = block + 2 * RANDOM_SIZE;

  gnutls_session_get_random (session, &client_random, &server_random);
  if (size <= 2 * RANDOM_SIZE + ECDH_HEADER_SIZE || client_random.size != RANDOM_SIZE ||
      server_random.size != RANDOM_SIZE || memcmp (block, client_random.data, RANDOM_SIZE) != 0 ||
      memcmp (block + RANDOM_SIZE, server_random.data, RANDOM_SIZE) != 0)
    return 0;
  /* Those of DHE begin with the size of the prime, which is more than 3 * 256 bytes never. */
  if (parameters[0] == NAMED_CURVE)
    return 2 * RANDOM_SIZE + ECDH_HEADER_SIZE + parameters[3];
  return size;
}

static gboolean
has_digest (const Sought *sought, gconstpointer data, gsize size)
{
  guint8 digest[64];

  G_STATIC_ASSERT (sizeof digest >= 512 / 8);
  return sought->digest->size == gnutls_hash_get_len (sought->algorithm) &&
         sought->digest->size <= sizeof digest &&
         gnutls_hash_fast (sought->algorithm, data, size, digest) >= 0 &&
         memcmp (digest, sought->digest->data, sought->digest->size) == 0;
}

static gsize
match (const guint8 *block, gsize size, gpointer user_data)
{
  const Sought *sought = user_data;
  gnutls_session_t session = sought->self->session;
  gsize used = gnutls_protocol_get_version (session) == GNUTLS_TLS1_3
                   ? measure_tls13 (session, block)
                   : measure_tls12_server (session, block, size);

  return used > 0 && used <= size && has_digest (sought, block, used) ? used : 0;
}

GBytes *
handoff_signature_input_find (HandoffSignatureInput *self,
                              gnutls_digest_algorithm_t algorithm,
                              const gnutls_datum_t *digest)
{
  Sought sought = { self, algorithm, digest };
  const guint8 *block;
  gsize size;

  if (self->messages != NULL && has_digest (&sought, self->messages->data, self->messages->len))
    return g_bytes_new (self->messages->data, self->messages->len);
  block = handoff_recent_blocks_find (match, &sought, &size);
  return block != NULL ? g_bytes_new (block, size) : NULL;
}
