/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/openssl-pair.h"

#include <openssl/err.h>

#define CHECK(call) check (call, #call)

static void
check (int result, const char *what)
{
  if (result != 1)
    g_error ("OpenSSL: %s: %s", what, ERR_error_string (ERR_get_error (), NULL));
}

static void
use_certificate (SSL_CTX *context, const char *name)
{
  const char *directory = g_getenv ("HANDOFF_TEST_CERTS");
  g_autofree char *certificate = g_strdup_printf ("%s/%s.pem", directory, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", directory, name);

  CHECK (SSL_CTX_use_certificate_chain_file (context, certificate));
  CHECK (SSL_CTX_use_PrivateKey_file (context, key, SSL_FILETYPE_PEM));
}

/* Takes whatever GnuTLS offers or chooses. */
static SSL_CTX *
make_context (HandoffRole role, gboolean mac_then_encrypt)
{
  gboolean server = role == HANDOFF_ROLE_SERVER;
  SSL_CTX *context = SSL_CTX_new (server ? TLS_server_method () : TLS_client_method ());

  g_assert_nonnull (context);
  CHECK (SSL_CTX_set_cipher_list (context, "ALL:@SECLEVEL=0"));
  CHECK (SSL_CTX_set_ciphersuites (
      context, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
               "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"));
  if (mac_then_encrypt)
    SSL_CTX_set_options (context, SSL_OP_NO_ENCRYPT_THEN_MAC);
  if (server)
    {
      use_certificate (context, "ecdsa");
      use_certificate (context, "rsa");
      CHECK ((int) SSL_CTX_set_dh_auto (context, 1));
    }
  return context;
}

static gboolean
peer_step (OpensslPair *pair)
{
  int r;

  openssl_pair_deliver (pair);
  r = SSL_do_handshake (pair->peer);
  if (r != 1 && SSL_get_error (pair->peer, r) != SSL_ERROR_WANT_READ)
    check (r, "SSL_do_handshake()");
  openssl_pair_collect (pair);
  return r == 1;
}

OpensslPair *
openssl_pair_new (const HandoffCipherSuite *suite, HandoffRole role, gboolean mac_then_encrypt)
{
  OpensslPair *pair = g_new0 (OpensslPair, 1);
  HandoffRole peer_role = role == HANDOFF_ROLE_CLIENT ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT;
  gboolean ours_done = FALSE;
  gboolean peer_done = FALSE;

  pair->to_peer.bytes = g_byte_array_new ();
  gnutls_certificate_allocate_credentials (&pair->credentials);
  if (role == HANDOFF_ROLE_SERVER)
    gnutls_add_certificates (pair->credentials);
  gnutls_side_init (&pair->ours, &pair->to_peer, role, suite, "", pair->credentials);
  if (role == HANDOFF_ROLE_SERVER)
    {
      gnutls_session_ticket_key_generate (&pair->ticket_key);
      gnutls_session_ticket_enable_server (pair->ours.session, &pair->ticket_key);
    }

  pair->context = make_context (peer_role, mac_then_encrypt);
  pair->peer = SSL_new (pair->context);
  SSL_set_bio (pair->peer, BIO_new (BIO_s_mem ()), BIO_new (BIO_s_mem ()));
  if (peer_role == HANDOFF_ROLE_CLIENT)
    SSL_set_connect_state (pair->peer);
  else
    SSL_set_accept_state (pair->peer);

  while (!ours_done || !peer_done)
    {
      ours_done = ours_done || gnutls_side_step (&pair->ours);
      peer_done = peer_done || peer_step (pair);
    }
  g_assert_cmphex (handoff_cipher_suite_id_of_session (pair->ours.session), ==, suite->id);
  return pair;
}

void
openssl_pair_free (OpensslPair *pair)
{
  gnutls_side_clear (&pair->ours);
  gnutls_certificate_free_credentials (pair->credentials);
  gnutls_free (pair->ticket_key.data);
  SSL_free (pair->peer);
  SSL_CTX_free (pair->context);
  g_byte_array_unref (pair->to_peer.bytes);
  g_free (pair);
}

void
openssl_pair_deliver (OpensslPair *pair)
{
  g_autoptr (GByteArray) bytes = gnutls_pipe_take (&pair->to_peer);

  if (bytes->len > 0)
    g_assert_cmpint (BIO_write (SSL_get_rbio (pair->peer), bytes->data, bytes->len), ==,
                     bytes->len);
}

void
openssl_pair_collect (OpensslPair *pair)
{
  guint8 bytes[20000];
  int n;

  while ((n = BIO_read (SSL_get_wbio (pair->peer), bytes, sizeof bytes)) > 0)
    gnutls_pipe_write (&pair->ours.in, bytes, n);
}

void
openssl_pair_send (OpensslPair *pair, const guint8 *data, gsize size)
{
  gsize written;

  if (size > 0)
    {
      CHECK (SSL_write_ex (pair->peer, data, size, &written));
      g_assert_cmpuint (written, ==, size);
    }
  openssl_pair_collect (pair);
}

GBytes *
openssl_pair_receive (OpensslPair *pair, gsize size)
{
  guint8 *data = g_malloc (size + 1);
  gsize received = 0;

  openssl_pair_deliver (pair);
  while (received < size)
    {
      gsize n;

      CHECK (SSL_read_ex (pair->peer, data + received, size - received, &n));
      received += n;
    }
  /* It may have answered. */
  openssl_pair_collect (pair);
  return g_bytes_new_take (data, size);
}
