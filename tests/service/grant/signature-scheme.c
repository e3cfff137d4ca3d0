/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* The ways to sign, and what GnuTLS has signed in real handshakes. */

#include "config.h"

#include "grant/signature-scheme.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "grant/signature-form.h"
#include "support/certificate-maker.h"
#include "support/memory-transport.h"

#define TLS12 HANDOFF_SIGNATURE_FORM_TLS12
#define TLS13 HANDOFF_SIGNATURE_FORM_TLS13
#define CLIENT HANDOFF_SIGNATURE_CLIENT
#define SERVER HANDOFF_SIGNATURE_SERVER

/* GnuTLS's own names of the same. */
static void
test_scheme_numbers (void)
{
  static const struct
  {
    gnutls_sign_algorithm_t algorithm;
    guint number;
  } known[] = {
    { GNUTLS_SIGN_RSA_SHA256, 0x0401 },
    { GNUTLS_SIGN_ECDSA_SHA256, 0x0403 },
    { GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, 0x0403 },
    { GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, 0x0503 },
    { GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, 0x0603 },
    { GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, 0x0806 },
    { GNUTLS_SIGN_RSA_PSS_SHA256, 0x0809 },
    { GNUTLS_SIGN_EDDSA_ED448, 0x0808 },
    { GNUTLS_SIGN_RSA_SHA1, 0 },
    { GNUTLS_SIGN_ECDSA_SHA1, 0 },
    { GNUTLS_SIGN_RSA_MD5, 0 },
    { GNUTLS_SIGN_RSA_RAW, 0 },
    { GNUTLS_SIGN_UNKNOWN, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmphex (handoff_signature_scheme_get_number (known[i].algorithm), ==, known[i].number);
  for (i = 0; i <= G_MAXUINT16; i++)
    {
      const HandoffSignatureScheme *scheme = handoff_signature_scheme_find (i);

      if (scheme != NULL)
        {
          g_assert_cmphex (handoff_signature_scheme_get_number (scheme->algorithm), ==, i);
          g_assert_true (gnutls_sign_supports_pk_algorithm (scheme->algorithm, scheme->key));
          g_assert_cmpint (gnutls_sign_is_secure (scheme->algorithm), !=, 0);
        }
    }
}

/* A key that shows what GnuTLS has it sign. */
typedef struct
{
  gnutls_privkey_t key;
  HandoffSignatureRole role;
  HandoffSignatureForm expected;
  guint n_signatures;
} WatchedKey;

static int
sign (gnutls_privkey_t handle,
      gnutls_sign_algorithm_t algorithm,
      void *user_data,
      unsigned int flags,
      const gnutls_datum_t *data,
      gnutls_datum_t *signature)
{
  WatchedKey *self = user_data;
  const guint scheme = handoff_signature_scheme_get_number (algorithm);
  guint i;

  g_assert_cmpint (handoff_signature_form_find (self->role, scheme, data->data, data->size), ==,
                   self->expected);
  g_assert_cmpint (
      handoff_signature_form_find (CLIENT + SERVER - self->role, scheme, data->data, data->size),
      ==, HANDOFF_SIGNATURE_FORM_NONE);
  /* In TLS 1.3 a longer hash begins as a shorter one would. */
  for (i = 0; i < data->size && self->expected == TLS12; i++)
    g_assert_cmpint (handoff_signature_form_find (self->role, scheme, data->data, i), ==,
                     HANDOFF_SIGNATURE_FORM_NONE);
  self->n_signatures++;
  return gnutls_privkey_sign_data2 (self->key, algorithm, flags, data, signature);
}

static int
describe (gnutls_privkey_t key, unsigned int flags, void *user_data)
{
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
    return GNUTLS_PK_EDDSA_ED25519;
  if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
    return GNUTLS_FLAGS_TO_SIGN_ALGO (flags) == GNUTLS_SIGN_EDDSA_ED25519;
  return -1;
}

static gnutls_certificate_credentials_t
new_credentials (const TestCertificate *certificate, WatchedKey *watched)
{
  gnutls_certificate_credentials_t credentials;
  gnutls_pcert_st *pcert = gnutls_malloc (sizeof *pcert);
  gnutls_privkey_t handle;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  g_assert_cmpint (gnutls_pcert_import_x509 (pcert, certificate->crt, 0), ==, 0);
  g_assert_cmpint (gnutls_privkey_init (&watched->key), ==, 0);
  g_assert_cmpint (gnutls_privkey_import_x509 (watched->key, certificate->key, 0), ==, 0);
  g_assert_cmpint (gnutls_privkey_init (&handle), ==, 0);
  g_assert_cmpint (
      gnutls_privkey_import_ext4 (handle, watched, sign, NULL, NULL, NULL, describe, 0), ==, 0);
  g_assert_cmpint (gnutls_certificate_set_key (credentials, NULL, 0, pcert, 1, handle), >=, 0);
  /* It copies the structure, and owns what is in it. */
  gnutls_free (pcert);
  return credentials;
}

static gnutls_session_t
new_session (guint flags, const char *priority, gnutls_certificate_credentials_t credentials)
{
  gnutls_session_t session;

  g_assert_cmpint (gnutls_init (&session, flags | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (session, priority, NULL), ==, 0);
  g_assert_cmpint (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials), ==, 0);
  return session;
}

/* Both sides of a handshake in which both have a certificate. */
static void
test_handshake (gconstpointer priority)
{
  const HandoffSignatureForm expected = strstr (priority, "VERS-TLS1.3") != NULL ? TLS13 : TLS12;
  const TestCertificateSpec spec = { .algorithm = GNUTLS_PK_EDDSA_ED25519,
                                     .digest = GNUTLS_DIG_SHA512 };
  g_autoptr (TestCertificate) certificate = test_certificate_make ("localhost", NULL, &spec);
  WatchedKey keys[] = { { NULL, CLIENT, expected, 0 }, { NULL, SERVER, expected, 0 } };
  gnutls_certificate_credentials_t client_credentials = new_credentials (certificate, &keys[0]);
  gnutls_certificate_credentials_t server_credentials = new_credentials (certificate, &keys[1]);
  gnutls_session_t client = new_session (GNUTLS_CLIENT, priority, client_credentials);
  gnutls_session_t server = new_session (GNUTLS_SERVER, priority, server_credentials);
  g_autoptr (GByteArray) to_client = g_byte_array_new (), to_server = g_byte_array_new ();
  MemoryTransport client_side, server_side;
  int client_code = GNUTLS_E_AGAIN, server_code = GNUTLS_E_AGAIN;

  gnutls_certificate_server_set_request (server, GNUTLS_CERT_REQUIRE);
  memory_transport_attach (&client_side, client, to_client, to_server);
  memory_transport_attach (&server_side, server, to_server, to_client);
  while (client_code == GNUTLS_E_AGAIN || server_code == GNUTLS_E_AGAIN)
    {
      if (client_code == GNUTLS_E_AGAIN)
        client_code = gnutls_handshake (client);
      if (server_code == GNUTLS_E_AGAIN)
        server_code = gnutls_handshake (server);
    }
  g_assert_cmpint (client_code, ==, 0);
  g_assert_cmpint (server_code, ==, 0);
  g_assert_cmpuint (keys[0].n_signatures, ==, 1);
  g_assert_cmpuint (keys[1].n_signatures, ==, 1);

  gnutls_deinit (client);
  gnutls_deinit (server);
  gnutls_certificate_free_credentials (client_credentials);
  gnutls_certificate_free_credentials (server_credentials);
  gnutls_privkey_deinit (keys[0].key);
  gnutls_privkey_deinit (keys[1].key);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/signature-scheme/numbers", test_scheme_numbers);
  g_test_add_data_func ("/service/signature-scheme/handshake/tls13",
                        "NORMAL:-VERS-ALL:+VERS-TLS1.3", test_handshake);
  g_test_add_data_func ("/service/signature-scheme/handshake/tls12",
                        "NORMAL:-VERS-ALL:+VERS-TLS1.2", test_handshake);
  g_test_add_data_func ("/service/signature-scheme/handshake/tls12-p521",
                        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-GROUP-ALL:+GROUP-SECP521R1",
                        test_handshake);
  return g_test_run ();
}
