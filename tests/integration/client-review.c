/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GTlsConnection::accept-certificate and GTlsClientConnection:validation-flags, with GIO's meaning,
 * over a socket and over pipes. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-relay.h"
#include "test-system.h"
#include "test-tls-server.h"

#define GREETING "Hello all the same"
#define TLS1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define CHANGE_CIPHER_SPEC_RECORD 20
#define HANDSHAKE_RECORD 22

typedef struct
{
  gboolean pipes;
  const char *priority;
  const char *certificate;
} Config;

typedef struct
{
  const Config *config;
  TestTlsServer *server;
  TestRelay *relay;
  GTlsConnection *connection;
  GThread *thread; /* in which the signal has to come */
  gboolean accept;
  guint n_asked;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const Config *config = data;
  int fds[2];

  f->config = config;
  f->thread = g_thread_self ();
  test_tcp_pair (fds);
  f->server =
      test_tls_server_new (fds[1], config->certificate, config->priority, test_tls_server_echo);
  if (config->pipes)
    {
      g_autoptr (GIOStream) base = NULL;

      f->relay = test_relay_new_pipes (fds[0], G_MAXSIZE, TRUE, &base);
      f->connection = test_connection_new_for_stream (base, NULL);
    }
  else
    {
      int fd;

      f->relay = test_relay_new (fds[0], &fd);
      f->connection = test_connection_new (fd, NULL);
    }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->connection);
  test_tls_server_join (f->server);
  test_relay_free (f->relay);
  test_statistic_wait ("handshakes-in-flight", 0);
  test_statistic_wait ("sessions", 0);
}

/* Breaks if anything but the client's hello has left: its Finished, or a certificate. A TLS 1.3
 * client may have sent the change_cipher_spec that means nothing (RFC 8446 D.4). */
static void
assert_only_hello_was_sent (Fixture *f)
{
  g_autoptr (GBytes) sent = test_relay_dup_sent (f->relay);
  gsize size, offset, n_records = 0;
  const guint8 *data = g_bytes_get_data (sent, &size);

  for (offset = 0; offset < size; offset += 5 + (data[offset + 3] << 8 | data[offset + 4]))
    {
      if (data[offset] == CHANGE_CIPHER_SPEC_RECORD && g_str_equal (f->config->priority, TLS1_3))
        continue;
      g_assert_cmpuint (data[offset], ==, HANDSHAKE_RECORD);
      n_records++;
    }
  g_assert_cmpuint (n_records, ==, 1);
}

static void
assert_is_certificate (GTlsCertificate *certificate, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pem", NULL);
  g_autoptr (GBytes) expected = test_cert_der (file);
  g_autoptr (GByteArray) der = NULL;

  g_assert_nonnull (certificate);
  g_object_get (certificate, "certificate", &der, NULL);
  g_assert_cmpmem (der->data, der->len, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));
}

static gboolean
accept_certificate_cb (GTlsConnection *connection,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags errors,
                       gpointer user_data)
{
  Fixture *f = user_data;

  f->n_asked++;
  g_assert_true (g_thread_self () == f->thread);
  /* Not that of the handshake. */
  g_assert_null (g_main_context_get_thread_default ());
  assert_is_certificate (certificate, f->config->certificate);
  g_assert_cmpint (errors, ==, G_TLS_CERTIFICATE_BAD_IDENTITY);
  assert_only_hello_was_sent (f);
  return f->accept;
}

static void
ask (Fixture *f, gboolean accept)
{
  f->accept = accept;
  g_signal_connect (f->connection, "accept-certificate", G_CALLBACK (accept_certificate_cb), f);
}

/* What the application sees afterwards, whatever it said. */
static void
assert_fault_is_known (Fixture *f)
{
  assert_is_certificate (g_tls_connection_get_peer_certificate (f->connection), "wrong-name");
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (f->connection), ==,
                   G_TLS_CERTIFICATE_BAD_IDENTITY);
}

/* Breaks if the application is not asked, or not obeyed. */
static void
test_accepted (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f, TRUE);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  assert_fault_is_known (f);
  test_exchange_text (f->connection, GREETING);
  test_close_connection (f->connection);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f, FALSE);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpuint (f->n_asked, ==, 1);
  assert_fault_is_known (f);
  g_io_stream_close (G_IO_STREAM (f->connection), NULL, NULL);
}

static gboolean
handshake_async (Fixture *f, GError **error)
{
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  g_tls_connection_handshake_async (f->connection, G_PRIORITY_DEFAULT, NULL, test_store_result_cb,
                                    &result);
  done = test_wait_for_result (&result);
  return g_tls_connection_handshake_finish (f->connection, done, error);
}

static void
test_accepted_async (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f, TRUE);
  g_assert_true (handshake_async (f, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 1);
  assert_fault_is_known (f);
  test_exchange_text (f->connection, GREETING);
  test_close_connection (f->connection);
}

static void
test_refused_async (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f, FALSE);
  g_assert_false (handshake_async (f, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpuint (f->n_asked, ==, 1);
  assert_fault_is_known (f);
  g_io_stream_close (G_IO_STREAM (f->connection), NULL, NULL);
}

/* Breaks if an application is asked about a fault that it has declared harmless, or if the fault is
 * forgotten. */
static void
test_ignored (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f, FALSE);
  g_object_set (f->connection, "validation-flags",
                G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_BAD_IDENTITY, NULL);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 0);
  assert_fault_is_known (f);
  test_exchange_text (f->connection, GREETING);
  test_close_connection (f->connection);
}

/* Breaks if ignoring one fault ignores others. */
static void
test_other_ignored (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_object_set (f->connection, "validation-flags",
                G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_EXPIRED, NULL);
  g_assert_false (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  assert_fault_is_known (f);
  g_io_stream_close (G_IO_STREAM (f->connection), NULL, NULL);
}

/* Breaks if a good certificate is asked about. */
static void
test_good (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  ask (f, FALSE);
  g_assert_true (g_tls_connection_handshake (f->connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_asked, ==, 0);
  g_assert_cmpint (g_tls_connection_get_peer_certificate_errors (f->connection), ==, 0);
  test_exchange_text (f->connection, GREETING);
  test_close_connection (f->connection);
}

int
main (int argc, char **argv)
{
  static const Config faulty[] = {
    { FALSE, TLS1_3, "wrong-name" },
    { FALSE, TLS1_2, "wrong-name" },
    { TRUE, TLS1_3, "wrong-name" },
    { TRUE, TLS1_2, "wrong-name" },
  };
  static const Config good[] = { { FALSE, TLS1_3, "ecdsa" }, { TRUE, TLS1_3, "ecdsa" } };
  static const struct
  {
    const char *name;
    void (*func) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "accepted/sync", test_accepted },
    { "refused/sync", test_refused },
    { "accepted/async", test_accepted_async },
    { "refused/async", test_refused_async },
    { "ignored", test_ignored },
    { "other-ignored", test_other_ignored },
  };
  gsize i, j;

  test_system_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (faulty); i++)
    {
      for (j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path = g_strdup_printf (
              "/client-review/%s/%s/%s", faulty[i].pipes ? "pipes" : "socket",
              g_str_equal (faulty[i].priority, TLS1_3) ? "tls1.3" : "tls1.2", cases[j].name);

          g_test_add (path, Fixture, &faulty[i], set_up, cases[j].func, tear_down);
        }
    }
  g_test_add ("/client-review/socket/good", Fixture, &good[0], set_up, test_good, tear_down);
  g_test_add ("/client-review/pipes/good", Fixture, &good[1], set_up, test_good, tear_down);
  return g_test_run ();
}
