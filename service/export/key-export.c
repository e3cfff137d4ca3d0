/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "export/key-export.h"

#include <string.h>

#include "export/channel-bindings.h"
#include "key/gnutls-support.h"
#include "keyblob/key-blob.h"
#include "keyblob/sealed-memfd.h"
#include "keyblob/secret-memory.h"
#include "keyblob/tls-handoff-error.h"

#define MAX_PLAINTEXT_SIZE 16384        /* RFC 8446 5.1 */
#define RECORD_SIZE_LIMIT_EXTENSION 28  /* RFC 8449 */
#define MAX_FRAGMENT_LENGTH_EXTENSION 1 /* RFC 6066 4 */

typedef struct
{
  guint8 read[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  guint8 write[HANDOFF_MAX_TRAFFIC_SECRET_SIZE];
  gsize size;
} TrafficSecrets;

struct _HandoffKeyExport
{
  TrafficSecrets
      *secrets; /* (owned) (nullable): secret memory, made when there is something to keep */
  HandoffRole role;
  guint record_size_limit;   /* as the peer sent it; 0: it sent none */
  guint max_fragment_length; /* likewise; bytes */
  guint16 cipher_suite;      /* the server's choice; 0: none yet, or the server is us */
};

int
handoff_key_export_take_secrets (HandoffKeyExport *self,
                                 gnutls_record_encryption_level_t level,
                                 const void *secret_read,
                                 const void *secret_write,
                                 gsize size)
{
  if (level != GNUTLS_ENCRYPTION_LEVEL_APPLICATION)
    return GNUTLS_E_SUCCESS;
  if (size > HANDOFF_MAX_TRAFFIC_SECRET_SIZE)
    return GNUTLS_E_INTERNAL_ERROR;

  if (self->secrets == NULL)
    self->secrets = handoff_secret_new (sizeof *self->secrets, HANDOFF_SECRET_DEFAULT);
  /* A server's two directions change at different times: then one of the two is NULL. */
  if (secret_read != NULL)
    memcpy (self->secrets->read, secret_read, size);
  if (secret_write != NULL)
    memcpy (self->secrets->write, secret_write, size);
  self->secrets->size = size;
  return GNUTLS_E_SUCCESS;
}

static int
keep_size_limit (void *data,
                 unsigned int extension,
                 const unsigned char *content,
                 unsigned int size)
{
  HandoffKeyExport *self = data;

  if (extension == RECORD_SIZE_LIMIT_EXTENSION && size == 2)
    self->record_size_limit = (guint) content[0] << 8 | content[1];
  else if (extension == MAX_FRAGMENT_LENGTH_EXTENSION && size == 1 && content[0] >= 1 &&
           content[0] <= 4)
    self->max_fragment_length = 256u << content[0];
  return 0;
}

/* A ServerHello (RFC 5246 7.4.1.3): version, random, session id, cipher suite and compression
 * method; then extensions. Returns the offset of the extensions. GnuTLS has parsed the message
 * before. */
static gsize
take_server_hello (HandoffKeyExport *self, const gnutls_datum_t *message)
{
  const gsize session_id_size_offset = 2 + 32;
  gsize offset;

  if (message->size <= session_id_size_offset)
    return message->size;
  offset = session_id_size_offset + 1 + message->data[session_id_size_offset];
  if (offset + 2 <= message->size)
    self->cipher_suite = (guint16) (message->data[offset] << 8 | message->data[offset + 1]);
  return offset + 2 + 1;
}

void
handoff_key_export_take_message (HandoffKeyExport *self, guint type, const gnutls_datum_t *message)
{
  gnutls_datum_t extensions = { message->data, message->size };
  gsize offset = 0;

  if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
    {
      /* The second ClientHello, after a HelloRetryRequest, counts. */
      self->record_size_limit = self->max_fragment_length = 0;
      gnutls_ext_raw_parse (self, keep_size_limit, message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
      return;
    }
  if (type == GNUTLS_HANDSHAKE_SERVER_HELLO)
    offset = take_server_hello (self, message);
  else if (type != GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS)
    return;
  if (offset >= message->size)
    return;

  extensions.data += offset;
  extensions.size -= (unsigned int) offset;
  /* GnuTLS refuses malformed extensions; here they only have no limit in them. */
  gnutls_ext_raw_parse (self, keep_size_limit, &extensions, 0);
}

guint16
handoff_key_export_get_cipher_suite (HandoffKeyExport *self)
{
  return self->cipher_suite;
}

HandoffKeyExport *
handoff_key_export_new (HandoffRole role)
{
  HandoffKeyExport *self = g_new0 (HandoffKeyExport, 1);

  self->role = role;
  return self;
}

void
handoff_key_export_free (HandoffKeyExport *self)
{
  handoff_secret_free (self->secrets);
  g_free (self);
}

static gboolean
get_direction (gnutls_session_t session,
               const HandoffCipherSuite *suite,
               gboolean read,
               HandoffDirectionState *direction,
               GError **error)
{
  gnutls_datum_t mac_key, iv, key;
  unsigned char sequence_number[8];
  guint64 big_endian;
  int code = gnutls_record_get_state (session, read, &mac_key, &iv, &key, sequence_number);

  if (code < 0)
    return handoff_gnutls_set_error (error, code, "Cannot export the record keys");
  if (key.size > sizeof direction->key || iv.size > sizeof direction->iv ||
      mac_key.size > sizeof direction->mac_key)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                           "Cannot export the record keys: they are too long for the key blob");
      return FALSE;
    }

  memcpy (direction->key, key.data, key.size);
  direction->key_size = (guint8) key.size;
  /* What GnuTLS calls the IV of AES-CBC is used up: each record brings its own. */
  if (suite->iv_size > 0)
    {
      memcpy (direction->iv, iv.data, iv.size);
      direction->iv_size = (guint8) iv.size;
    }
  if (suite->mac_key_size > 0)
    {
      memcpy (direction->mac_key, mac_key.data, mac_key.size);
      direction->mac_key_size = (guint8) mac_key.size;
    }
  memcpy (&big_endian, sequence_number, sizeof big_endian);
  direction->sequence_number = GUINT64_FROM_BE (big_endian);
  return TRUE;
}

