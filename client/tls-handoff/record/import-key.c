/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "record/import-key.h"

#include "keyblob/handoff-names.h"
#include "keyblob/hpke.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"
#include "phrasebook/library-text.h"
#include "phrasebook/phrasebook.h"

/* Alone in its page, which a forked child finds zeroed. */
typedef struct
{
  guint32 present; /* not 0, so that a zeroed page is told from a key */
  guint8 private_key[HANDOFF_HPKE_KEY_SIZE];
} ImportSecret;

struct _TlsHandoffImportKey
{
  GObject parent_instance;

  guint8 public_key[HANDOFF_HPKE_KEY_SIZE];
  GMutex lock;          /* guards secret */
  ImportSecret *secret; /* (nullable) (owned) NULL once used */
};

G_DEFINE_FINAL_TYPE (TlsHandoffImportKey, tls_handoff_import_key, G_TYPE_OBJECT)

static void
tls_handoff_import_key_finalize (GObject *object)
{
  TlsHandoffImportKey *self = TLS_HANDOFF_IMPORT_KEY (object);

  g_clear_pointer (&self->secret, handoff_secret_free);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (tls_handoff_import_key_parent_class)->finalize (object);
}

static void
tls_handoff_import_key_class_init (TlsHandoffImportKeyClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = tls_handoff_import_key_finalize;
}

static void
tls_handoff_import_key_init (TlsHandoffImportKey *self)
{
  g_mutex_init (&self->lock);
}

/**
 * tls_handoff_import_key_new:
 * @error: return location for an error
 *
 * Makes a fresh one-time key pair.
 *
 * Returns: (transfer full): the key, or %NULL with @error set (%TLS_HANDOFF_ERROR_FAILED) if there
 *   is no randomness to be had
 *
 * Since: 0.1
 */
TlsHandoffImportKey *
tls_handoff_import_key_new (GError **error)
{
  g_autoptr (TlsHandoffImportKey) self = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (TLS_HANDOFF_TYPE_IMPORT_KEY, NULL);
  self->secret = handoff_secret_new (sizeof *self->secret, HANDOFF_SECRET_WIPE_ON_FORK);
  if (!handoff_hpke_generate_key_pair (self->secret->private_key, self->public_key, error))
    return NULL;
  self->secret->present = 1;
  return g_steal_pointer (&self);
}

/**
 * tls_handoff_import_key_dup_public_key:
 * @self: an import key
 *
 * The public half: what the service seals the key blob to (the argument `recipient_key` of its
 * D-Bus methods). It stays available when the key has been used.
 *
 * Returns: (transfer full): 32 bytes
 *
 * Since: 0.1
 */
GBytes *
tls_handoff_import_key_dup_public_key (TlsHandoffImportKey *self)
{
  g_return_val_if_fail (TLS_HANDOFF_IS_IMPORT_KEY (self), NULL);

  return g_bytes_new (self->public_key, sizeof self->public_key);
}

/* Takes the secret out of the object: from now on nobody else has it. */
static ImportSecret *
take_secret (TlsHandoffImportKey *self, GError **error)
{
  ImportSecret *secret;

  g_mutex_lock (&self->lock);
  secret = g_steal_pointer (&self->secret);
  g_mutex_unlock (&self->lock);

  if (secret == NULL)
    {
      g_set_error_literal (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED,
          _ ("This import key was used before; make a new one for each handshake"));
      return NULL;
    }
  if (secret->present == 0)
    {
      handoff_secret_free (secret);
      g_set_error_literal (
          error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_KEY_USED,
          _ ("This import key belongs to the process that made it, before the fork; "
             "make a new one in this process"));
      return NULL;
    }
  return secret;
}

HandoffKeyState *
handoff_import_key_open_key_blob (TlsHandoffImportKey *self, int key_blob_fd, GError **error)
{
  ImportSecret *secret = take_secret (self, error);
  g_autoptr (GBytes) blob = NULL;
  HandoffKeyState *state = NULL;

  if (secret == NULL)
    return NULL;
  blob =
      handoff_sealed_memfd_read (key_blob_fd, HANDOFF_KEY_BLOB_HEADER_SIZE + HANDOFF_HPKE_TAG_SIZE,
                                 HANDOFF_KEY_BLOB_MAX_SIZE, error);
  if (blob != NULL)
    state = handoff_key_blob_open (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob),
                                   secret->private_key, error);
  if (state == NULL)
    handoff_phrasebook_translate_returned (error);
  handoff_secret_free (secret);
  handoff_wipe_near_stack ();
  return state;
}

HandoffBlobOpener *
handoff_import_key_new_opener (TlsHandoffImportKey *self,
                               const guint8 enc[HANDOFF_HPKE_KEY_SIZE],
                               GError **error)
{
  ImportSecret *secret = take_secret (self, error);
  HandoffBlobOpener *opener;

  if (secret == NULL)
    return NULL;
  opener = handoff_blob_opener_new (secret->private_key, enc, error);
  if (opener == NULL)
    handoff_phrasebook_translate_returned (error);
  handoff_secret_free (secret);
  handoff_wipe_near_stack ();
  return opener;
}
