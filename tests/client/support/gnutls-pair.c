/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "support/gnutls-pair.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <gnutls/x509.h>

#define CHECK(call) g_assert_cmpint (call, >=, 0)

/* Keys are made once: RSA takes its time. */
static gnutls_x509_privkey_t keys[2];
static gnutls_x509_crt_t certificates[2];

static void
make_certificate (guint i, gnutls_pk_algorithm_t algorithm, guint bits)
{
  const guint8 serial = i + 1;

  CHECK (gnutls_x509_privkey_init (&keys[i]));
  CHECK (gnutls_x509_privkey_generate (keys[i], algorithm, bits, 0));
  CHECK (gnutls_x509_crt_init (&certificates[i]));
  CHECK (gnutls_x509_crt_set_version (certificates[i], 3));
  CHECK (gnutls_x509_crt_set_serial (certificates[i], &serial, 1));
  CHECK (gnutls_x509_crt_set_dn (certificates[i], "CN=localhost", NULL));
  CHECK (gnutls_x509_crt_set_activation_time (certificates[i], time (NULL) - 3600));
  CHECK (gnutls_x509_crt_set_expiration_time (certificates[i], time (NULL) + 3600));
  CHECK (gnutls_x509_crt_set_key (certificates[i], keys[i]));
  CHECK (gnutls_x509_crt_sign2 (certificates[i], certificates[i], keys[i], GNUTLS_DIG_SHA256, 0));
}

static void
make_certificates (void)
{
  static gsize made;

  if (!g_once_init_enter (&made))
    return;
  make_certificate (0, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1));
  make_certificate (1, GNUTLS_PK_RSA, 2048);
  g_once_init_leave (&made, 1);
}

void
gnutls_pipe_write (GnutlsPipe *pipe, const guint8 *bytes, gsize size)
{
  /* GnuTLS reads headers and fragments one by one: moving the rest each time would take for ever.
   */
  if (pipe->taken == pipe->bytes->len)
    {
      g_byte_array_set_size (pipe->bytes, 0);
      pipe->taken = 0;
    }
  g_byte_array_append (pipe->bytes, bytes, size);
}

GByteArray *
gnutls_pipe_take (GnutlsPipe *pipe)
{
  GByteArray *all = g_byte_array_new ();

  g_byte_array_append (all, pipe->bytes->data + pipe->taken, pipe->bytes->len - pipe->taken);
  pipe->taken = pipe->bytes->len;
  return all;
}

static ssize_t
push (gnutls_transport_ptr_t transport, const void *bytes, size_t size)
{
  GnutlsSide *side = transport;

  gnutls_pipe_write (side->out, bytes, size);
  return size;
}

static ssize_t
pull (gnutls_transport_ptr_t transport, void *bytes, size_t size)
{
  GnutlsSide *side = transport;
  gsize available = side->in.bytes->len - side->in.taken;

  if (available == 0)
    {
      gnutls_transport_set_errno (side->session, EAGAIN);
      return -1;
    }
  size = MIN (size, available);
  memcpy (bytes, side->in.bytes->data + side->in.taken, size);
  side->in.taken += size;
  return size;
}

static int
take_secrets (gnutls_session_t session,
              gnutls_record_encryption_level_t level,
              const void *secret_read,
              const void *secret_write,
              size_t secret_size)
{
  GnutlsSide *side = gnutls_session_get_ptr (session);

  if (level != GNUTLS_ENCRYPTION_LEVEL_APPLICATION)
    return 0;
  side->secret_size = secret_size;
  if (secret_read != NULL)
    memcpy (side->read_secret, secret_read, secret_size);
  if (secret_write != NULL)
    memcpy (side->write_secret, secret_write, secret_size);
  return 0;
}

/* Exactly that suite. (transfer full) */
static char *
make_priority (const HandoffCipherSuite *suite, const char *modifiers)
{
  if (suite->protocol == 0x0304)
    return g_strdup_printf ("NONE:+VERS-TLS1.3:+%s:+AEAD:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL%s",
                            suite->gnutls_cipher_priority, modifiers);
  return g_strdup_printf ("NONE:+VERS-TLS1.2:+%s:+%s:+%s:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL%s",
                          suite->gnutls_cipher_priority, gnutls_mac_get_name (suite->mac),
                          gnutls_kx_get_name (suite->kx), modifiers);
}

void
gnutls_side_init (GnutlsSide *side,
                  GnutlsPipe *out,
                  HandoffRole role,
                  const HandoffCipherSuite *suite,
                  const char *modifiers,
                  gnutls_certificate_credentials_t credentials)
{
  g_autofree char *priority = make_priority (suite, modifiers);

  side->role = role;
  side->in.bytes = g_byte_array_new ();
  side->out = out;
  CHECK (gnutls_init (&side->session,
                      GNUTLS_NONBLOCK |
                          (role == HANDOFF_ROLE_CLIENT ? GNUTLS_CLIENT : GNUTLS_SERVER)));
  gnutls_session_set_ptr (side->session, side);
  gnutls_handshake_set_secret_function (side->session, take_secrets);
  CHECK (gnutls_priority_set_direct (side->session, priority, NULL));
  CHECK (gnutls_credentials_set (side->session, GNUTLS_CRD_CERTIFICATE, credentials));
  gnutls_transport_set_ptr (side->session, side);
  gnutls_transport_set_push_function (side->session, push);
  gnutls_transport_set_pull_function (side->session, pull);
}

