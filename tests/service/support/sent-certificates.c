/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/sent-certificates.h"

#include <gnutls/x509-ext.h>

#include "support/memory-transport.h"
#include "work/clock.h"

TestSent *
test_sent_new_with_anchors (const TestCertificate *const *certificates, const TestCertificate *leaf)
{
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  TestSent *self = g_new0 (TestSent, 1);
  guint i;

  for (i = 0; certificates[i] != NULL; i++)
    g_ptr_array_add (anchors, test_certificate_to_der (certificates[i]));
  self->trust_store = handoff_trust_store_new_for_anchors (anchors, &error);
  g_assert_no_error (error);
  self->kept = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gnutls_privkey_init (&self->key);
  g_assert_cmpint (gnutls_privkey_import_x509 (self->key, leaf->key, 0), ==, 0);
  return self;
}

TestSent *
test_sent_new (const TestCertificate *anchor, const TestCertificate *leaf)
{
  const TestCertificate *anchors[] = { anchor, NULL };

  return test_sent_new_with_anchors (anchors, leaf);
}

void
test_sent_free (TestSent *self)
{
  guint i;

  for (i = 0; i < self->n_certificates; i++)
    gnutls_pcert_deinit (&self->certificates[i]);
  gnutls_privkey_deinit (self->key);
  g_ptr_array_unref (self->kept);
  handoff_trust_store_unref (self->trust_store);
  g_free (self);
}

void
test_sent_add (TestSent *self, const TestCertificate *certificate, GBytes *staple)
{
  gnutls_ocsp_data_st *place = &self->staples[self->n_certificates];

  g_assert_cmpuint (self->n_certificates, <, TEST_MAX_SENT);
  g_assert_cmpint (
      gnutls_pcert_import_x509 (&self->certificates[self->n_certificates], certificate->crt, 0), ==,
      0);
  self->n_certificates++;
  /* The server sends it whatever the response says. */
  place->exptime = (time_t) handoff_clock_get_wall_seconds () + 1000;
  if (staple == NULL)
    return;
  g_ptr_array_add (self->kept, staple);
  place->response.data = (unsigned char *) g_bytes_get_data (staple, NULL);
  place->response.size = (unsigned int) g_bytes_get_size (staple);
}

static int
retrieve (gnutls_session_t session,
          const struct gnutls_cert_retr_st *info,
          gnutls_pcert_st **certificates,
          unsigned int *n_certificates,
          gnutls_ocsp_data_st **staples,
          unsigned int *n_staples,
          gnutls_privkey_t *key,
          unsigned int *flags)
{
  TestSent *self = gnutls_session_get_ptr (session);

  *certificates = self->certificates;
  *n_certificates = self->n_certificates;
  *staples = self->staples;
  *n_staples = self->n_certificates;
  *key = self->key;
  *flags = 0;
  return 0;
}

static HandoffPeerVerification *
verify (TestSent *self, gnutls_session_t client)
{
  g_autoptr (HandoffServerIdentity) identity =
      handoff_server_identity_parse (self->identity != NULL ? self->identity : "localhost", NULL);
  const HandoffVerificationConditions conditions = {
    .uid = self->uid,
    .role = self->for_a_client ? HANDOFF_ROLE_SERVER : HANDOFF_ROLE_CLIENT,
    .identity = identity,
    .anchors_digest = self->anchors_digest,
  };

  return self->chains != NULL
             ? handoff_verified_chains_verify (self->chains, client, &conditions)
             : handoff_peer_verification_run (client, conditions.role, conditions.identity);
}

HandoffPeerVerification *
test_sent_verify (TestSent *self)
{
  const char *version = self->version != NULL ? self->version : "-VERS-ALL:+VERS-TLS1.3";
  g_autofree char *priority = g_strconcat ("NORMAL:", version, NULL);
  g_autoptr (GByteArray) to_server = g_byte_array_new ();
  g_autoptr (GByteArray) to_client = g_byte_array_new ();
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t client, server;
  MemoryTransport client_transport, server_transport;
  HandoffPeerVerification *verification;
  int client_code = GNUTLS_E_AGAIN, server_code = GNUTLS_E_AGAIN;

  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_retrieve_function3 (credentials, retrieve);
  gnutls_init (&server, GNUTLS_SERVER | GNUTLS_NONBLOCK);
  gnutls_session_set_ptr (server, self);
  g_assert_cmpint (gnutls_priority_set_direct (server, priority, NULL), ==, 0);
  gnutls_credentials_set (server, GNUTLS_CRD_CERTIFICATE, credentials);
  memory_transport_attach (&server_transport, server, to_server, to_client);
  gnutls_init (&client, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
  g_assert_cmpint (gnutls_priority_set_direct (client, priority, NULL), ==, 0);
  gnutls_credentials_set (client, GNUTLS_CRD_CERTIFICATE,
                          handoff_trust_store_get_credentials (self->trust_store));
  memory_transport_attach (&client_transport, client, to_client, to_server);
  while (client_code == GNUTLS_E_AGAIN)
    {
      client_code = gnutls_handshake (client);
      if (server_code == GNUTLS_E_AGAIN)
        server_code = gnutls_handshake (server);
    }
  g_assert_cmpint (client_code, ==, 0);

  verification = verify (self, client);
  if (verification->explanation != NULL)
    g_test_message ("%s", verification->explanation);
  gnutls_deinit (client);
  gnutls_deinit (server);
  gnutls_certificate_free_credentials (credentials);
  return verification;
}

void
test_certificate_require_status (gnutls_x509_crt_t certificate)
{
  gnutls_x509_tlsfeatures_t features;

  gnutls_x509_tlsfeatures_init (&features);
  gnutls_x509_tlsfeatures_add (features, 5);
  g_assert_cmpint (gnutls_x509_crt_set_tlsfeatures (certificate, features), ==, 0);
  gnutls_x509_tlsfeatures_deinit (features);
}
