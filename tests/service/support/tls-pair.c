/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/tls-pair.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "keyblob/secret-memory.h"

void
tls_pair_set_up (TlsPairFixture *fixture, gconstpointer data)
{
  const char *directory = g_getenv ("HANDOFF_TEST_CERTS");
  g_autofree char *certificate = g_build_filename (directory, "ecdsa.pem", NULL);
  g_autofree char *key = g_build_filename (directory, "ecdsa.key", NULL);

  CHECK (gnutls_certificate_allocate_credentials (&fixture->client_credentials));
  CHECK (gnutls_certificate_allocate_credentials (&fixture->server_credentials));
  CHECK (gnutls_certificate_set_x509_key_file (fixture->server_credentials, certificate, key,
                                               GNUTLS_X509_FMT_PEM));
  CHECK (gnutls_session_ticket_key_generate (&fixture->ticket_key));
}

void
tls_pair_tear_down (TlsPairFixture *fixture, gconstpointer data)
{
  gnutls_certificate_free_credentials (fixture->client_credentials);
  gnutls_certificate_free_credentials (fixture->server_credentials);
  gnutls_free (fixture->ticket_key.data);
}

static ssize_t
push (gnutls_transport_ptr_t transport, const void *bytes, size_t size)
{
  TlsSide *side = transport;

  g_byte_array_append (side->other->in, bytes, size);
  return size;
}

static ssize_t
pull (gnutls_transport_ptr_t transport, void *bytes, size_t size)
{
  TlsSide *side = transport;

  size = MIN (size, side->in->len - side->taken);
  if (size == 0)
    {
      gnutls_transport_set_errno (side->session, EAGAIN);
      return -1;
    }
  memcpy (bytes, side->in->data + side->taken, size);
  side->taken += size;
  return size;
}

static int
take_secrets (gnutls_session_t session,
              gnutls_record_encryption_level_t level,
              const void *secret_read,
              const void *secret_write,
              size_t size)
{
  TlsSide *side = gnutls_session_get_ptr (session);

  side->secret_size = size;
  if (secret_read != NULL)
    memcpy (side->secrets[side->n_secrets++], secret_read, size);
  if (secret_write != NULL)
    memcpy (side->secrets[side->n_secrets++], secret_write, size);
  g_assert_cmpuint (side->n_secrets, <=, TLS_PAIR_MAX_SECRETS);
  return 0;
}

static void
side_init (TlsSide *side,
           TlsSide *other,
           guint flags,
           const char *priority,
           gnutls_certificate_credentials_t credentials)
{
  side->in = g_byte_array_new ();
  side->other = other;
  CHECK (gnutls_init (&side->session, flags | GNUTLS_NONBLOCK));
  gnutls_session_set_ptr (side->session, side);
  gnutls_handshake_set_secret_function (side->session, take_secrets);
  CHECK (gnutls_priority_set_direct (side->session, priority, NULL));
  CHECK (gnutls_credentials_set (side->session, GNUTLS_CRD_CERTIFICATE, credentials));
  gnutls_transport_set_ptr (side->session, side);
  gnutls_transport_set_push_function (side->session, push);
  gnutls_transport_set_pull_function (side->session, pull);
}

TlsPair *
tls_pair_new (TlsPairFixture *fixture, const char *priority, gpointer session_data)
{
  TlsPair *self = g_new0 (TlsPair, 1);
  int client = GNUTLS_E_AGAIN;
  int server = GNUTLS_E_AGAIN;

  side_init (&self->client, &self->server, GNUTLS_CLIENT, priority, fixture->client_credentials);
  side_init (&self->server, &self->client, GNUTLS_SERVER, priority, fixture->server_credentials);
  CHECK (gnutls_session_ticket_enable_server (self->server.session, &fixture->ticket_key));
  if (session_data != NULL)
    CHECK (gnutls_session_set_data (self->client.session, session_data,
                                    handoff_secret_get_size (session_data)));
  handoff_secret_free (session_data);

  while ((client == GNUTLS_E_AGAIN || server == GNUTLS_E_AGAIN) &&
         !gnutls_error_is_fatal (client) && !gnutls_error_is_fatal (server))
    {
      if (client == GNUTLS_E_AGAIN)
        client = gnutls_handshake (self->client.session);
      if (server == GNUTLS_E_AGAIN)
        server = gnutls_handshake (self->server.session);
    }
  self->is_complete = client == 0 && server == 0;
  return self;
}

void
tls_pair_free (TlsPair *self)
{
  g_clear_pointer (&self->client.session, gnutls_deinit);
  g_clear_pointer (&self->server.session, gnutls_deinit);
  g_byte_array_unref (self->client.in);
  g_byte_array_unref (self->server.in);
  handoff_wipe (self, sizeof *self);
  g_free (self);
  handoff_wipe_stack ();
}

void
tls_read_state_init (TlsReadState *self, gnutls_session_t session)
{
  gnutls_datum_t key, iv;
  guint8 sequence_number[8];

  CHECK (gnutls_record_get_state (session, 1, NULL, &iv, &key, sequence_number));
  g_assert_cmpuint (key.size, <=, sizeof self->key);
  g_assert_cmpuint (iv.size, ==, sizeof self->iv);
  g_assert_cmpmem (sequence_number, 8, "\0\0\0\0\0\0\0\0", 8);
  memcpy (self->key, key.data, key.size);
  memcpy (self->iv, iv.data, iv.size);
  self->key_size = key.size;
  self->cipher = gnutls_cipher_get (session);
}

/* RFC 8446 5.2 */
GByteArray *
tls_read_state_decrypt (TlsReadState *self, TlsSide *side)
{
  GByteArray *messages = g_byte_array_new ();
  gnutls_datum_t key = { self->key, (guint) self->key_size };
  gnutls_aead_cipher_hd_t cipher;
  guint8 sequence_number = 0;

  CHECK (gnutls_aead_cipher_init (&cipher, self->cipher, &key));
  while (side->taken < side->in->len)
    {
      const guint8 *record = side->in->data + side->taken;
      gsize size = (gsize) record[3] << 8 | record[4];
      guint8 plaintext[1024];
      gsize plaintext_size = sizeof plaintext;
      guint8 nonce[12];

      memcpy (nonce, self->iv, sizeof nonce);
      nonce[11] ^= sequence_number++;
      CHECK (gnutls_aead_cipher_decrypt (cipher, nonce, sizeof nonce, record, 5, 16, record + 5,
                                         size, plaintext, &plaintext_size));
      g_assert_cmpuint (plaintext[plaintext_size - 1], ==, 22);
      g_byte_array_append (messages, plaintext, plaintext_size - 1);
      side->taken += 5 + size;
    }
  gnutls_aead_cipher_deinit (cipher);
  return messages;
}