gboolean
gnutls_side_step (GnutlsSide *side)
{
  int r = gnutls_handshake (side->session);

  if (r != 0 && r != GNUTLS_E_AGAIN)
    g_error ("The handshake failed: %s", gnutls_strerror (r));
  return r == 0;
}

void
gnutls_side_clear (GnutlsSide *side)
{
  gnutls_deinit (side->session);
  g_byte_array_unref (side->in.bytes);
}

void
gnutls_add_certificates (gnutls_certificate_credentials_t credentials)
{
  make_certificates ();
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    CHECK (gnutls_certificate_set_x509_key (credentials, &certificates[i], 1, keys[i]));
}

GnutlsPair *
gnutls_pair_new (const HandoffCipherSuite *suite)
{
  return gnutls_pair_new_with (suite, "");
}

GnutlsPair *
gnutls_pair_new_with (const HandoffCipherSuite *suite, const char *modifiers)
{
  GnutlsPair *pair = g_new0 (GnutlsPair, 1);
  gboolean client_done = FALSE;
  gboolean server_done = FALSE;

  CHECK (gnutls_certificate_allocate_credentials (&pair->client_credentials));
  CHECK (gnutls_certificate_allocate_credentials (&pair->server_credentials));
  gnutls_add_certificates (pair->server_credentials);
  gnutls_side_init (&pair->client, &pair->server.in, HANDOFF_ROLE_CLIENT, suite, modifiers,
                    pair->client_credentials);
  gnutls_side_init (&pair->server, &pair->client.in, HANDOFF_ROLE_SERVER, suite, modifiers,
                    pair->server_credentials);
  CHECK (gnutls_session_ticket_key_generate (&pair->ticket_key));
  CHECK (gnutls_session_ticket_enable_server (pair->server.session, &pair->ticket_key));

  while (!client_done || !server_done)
    {
      client_done = client_done || gnutls_side_step (&pair->client);
      server_done = server_done || gnutls_side_step (&pair->server);
    }
  g_assert_cmphex (handoff_cipher_suite_id_of_session (pair->client.session), ==, suite->id);
  return pair;
}

void
gnutls_pair_free (GnutlsPair *pair)
{
  gnutls_side_clear (&pair->client);
  gnutls_side_clear (&pair->server);
  gnutls_certificate_free_credentials (pair->client_credentials);
  gnutls_certificate_free_credentials (pair->server_credentials);
  gnutls_free (pair->ticket_key.data);
  g_free (pair);
}

static void
get_direction (GnutlsSide *side,
               gboolean read,
               const HandoffCipherSuite *suite,
               HandoffDirectionState *state)
{
  gnutls_datum_t mac_key;
  gnutls_datum_t iv;
  gnutls_datum_t key;
  guint8 sequence_number[8];

  CHECK (gnutls_record_get_state (side->session, read, &mac_key, &iv, &key, sequence_number));
  g_assert_cmpuint (key.size, <=, sizeof state->key);
  g_assert_cmpuint (iv.size, <=, sizeof state->iv);
  memcpy (state->key, key.data, key.size);
  g_assert_cmpuint (mac_key.size, <=, sizeof state->mac_key);
  /* GnuTLS also tells an IV for AES-CBC, which TLS 1.2 has no use for. */
  if (handoff_cipher_suite_is_cbc (suite))
    iv.size = 0;
  if (iv.size > 0)
    memcpy (state->iv, iv.data, iv.size);
  if (mac_key.size > 0)
    memcpy (state->mac_key, mac_key.data, mac_key.size);
  memcpy (state->traffic_secret, read ? side->read_secret : side->write_secret, side->secret_size);
  state->key_size = key.size;
  state->iv_size = iv.size;
  state->mac_key_size = mac_key.size;
  state->traffic_secret_size = side->secret_size;
  for (guint i = 0; i < sizeof sequence_number; i++)
    state->sequence_number = state->sequence_number << 8 | sequence_number[i];
  state->max_plaintext_size = 16384;
}

HandoffKeyState *
gnutls_side_get_state (GnutlsSide *side, const HandoffCipherSuite *suite)
{
  HandoffKeyState *state = handoff_key_state_new ();

  state->role = side->role;
  state->protocol = suite->protocol;
  state->cipher_suite = suite->id;
  get_direction (side, TRUE, suite, &state->read);
  get_direction (side, FALSE, suite, &state->write);
  state->encrypt_then_mac = gnutls_session_etm_status (side->session) != 0;
  return state;
}

void
gnutls_side_send (GnutlsSide *side, const guint8 *data, gsize size)
{
  gsize sent = 0;

  while (sent < size)
    {
      ssize_t n = gnutls_record_send (side->session, data + sent, size - sent);

      g_assert_cmpint (n, >, 0);
      sent += n;
    }
}

ssize_t
gnutls_side_receive_some (GnutlsSide *side, guint8 *data, gsize size)
{
  ssize_t n;

  do
    n = gnutls_record_recv (side->session, data, size);
  while (n == GNUTLS_E_AGAIN && side->in.taken < side->in.bytes->len);
  return n;
}

GBytes *
gnutls_side_receive (GnutlsSide *side, gsize size)
{
  guint8 *data = g_malloc (size + 1);
  gsize received = 0;

  while (received < size)
    {
      ssize_t n = gnutls_side_receive_some (side, data + received, size - received);

      g_assert_cmpint (n, >, 0);
      received += n;
    }
  return g_bytes_new_take (data, size);
}
