/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "test-tls-server.h"

#include <string.h>
#include <unistd.h>

#include "test-system.h"

struct _TestTlsServer
{
  int fd;
  char *certificate; /* path */
  char *key;         /* path */
  const char *priority;
  TestTlsBehaviour behaviour;
  GThread *thread;
};

static gpointer
serve (gpointer data)
{
  TestTlsServer *self = data;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  const gnutls_datum_t protocols[] = { { (guchar *) "h2", 2 }, { (guchar *) "echo", 4 } };
  int ret;

  g_assert_cmpint (gnutls_certificate_allocate_credentials (&credentials), ==, 0);
  g_assert_cmpint (gnutls_certificate_set_x509_key_file (credentials, self->certificate, self->key,
                                                         GNUTLS_X509_FMT_PEM),
                   ==, 0);
  g_assert_cmpint (gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL), ==, 0);
  if (self->priority != NULL)
    g_assert_cmpint (gnutls_priority_set_direct (session, self->priority, NULL), ==, 0);
  else
    g_assert_cmpint (gnutls_set_default_priority (session), ==, 0);
  g_assert_cmpint (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials), ==, 0);
  g_assert_cmpint (gnutls_alpn_set_protocols (session, protocols, 2, GNUTLS_ALPN_SERVER_PRECEDENCE),
                   ==, 0);
  gnutls_transport_set_int (session, self->fd);

  do
    ret = gnutls_handshake (session);
  while (ret < 0 && !gnutls_error_is_fatal (ret));
  /* A client that does not like the certificate goes away: not for us to judge. */
  if (ret == 0)
    self->behaviour (self, session);

  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  close (self->fd);
  return NULL;
}

TestTlsServer *
test_tls_server_new (int fd,
                     const char *certificate,
                     const char *priority,
                     TestTlsBehaviour behaviour)
{
  TestTlsServer *self = g_new0 (TestTlsServer, 1);
  g_autofree char *certificate_name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (certificate, ".key", NULL);

  self->fd = fd;
  self->certificate = test_cert_path (certificate_name);
  self->key = test_cert_path (key_name);
  self->priority = priority;
  self->behaviour = behaviour;
  self->thread = g_thread_new ("tls-server", serve, self);
  return self;
}

void
test_tls_server_join (TestTlsServer *self)
{
  g_thread_join (self->thread);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self);
}

void
test_tls_server_send (gnutls_session_t session, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      gssize n = gnutls_record_send (session, data, size);

      if (n < 0 && !gnutls_error_is_fatal (n))
        continue;
      g_assert_cmpint (n, >, 0);
      data += n;
      size -= n;
    }
}

gsize
test_tls_server_receive (gnutls_session_t session, guint8 *data, gsize size)
{
  gssize n;

  do
    n = gnutls_record_recv (session, data, size);
  while (n < 0 && !gnutls_error_is_fatal (n));
  g_assert_cmpint (n, >=, 0);
  return n;
}

void
test_tls_server_echo (TestTlsServer *server, gnutls_session_t session)
{
  guint8 buffer[16384];
  gsize n;

  while ((n = test_tls_server_receive (session, buffer, sizeof buffer)) > 0)
    test_tls_server_send (session, buffer, n);
  gnutls_bye (session, GNUTLS_SHUT_WR);
}

void
test_tls_server_speak_last (TestTlsServer *server, gnutls_session_t session)
{
  guint8 byte;

  g_assert_cmpuint (test_tls_server_receive (session, &byte, 1), ==, 0);
  test_tls_server_send (session, (const guint8 *) TEST_LAST_WORDS, strlen (TEST_LAST_WORDS));
  gnutls_bye (session, GNUTLS_SHUT_WR);
}
