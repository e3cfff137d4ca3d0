/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GTlsServerConnection: its clients, and what it asks of them. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "link.h"
#include "test-peer.h"
#include "test-system.h"

static const PeerSettings plain = { .server_name = "localhost" };
static const PeerSettings plain12 = { .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
static const PeerSettings with_certificate = { .certificate = "client" };
static const PeerSettings with_certificate12 = { .certificate = "client",
                                                 .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

static void
say_and_hear (Peer *peer)
{
  peer_say (peer, "hello");
  peer_hear (peer, 5);
  peer_bye (peer);
  peer_hear_end (peer);
}

static void
serve (const char *certificate, const PeerSettings *settings)
{
  PeerSettings speaking = *settings;
  Link *link;

  speaking.script = say_and_hear;
  link = link_new_server (certificate, &speaking);
  link_handshake (link);
  link_read (link, 5);
  link_write (link, "HELLO");
  link_read (link, 5);
  link_end (link);
}

static void
rsa (void)
{
  serve ("rsa", &plain);
  serve ("rsa", &plain12);
}

static void
ecdsa (void)
{
  serve ("ecdsa", &plain);
  serve ("ecdsa", &plain12);
}

static void
ed25519 (void)
{
  serve ("ed25519", &plain);
}

static void
async (void)
{
  Link *link = link_new_server ("rsa", &plain);

  link_handshake_async (link, NULL);
  link_end (link);
}

static void
by_read (void)
{
  PeerSettings settings = { .script = say_and_hear };
  Link *link = link_new_server ("rsa", &settings);

  link_read (link, 5);
  link_write (link, "HELLO");
  link_end (link);
}

static void
without_certificate (void)
{
  Link *link = link_new_server (NULL, &plain);

  observe_notifications (link->connection);
  link_handshake (link);
  observe_property (link->connection, "protocol-version");
  link_end (link);
}

static void
certificate_set_later (void)
{
  Link *link = link_new_server (NULL, &plain);
  g_autoptr (GTlsCertificate) certificate = link_certificate ("rsa");

  g_tls_connection_set_certificate (link->connection, certificate);
  link_handshake (link);
  link_end (link);
}

typedef enum
{
  NO_HANDLER,
  ACCEPT,
  REJECT,
} Handler;

static void
ask_client (const PeerSettings *settings, GTlsAuthenticationMode mode, Handler handler)
{
  Link *link = link_new_server ("rsa", settings);

  g_object_set (link->connection, "authentication-mode", mode, NULL);
  if (handler != NO_HANDLER)
    link_accept_certificates (link, handler == ACCEPT);
  observe_notifications (link->connection);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate");
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

#define CASE(name, settings, mode, handler)                                                        \
  static void name (void) { ask_client (&settings, G_TLS_AUTHENTICATION_##mode, handler); }
CASE (unasked, with_certificate, NONE, ACCEPT)
CASE (requested, with_certificate, REQUESTED, ACCEPT)
CASE (requested12, with_certificate12, REQUESTED, ACCEPT)
CASE (requested_none, plain, REQUESTED, ACCEPT)
CASE (requested_none12, plain12, REQUESTED, ACCEPT)
CASE (required, with_certificate, REQUIRED, ACCEPT)
CASE (required12, with_certificate12, REQUIRED, ACCEPT)
CASE (required_none, plain, REQUIRED, ACCEPT)
CASE (required_none12, plain12, REQUIRED, ACCEPT)
CASE (requested_rejected, with_certificate, REQUESTED, REJECT)
CASE (requested_rejected12, with_certificate12, REQUESTED, REJECT)
CASE (required_rejected, with_certificate, REQUIRED, REJECT)
CASE (requested_no_handler, with_certificate, REQUESTED, NO_HANDLER)
CASE (required_no_handler, with_certificate, REQUIRED, NO_HANDLER)
#undef CASE

/* Whom the server's database knows; the handler is asked all the same. */
static void
with_database (Handler handler)
{
  Link *link = link_new_server ("rsa", &with_certificate);
  g_autoptr (GTlsDatabase) database = link_database ("client-ca.pem");

  g_object_set (link->connection, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  g_tls_connection_set_database (link->connection, database);
  if (handler != NO_HANDLER)
    link_accept_certificates (link, handler == ACCEPT);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
database_accept (void)
{
  with_database (ACCEPT);
}

static void
database_reject (void)
{
  with_database (REJECT);
}

static void
database_no_handler (void)
{
  with_database (NO_HANDLER);
}

static void
no_database (void)
{
  Link *link = link_new_server ("rsa", &with_certificate);

  g_object_set (link->connection, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  g_tls_connection_set_database (link->connection, NULL);
  link_accept_certificates (link, TRUE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
required_async (void)
{
  Link *link = link_new_server ("rsa", &with_certificate);

  g_object_set (link->connection, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  link_accept_certificates (link, TRUE);
  link_handshake_async (link, NULL);
  observe_property (link->connection, "peer-certificate");
  link_end (link);
}

static void
drain (Peer *peer)
{
  while (recv (peer_get_fd (peer), &(char[1024]){ 0 }, 1024, 0) > 0)
    continue;
}

static void
speak_http (Peer *peer)
{
  peer_say (peer, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
speak_garbage (Peer *peer)
{
  peer_say (peer, "\377\377\377\377\377\377\377\377\377\377");
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
hang_up (Peer *peer)
{
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

static void
half_a_hello (Peer *peer)
{
  send (peer_get_fd (peer), "\x16\x03\x01\x02\x00\x01\x00", 7, MSG_NOSIGNAL);
  hang_up (peer);
}

static void
against (PeerScript script)
{
  Link *link = link_new_server_raw ("rsa", script);

  link_handshake (link);
  link_free (link);
}

static void
client_speaks_http (void)
{
  against (speak_http);
}

static void
client_speaks_garbage (void)
{
  against (speak_garbage);
}

static void
client_hangs_up (void)
{
  against (hang_up);
}

static void
client_sends_half_a_hello (void)
{
  against (half_a_hello);
}

static void
client_with_old_protocol (void)
{
  static const PeerSettings settings = { .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.0" };
  Link *link = link_new_server ("rsa", &settings);

  link_handshake (link);
  link_end (link);
}

static void
send_unknown_ca (Peer *peer)
{
  gnutls_alert_send (peer_get_session (peer), GNUTLS_AL_FATAL, GNUTLS_A_UNKNOWN_CA);
  shutdown (peer_get_fd (peer), SHUT_WR);
  drain (peer);
}

/* A client judges the server's certificate after its handshake, which is when TLS 1.3 lets it. */
static void
client_does_not_trust (void)
{
  static const PeerSettings settings = { .script = send_unknown_ca };
  Link *link = link_new_server ("rsa", &settings);

  link_handshake (link);
  link_read (link, 1);
  link_read (link, 1);
  link_end (link);
}

static void
cut_off (Peer *peer)
{
  shutdown (peer_get_fd (peer), SHUT_RDWR);
}

static void
client_is_cut_off (void)
{
  static const PeerSettings settings = { .script = cut_off };
  Link *link = link_new_server ("rsa", &settings);

  link_handshake (link);
  link_read (link, 1);
  link_end (link);
}

/* What a client sends right behind its handshake. */
static void
much (void)
{
  static const PeerSettings settings = { 0 };
  Link *link = link_new_server ("ecdsa", &settings);
  g_autofree char *text = g_strnfill (100000, 'a');
  g_autofree char *heard = g_malloc0 (100001);
  GError *error = NULL;
  gboolean ok;
  gsize n;

  ok = g_output_stream_write_all (link->out, text, 100000, &n, NULL, &error);
  observe_result ("write", ok, &error);
  ok = g_input_stream_read_all (link->in, heard, 100000, &n, NULL, &error);
  observe_result ("read", ok, &error);
  observe ("the same: %d", g_str_equal (heard, text));
  link_end (link);
}

/* Without its key. */
static void
certificate_without_key (void)
{
  Link *link = link_new_server ("rsa", &plain);
  g_autoptr (GTlsCertificate) with = link_certificate ("rsa");
  g_autofree char *pem = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  GError *error = NULL;

  g_object_get (with, "certificate-pem", &pem, NULL);
  certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  g_assert_no_error (error);
  g_tls_connection_set_certificate (link->connection, certificate);
  link_handshake (link);
  link_end (link);
}

static gboolean
accept_cb (GTlsConnection *connection,
           GTlsCertificate *certificate,
           GTlsCertificateFlags errors,
           gpointer data)
{
  observe_certificate ("accept-certificate", certificate);
  return TRUE;
}

/* OpenSSL's client, a process of its own. options: NULL-terminated */
static void
openssl (GTlsAuthenticationMode mode, const char *const *options)
{
  static const char *const command[] = { "openssl", "s_client", "-quiet", "-connect", NULL };
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GTlsCertificate) certificate = link_certificate ("rsa");
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GSubprocess) client = NULL;
  char buffer[7] = { 0 };
  GError *error = NULL;
  guint16 port;
  gboolean ok;
  gsize i, n;
  int listener = test_listen (&port);

  for (i = 0; command[i] != NULL; i++)
    g_ptr_array_add (arguments, g_strdup (command[i]));
  g_ptr_array_add (arguments, g_strdup_printf ("127.0.0.1:%u", port));
  for (i = 0; options[i] != NULL; i++)
    g_ptr_array_add (arguments,
                     options[i][0] == '-' ? g_strdup (options[i]) : test_cert_path (options[i]));
  g_ptr_array_add (arguments, NULL);
  client = g_subprocess_newv ((const char *const *) arguments->pdata,
                              G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                  G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                              &error);
  g_assert_no_error (error);
  base = link_stream_new (accept (listener, NULL, NULL));
  close (listener);

  connection = g_tls_server_connection_new (base, certificate, &error);
  g_assert_no_error (error);
  g_object_set (connection, "authentication-mode", mode, NULL);
  g_signal_connect (connection, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  ok = g_tls_connection_handshake (G_TLS_CONNECTION (connection), NULL, &error);
  observe_result ("handshake", ok, &error);
  observe_property (connection, "peer-certificate");
  observe_property (connection, "protocol-version");
  g_output_stream_write_all (g_subprocess_get_stdin_pipe (client), "hello\n", 6, NULL, NULL, NULL);
  ok = g_input_stream_read_all (g_io_stream_get_input_stream (connection), buffer, ok ? 6 : 0, &n,
                                NULL, &error);
  observe_result ("read", ok, &error);
  observe ("%" G_GSIZE_FORMAT " bytes", n);
  ok = g_io_stream_close (connection, NULL, &error);
  observe_result ("close", ok, &error);
  g_subprocess_wait (client, NULL, NULL);
}

static void
openssl13 (void)
{
  static const char *const options[] = { "-tls1_3", NULL };

  openssl (G_TLS_AUTHENTICATION_NONE, options);
}

static void
openssl12 (void)
{
  static const char *const options[] = { "-tls1_2", NULL };

  openssl (G_TLS_AUTHENTICATION_NONE, options);
}

static void
openssl_with_certificate (void)
{
  static const char *const options[] = { "-cert", "client.pem", "-key", "client.key", NULL };

  openssl (G_TLS_AUTHENTICATION_REQUIRED, options);
}

static void
openssl_with_certificate12 (void)
{
  static const char *const options[] = { "-tls1_2", "-cert",      "client.pem",
                                         "-key",    "client.key", NULL };

  openssl (G_TLS_AUTHENTICATION_REQUIRED, options);
}

const ConformanceCase server_cases[] = {
  { "rsa", rsa },
  { "ecdsa", ecdsa },
  { "ed25519", ed25519 },
  { "async", async },
  { "by-read", by_read },
  { "without-certificate", without_certificate },
  { "certificate-set-later", certificate_set_later },
  { "certificate-without-key", certificate_without_key },
  { "unasked", unasked },
  { "requested", requested },
  { "requested-1.2", requested12 },
  { "requested-none", requested_none },
  { "requested-none-1.2", requested_none12 },
  { "required", required },
  { "required-1.2", required12 },
  { "required-none", required_none },
  { "required-none-1.2", required_none12 },
  { "requested-rejected", requested_rejected },
  { "requested-rejected-1.2", requested_rejected12 },
  { "required-rejected", required_rejected },
  { "requested-no-handler", requested_no_handler },
  { "required-no-handler", required_no_handler },
  { "required-async", required_async },
  { "database-accept", database_accept },
  { "database-reject", database_reject },
  { "database-no-handler", database_no_handler },
  { "no-database", no_database },
  { "client-speaks-http", client_speaks_http },
  { "client-speaks-garbage", client_speaks_garbage },
  { "client-hangs-up", client_hangs_up },
  { "client-sends-half-a-hello", client_sends_half_a_hello },
  { "client-with-old-protocol", client_with_old_protocol },
  { "client-does-not-trust", client_does_not_trust },
  { "client-is-cut-off", client_is_cut_off },
  { "much", much },
  { "openssl-1.3", openssl13 },
  { "openssl-1.2", openssl12 },
  { "openssl-with-certificate", openssl_with_certificate },
  { "openssl-with-certificate-1.2", openssl_with_certificate12 },
  { NULL, NULL },
};
