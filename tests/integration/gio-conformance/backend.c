/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GTlsBackend itself, and what is not a connection: certificates, databases, DTLS. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "link.h"
#include "test-system.h"

static void
types (void)
{
  GTlsBackend *backend = g_tls_backend_get_default ();

  observe ("TLS %d, DTLS %d", g_tls_backend_supports_tls (backend),
           g_tls_backend_supports_dtls (backend));
  observe ("certificates: %d",
           g_type_is_a (g_tls_backend_get_certificate_type (backend), G_TYPE_TLS_CERTIFICATE));
  observe ("client: %d", g_type_is_a (g_tls_backend_get_client_connection_type (backend),
                                      G_TYPE_TLS_CLIENT_CONNECTION));
  observe ("server: %d", g_type_is_a (g_tls_backend_get_server_connection_type (backend),
                                      G_TYPE_TLS_SERVER_CONNECTION));
  observe ("file database: %d",
           g_type_is_a (g_tls_backend_get_file_database_type (backend), G_TYPE_TLS_FILE_DATABASE));
  observe ("DTLS client: %d", g_type_is_a (g_tls_backend_get_dtls_client_connection_type (backend),
                                           G_TYPE_DTLS_CLIENT_CONNECTION));
  observe ("DTLS server: %d", g_type_is_a (g_tls_backend_get_dtls_server_connection_type (backend),
                                           G_TYPE_DTLS_SERVER_CONNECTION));
}

static void
default_database (void)
{
  GTlsBackend *backend = g_tls_backend_get_default ();
  g_autoptr (GTlsDatabase) first = g_tls_backend_get_default_database (backend);
  g_autoptr (GTlsDatabase) second = g_tls_backend_get_default_database (backend);
  g_autoptr (GTlsDatabase) own = link_database ("other-ca.pem");
  g_autoptr (GTlsDatabase) third = NULL;
  g_autoptr (GTlsDatabase) fourth = NULL;

  observe ("there: %d, the same: %d", first != NULL, first == second);
  g_tls_backend_set_default_database (backend, own);
  third = g_tls_backend_get_default_database (backend);
  observe ("the application's: %d", third == own);
  g_tls_backend_set_default_database (backend, NULL);
  fourth = g_tls_backend_get_default_database (backend);
  observe ("the first again: %d", fourth == first);
}

static void
database_verifies (void)
{
  g_autoptr (GTlsDatabase) database =
      g_tls_backend_get_default_database (g_tls_backend_get_default ());
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  static const char *const names[] = { "rsa", "expired", "wrong-name", "self-signed" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GTlsCertificate) certificate = link_certificate (names[i]);
      GError *error = NULL;
      GTlsCertificateFlags flags = g_tls_database_verify_chain (
          database, certificate, G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER, identity, NULL,
          G_TLS_DATABASE_VERIFY_NONE, NULL, &error);

      observe_flags (names[i], flags);
      observe_result ("  no error", error == NULL, &error);
    }
}

static void
certificate_properties (void)
{
  g_autoptr (GTlsCertificate) certificate = link_certificate ("rsa");
  g_autofree char *pem = NULL;
  g_autofree char *key = NULL;
  g_autofree char *subject = NULL;
  g_autofree char *issuer = NULL;
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GTlsCertificate) again = NULL;
  GError *error = NULL;

  g_object_get (certificate, "certificate-pem", &pem, "private-key-pem", &key, "subject-name",
                &subject, "issuer-name", &issuer, "dns-names", &names, NULL);
  observe ("%s, issued by %s, %u names, key: %d", subject, issuer, names->len, key != NULL);
  again = g_tls_certificate_new_from_pem (pem, -1, &error);
  observe_result ("again", again != NULL, &error);
  observe ("the same: %d", g_tls_certificate_is_same (certificate, again));
}

static void
bad_certificates (void)
{
  GError *error = NULL;
  g_autoptr (GTlsCertificate) none = g_tls_certificate_new_from_pem ("nothing", -1, &error);
  g_autoptr (GTlsCertificate) missing = NULL;
  g_autofree char *path = test_cert_path ("rsa.key");
  g_autoptr (GTlsCertificate) key_alone = NULL;

  observe_result ("no PEM", none != NULL, &error);
  missing = g_tls_certificate_new_from_file ("/nonexistent.pem", &error);
  observe ("missing: %d", missing != NULL);
  g_clear_error (&error);
  key_alone = g_tls_certificate_new_from_file (path, &error);
  observe_result ("a key alone", key_alone != NULL, &error);
}

/* DTLS is the stock backend's: whole, over a pair of sockets. */
static gpointer
serve_dtls (gpointer data)
{
  GError *error = NULL;
  gboolean ok = g_dtls_connection_handshake (data, NULL, &error);

  g_clear_error (&error);
  return GINT_TO_POINTER (ok);
}

/* (transfer full) */
static GDatagramBased *
datagram_socket (int fd)
{
  GError *error = NULL;
  GSocket *socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_DATAGRAM_BASED (socket);
}

static void
dtls (void)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GTlsCertificate) certificate = link_certificate ("rsa");
  g_autoptr (GDatagramBased) client_base = NULL;
  g_autoptr (GDatagramBased) server_base = NULL;
  g_autoptr (GDatagramBased) client = NULL;
  g_autoptr (GDatagramBased) server = NULL;
  GThread *thread;
  GError *error = NULL;
  gboolean ok;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  client_base = datagram_socket (fds[0]);
  server_base = datagram_socket (fds[1]);
  client = g_dtls_client_connection_new (client_base, identity, &error);
  g_assert_no_error (error);
  server = g_dtls_server_connection_new (server_base, certificate, &error);
  g_assert_no_error (error);
  thread = g_thread_new ("server", serve_dtls, server);
  ok = g_dtls_connection_handshake (G_DTLS_CONNECTION (client), NULL, &error);
  observe_result ("handshake", ok, &error);
  observe ("server: %d", GPOINTER_TO_INT (g_thread_join (thread)));
  observe_certificate ("peer", g_dtls_connection_get_peer_certificate (G_DTLS_CONNECTION (client)));
  observe ("version %d", g_dtls_connection_get_protocol_version (G_DTLS_CONNECTION (client)));
}

const ConformanceCase backend_cases[] = {
  { "types", types },
  { "default-database", default_database },
  { "database-verifies", database_verifies },
  { "certificate-properties", certificate_properties },
  { "bad-certificates", bad_certificates },
  { "dtls", dtls },
  { NULL, NULL },
};
