/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "channel-seal.h"

#include <string.h>

#include "handoff-names.h"
#include "key-blob.h"
#include "sealed-memfd.h"
#include "secret-memory.h"
#include "tls-handoff-error.h"

/* Not that of the blobs with an encapsulated key: a key pair that served both ways would have
 * different keys in each. */
#define INFO "org.tlshandoff.Handoff1 channel"

typedef enum
{
  FORKED = 0, /* what a child finds in the place of the parent's */
  ALIVE,
  DEAD, /* and wiped */
} Life;

/* Either end. Alone in its page, which a forked child finds zeroed. */
typedef struct
{
  Life life;
  HandoffHpkeContext context;
} End;

struct _HandoffBlobSealer
{
  End end;
};

struct _HandoffBlobOpener
{
  End end;
};

static void
end_die (End *end)
{
  handoff_hpke_context_clear (&end->context);
  end->life = DEAD;
}

/* Where the header of others has the encapsulated key: the number, big-endian, after zeros. */
static void
write_number (guint64 number, guint8 opener[HANDOFF_KEY_BLOB_OPENER_SIZE])
{
  const guint64 big_endian = GUINT64_TO_BE (number);

  memset (opener, 0, HANDOFF_KEY_BLOB_OPENER_SIZE);
  memcpy (opener + HANDOFF_KEY_BLOB_OPENER_SIZE - sizeof big_endian, &big_endian,
          sizeof big_endian);
}

/**
 * handoff_blob_sealer_new:
 * @recipient_key: the application's one-time X25519 public key, 32 bytes
 * @enc: (out): 32 bytes, the encapsulated key, from which the application makes its end
 * @error: return location for an error
 *
 * Makes the service's end of a channel's context. Any thread.
 *
 * Returns: (transfer full): the sealer, or %NULL with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a key
 *   of small order, %TLS_HANDOFF_ERROR_FAILED if there was no randomness
 */
HandoffBlobSealer *
handoff_blob_sealer_new (const guint8 recipient_key[HANDOFF_HPKE_KEY_SIZE],
                         guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                         GError **error)
{
  HandoffBlobSealer *self = handoff_secret_new (sizeof *self, HANDOFF_SECRET_WIPE_ON_FORK);

  if (!handoff_hpke_setup_sender (&self->end.context, HANDOFF_HPKE_AEAD_AES_256_GCM, recipient_key,
                                  (const guint8 *) INFO, strlen (INFO), NULL, enc, error))
    {
      handoff_secret_free (self);
      return NULL;
    }
  self->end.life = ALIVE;
  return self;
}

void
handoff_blob_sealer_free (HandoffBlobSealer *self)
{
  handoff_secret_free (self);
}

/**
 * handoff_blob_sealer_seal:
 * @self: the sealer
 * @state: a valid state
 * @error: return location for an error
 *
 * Seals the channel's next blob; then the key that it was sealed with is gone.
 *
 * Returns: (transfer full): the blob, or %NULL with %TLS_HANDOFF_ERROR_INVALID_ARGUMENT for a state
 *   that has more than a blob can hold, %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID for one that is not
 *   valid: the next blob has the number of this one. With %TLS_HANDOFF_ERROR_FAILED or
 *   %TLS_HANDOFF_ERROR_LIMIT_REACHED, no blob will be sealed any more
 */
GBytes *
handoff_blob_sealer_seal (HandoffBlobSealer *self, const HandoffKeyState *state, GError **error)
{
  HandoffHpkeContext *context = &self->end.context;
  const guint64 number = context->sequence_number;
  guint8 opener[HANDOFF_KEY_BLOB_OPENER_SIZE];
  g_autoptr (GBytes) blob = NULL;

  if (self->end.life != ALIVE)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_FAILED,
                           "This channel cannot seal key blobs any more");
      return NULL;
    }

  write_number (number, opener);
  blob = handoff_key_blob_seal_in_context (context, HANDOFF_KEY_BLOB_KEM_OF_CHANNEL, opener, state,
                                           error);
  if (blob == NULL && context->sequence_number == number && number < G_MAXUINT64)
    return NULL;
  if (blob == NULL || !handoff_hpke_context_ratchet (context, error))
    {
      end_die (&self->end);
      return NULL;
    }
  return g_steal_pointer (&blob);
}