static HandoffKeyState *
make_state (HandoffKeyExport *self, gnutls_session_t session, GError **error)
{
  g_autoptr (HandoffKeyState) state = handoff_key_state_new ();
  gboolean is_tls1_3 = gnutls_protocol_get_version (session) == GNUTLS_TLS1_3;
  const HandoffCipherSuite *suite;

  state->role = self->role;
  state->protocol = is_tls1_3 ? 0x0304 : 0x0303;
  state->cipher_suite = handoff_cipher_suite_id_of_session (session);

  suite = handoff_cipher_suite_by_id (state->cipher_suite);
  if (suite == NULL)
    {
      g_set_error_literal (error, TLS_HANDOFF_ERROR, TLS_HANDOFF_ERROR_NOT_SUPPORTED,
                           "Cannot export the record keys: the cipher suite is unknown");
      return NULL;
    }
  state->encrypt_then_mac =
      handoff_cipher_suite_is_cbc (suite) && gnutls_session_etm_status (session) != 0;

  if (!get_direction (session, suite, TRUE, &state->read, error) ||
      !get_direction (session, suite, FALSE, &state->write, error))
    return NULL;

  if (is_tls1_3 && self->secrets != NULL)
    {
      memcpy (state->read.traffic_secret, self->secrets->read, self->secrets->size);
      memcpy (state->write.traffic_secret, self->secrets->write, self->secrets->size);
      state->read.traffic_secret_size = (guint8) self->secrets->size;
      state->write.traffic_secret_size = (guint8) self->secrets->size;
    }

  /* We never ask for less than the largest record. The peer's limit counts the content type that
   * TLS 1.3 encrypts with the plaintext (RFC 8449 4); ours does not. */
  state->read.max_plaintext_size = MAX_PLAINTEXT_SIZE;
  state->write.max_plaintext_size = MAX_PLAINTEXT_SIZE;
  if (self->record_size_limit <= 1 && self->max_fragment_length > 0)
    /* RFC 8449 5: where both are there, record_size_limit counts. */
    state->write.max_plaintext_size = (guint16) self->max_fragment_length;
  else if (self->record_size_limit > 1)
    state->write.max_plaintext_size =
        (guint16) MIN (self->record_size_limit - (is_tls1_3 ? 1 : 0), MAX_PLAINTEXT_SIZE);

  if (!handoff_key_state_validate (state, error))
    return NULL;
  return g_steal_pointer (&state);
}

static gboolean
add_bindings (HandoffKeyExport *self,
              gnutls_session_t session,
              GBytes *own_certificate,
              HandoffKeyState *state,
              GError **error)
{
  gnutls_datum_t own = { NULL, 0 };
  unsigned int n_certificates = 0;
  gsize size = 0;

  if (self->role == HANDOFF_ROLE_CLIENT)
    return handoff_channel_bindings_take (
        session, gnutls_certificate_get_peers (session, &n_certificates), state, error);
  if (own_certificate != NULL)
    own.data = (guint8 *) g_bytes_get_data (own_certificate, &size);
  own.size = (unsigned int) size;
  return handoff_channel_bindings_take (session, own.data != NULL ? &own : NULL, state, error);
}

HandoffKeyState *
handoff_key_export_take (HandoffKeyExport *self,
                         gnutls_session_t session,
                         guint blob_format,
                         GBytes *own_certificate,
                         GError **error)
{
  g_autoptr (HandoffKeyState) state = make_state (self, session, error);

  if (state == NULL ||
      (blob_format >= 2 && !add_bindings (self, session, own_certificate, state, error)))
    return NULL;
  return g_steal_pointer (&state);
}

int
handoff_key_export_seal_to (const guint8 recipient_key[HANDOFF_RECIPIENT_KEY_SIZE],
                            const HandoffKeyState *state,
                            GError **error)
{
  g_autoptr (GBytes) blob = handoff_key_blob_seal (state, recipient_key, error);

  return blob != NULL ? handoff_sealed_memfd_new (blob, error) : -1;
}

int
handoff_key_export_seal (HandoffBlobSealer *sealer, const HandoffKeyState *state, GError **error)
{
  g_autoptr (GBytes) blob = handoff_blob_sealer_seal (sealer, state, error);

  return blob != NULL ? handoff_sealed_memfd_new (blob, error) : -1;
}
