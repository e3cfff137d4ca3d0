/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "config.h"

#include "support/asking-server.h"

void
asking_server_init (AskingServer *self)
{
  g_autofree char *cert = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "ecdsa.pem", NULL);
  g_autofree char *key = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), "ecdsa.key", NULL);

  self->to_server = g_byte_array_new ();
  self->to_client = g_byte_array_new ();
  gnutls_certificate_allocate_credentials (&self->credentials);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (self->credentials, cert, key, GNUTLS_X509_FMT_PEM), >=,
      0);
  g_assert_cmpint (gnutls_init (&self->session, GNUTLS_SERVER | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (
      gnutls_priority_set_direct (self->session, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL), ==, 0);
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  gnutls_certificate_server_set_request (self->session, GNUTLS_CERT_REQUEST);
  memory_transport_attach (&self->transport, self->session, self->to_server, self->to_client);
}

void
asking_server_clear (AskingServer *self)
{
  gnutls_deinit (self->session);
  gnutls_certificate_free_credentials (self->credentials);
  g_byte_array_unref (self->to_server);
  g_byte_array_unref (self->to_client);
}

GVariant *
asking_server_new_input (AskingServer *self)
{
  return g_variant_new ("(@ay)",
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, self->to_client->data,
                                                   self->to_client->len, 1));
}

char *
asking_server_take (AskingServer *self, GVariant *reply)
{
  g_autoptr (GVariant) output = NULL;
  guint64 consumed;
  char *state;

  g_variant_get (reply, "(s@ayta{sv})", &state, &output, &consumed, NULL);
  g_byte_array_remove_range (self->to_client, 0, (guint) consumed);
  g_byte_array_append (self->to_server, g_variant_get_data (output),
                       (guint) g_variant_get_size (output));
  gnutls_handshake (self->session);
  return state;
}