/**
 * handoff_blob_opener_new:
 * @private_key: the application's one-time X25519 private key, 32 bytes, which the caller wipes
 * @enc: the encapsulated key, 32 bytes
 * @error: return location for an error
 *
 * Makes the application's end of a channel's context. Any thread.
 *
 * Returns: (transfer full): the opener, or %NULL with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID for an
 *   @enc of small order, %TLS_HANDOFF_ERROR_FAILED otherwise
 */
HandoffBlobOpener *
handoff_blob_opener_new (const guint8 private_key[HANDOFF_HPKE_KEY_SIZE],
                         const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                         GError **error)
{
  HandoffBlobOpener *self = handoff_secret_new (sizeof *self, HANDOFF_SECRET_WIPE_ON_FORK);
  g_autoptr (GError) setup_error = NULL;

  if (!handoff_hpke_setup_recipient (&self->end.context, HANDOFF_HPKE_AEAD_AES_256_GCM, private_key,
                                     enc, (const guint8 *) INFO, strlen (INFO), &setup_error))
    {
      handoff_secret_free (self);
      /* It came from the service. */
      if (g_error_matches (setup_error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_INVALID_ARGUMENT))
        g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
                             "The channel's encapsulated key is a point of small order");
      else
        g_propagate_error (error, g_steal_pointer (&setup_error));
      return NULL;
    }
  self->end.life = ALIVE;
  return self;
}

void
handoff_blob_opener_free (HandoffBlobOpener *self)
{
  handoff_secret_free (self);
}

/* The blob is the next of its channel, or claims to be. */
static gboolean
check_number (const guint8 *blob, guint64 expected, GError **error)
{
  guint8 opener[HANDOFF_KEY_BLOB_OPENER_SIZE];

  write_number (expected, opener);
  if (memcmp (blob + HANDOFF_KEY_BLOB_OPENER_OFFSET, opener, sizeof opener) == 0)
    return TRUE;

  g_set_error (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_BLOB_INVALID,
               "The key blob is not number %" G_GUINT64_FORMAT
               " of its channel, which is the next: each opens once, in their order",
               expected);
  return FALSE;
}

static HandoffKeyState *
open_next (HandoffHpkeContext *context, int blob_fd, GError **error)
{
  g_autoptr (HandoffKeyState) state = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *blob;
  gsize size;

  bytes = handoff_sealed_memfd_read (blob_fd, HANDOFF_KEY_BLOB_HEADER_SIZE + HANDOFF_HPKE_TAG_SIZE,
                                     HANDOFF_KEY_BLOB_MAX_SIZE, error);
  if (bytes == NULL)
    return NULL;
  blob = g_bytes_get_data (bytes, &size);
  if (!handoff_key_blob_check_header (blob, size, HANDOFF_KEY_BLOB_KEM_OF_CHANNEL, error) ||
      !check_number (blob, context->sequence_number, error))
    return NULL;
  state = handoff_key_blob_open_in_context (context, blob, size, "by another channel", error);
  if (state == NULL || !handoff_hpke_context_ratchet (context, error))
    return NULL;
  return g_steal_pointer (&state);
}

/**
 * handoff_blob_opener_open:
 * @self: the opener
 * @blob_fd: a sealed memfd, which stays open
 * @error: return location for an error
 *
 * Opens the channel's next blob; then the key that opened it is gone. Checks the seals and the size
 * first, then the header, then authenticates, then parses.
 *
 * Returns: (transfer full): the state, or %NULL with %TLS_HANDOFF_ERROR_KEY_BLOB_INVALID or
 *   %TLS_HANDOFF_ERROR_NOT_SUPPORTED: then @self is dead. %TLS_HANDOFF_ERROR_KEY_USED if it was
 *   dead, or is of the process that this one was forked from
 */
HandoffKeyState *
handoff_blob_opener_open (HandoffBlobOpener *self, int blob_fd, GError **error)
{
  HandoffKeyState *state;

  if (self->end.life == FORKED)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED,
                           "This channel belongs to the process that opened it, before the fork; "
                           "open one in this process");
      return NULL;
    }
  if (self->end.life == DEAD)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED,
                           "This channel opens no key blobs any more: an earlier one did not open; "
                           "open another channel");
      return NULL;
    }

  state = open_next (&self->end.context, blob_fd, error);
  if (state == NULL)
    end_die (&self->end);
  return state;
}

gboolean
handoff_blob_opener_is_dead (const HandoffBlobOpener *self)
{
  return self->end.life != ALIVE;
}
