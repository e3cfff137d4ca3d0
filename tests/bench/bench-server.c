/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#include "bench.h"

#include <gnutls/gnutls.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-peer.h"

/* Lives as long as the program: its threads wait in accept(). */
struct _BenchServer
{
  int listener;
  guint16 port;
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
  guint served;       /* atomic */
  GPtrArray *threads; /* (element-type GThread) */
};

static void
serve (BenchServer *self, int fd)
{
  gnutls_session_t session;
  gboolean counted = FALSE;
  char byte;
  int code;

  g_assert_cmpint (gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NO_TICKETS), ==, 0);
  gnutls_priority_set (session, self->priority);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  gnutls_transport_set_int (session, fd);
  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  while (code >= 0 && gnutls_record_recv (session, &byte, 1) == 1 &&
         gnutls_record_send (session, &byte, 1) == 1)
    {
      if (!counted)
        g_atomic_int_inc (&self->served);
      counted = TRUE;
    }
  gnutls_deinit (session);
}

static gpointer
server_thread (gpointer data)
{
  BenchServer *self = data;
  int fd;

  while ((fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
    {
      serve (self, fd);
      close (fd);
    }
  return NULL;
}

BenchServer *
bench_server_new (guint n_threads)
{
  g_autofree char *certificate = test_cert_path ("ecdsa.pem");
  g_autofree char *key = test_cert_path ("ecdsa.key");
  BenchServer *self = g_new0 (BenchServer, 1);
  guint i;

  self->listener = test_listen (&self->port);
  self->threads = g_ptr_array_new ();
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&self->credentials), ==, 0);
  g_assert_cmpint (gnutls_certificate_set_x509_key_file (self->credentials, certificate, key,
                                                         GNUTLS_X509_FMT_PEM),
                   >=, 0);
  g_assert_cmpint (gnutls_priority_init (&self->priority, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL),
                   ==, 0);
  for (i = 0; i < n_threads; i++)
    g_ptr_array_add (self->threads, g_thread_new ("server", server_thread, self));
  return self;
}

guint16
bench_server_get_port (BenchServer *self)
{
  return self->port;
}

guint
bench_server_get_served (BenchServer *self)
{
  return (guint) g_atomic_int_get (&self->served);
}
