/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* g_tls_connection_get_channel_binding_data(): the same as what the other end has, which is GIO's
 * stock module or OpenSSL; and the same errors as the stock module's.
 *
 * The stock module has no extended master secret, unless $G_TLS_GNUTLS_PRIORITY says otherwise:
 * meson.build has a second test, in which it does. */

#include <sys/socket.h>
#include <unistd.h>

#include "test-binding.h"
#include "test-connection.h"
#include "test-credential.h"
#include "test-peer.h"
#include "test-system.h"

#define OWN_RULES                                                                                  \
  "polkit.addRule(function(action, subject) {"                                                     \
  " if (action.id.match(/-own-credentials?$/)) return polkit.Result.YES; });"

typedef enum
{
  STOCK,
  OPENSSL,
} PeerKind;

typedef struct
{
  const char *name;
  gboolean is_server; /* we are */
  PeerKind peer;
  GTlsProtocolVersion protocol;
  gboolean named; /* our certificate is a credential of the service */
} Case;

static GIOStream *
new_base (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static GTlsCertificate *
load_certificate (const char *name)
{
  g_autoptr (GBytes) pem = test_cert_with_key (name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_pem (
      g_bytes_get_data (pem, NULL), (gssize) g_bytes_get_size (pem), &error);

  g_assert_no_error (error);
  return certificate;
}

/* fd: taken over. (transfer full) */
static GTlsConnection *
new_ours (const Case *c, int fd)
{
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GTlsCertificate) certificate = c->named ? NULL : load_certificate ("rsa");
  g_autoptr (GIOStream) base = new_base (fd);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GError) error = NULL;
  GIOStream *connection;

  tls_handoff_handshake_options_set_protocol_range (options, c->protocol, c->protocol);
  if (c->is_server)
    {
      connection =
          tls_handoff_server_connection_new (base, certificate, test_manager_get (), &error);
      if (c->named)
        tls_handoff_handshake_options_set_credential (options, "site");
    }
  else
    {
      connection = tls_handoff_client_connection_new (base, identity, test_manager_get (), &error);
      g_ptr_array_add (anchors, test_cert_der ("ca.pem"));
      tls_handoff_handshake_options_set_trust_anchors (options, anchors);
    }
  g_assert_no_error (error);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (connection), options);
  return G_TLS_CONNECTION (connection);
}

static gboolean
accept_cb (GTlsConnection *connection,
           GTlsCertificate *certificate,
           GTlsCertificateFlags errors,
           gpointer user_data)
{
  return TRUE;
}

/* fd: taken over. certificate: a server's. (transfer full) */
static GTlsConnection *
new_stock (gboolean is_server, const char *name, int fd)
{
  g_autoptr (GIOStream) base = new_base (fd);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("localhost", 443);
  g_autoptr (GTlsCertificate) certificate = load_certificate (name);
  g_autoptr (GError) error = NULL;
  GIOStream *connection = is_server ? g_tls_server_connection_new (base, certificate, &error)
                                    : g_tls_client_connection_new (base, identity, &error);

  g_assert_no_error (error);
  g_assert_false (TLS_HANDOFF_IS_CONNECTION (connection));
  if (!is_server)
    g_signal_connect (connection, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  return G_TLS_CONNECTION (connection);
}

static SSL_CTX *
new_context (gboolean is_server)
{
  g_autofree char *certificate = test_cert_path ("rsa.pem");
  g_autofree char *key = test_cert_path ("rsa.key");
  SSL_CTX *context = SSL_CTX_new (is_server ? TLS_server_method () : TLS_client_method ());

  if (is_server)
    {
      g_assert_cmpint (SSL_CTX_use_certificate_file (context, certificate, SSL_FILETYPE_PEM), ==,
                       1);
      g_assert_cmpint (SSL_CTX_use_PrivateKey_file (context, key, SSL_FILETYPE_PEM), ==, 1);
    }
  return context;
}

/* Which there must be, so that two that have nothing are not taken for two that agree. */
static void
assert_expected (const Case *c, const TestBinding *bindings)
{
  gboolean is_tls1_3 = c->protocol == G_TLS_PROTOCOL_VERSION_TLS_1_3;
  gboolean is_extended = c->peer == OPENSSL || g_getenv ("G_TLS_GNUTLS_PRIORITY") != NULL;

  g_assert_cmpint (bindings[G_TLS_CHANNEL_BINDING_TLS_UNIQUE].data != NULL, ==, !is_tls1_3);
  g_assert_nonnull (bindings[G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT].data);
  g_assert_cmpint (bindings[G_TLS_CHANNEL_BINDING_TLS_EXPORTER].data != NULL, ==,
                   is_tls1_3 || is_extended);
}

/* Data and errors. */
static void
assert_same (const TestBinding *ours, const TestBinding *theirs)
{
  for (int type = 0; type < TEST_N_BINDINGS; type++)
    {
      g_test_message ("type %d: %s", type, theirs[type].data != NULL ? "data" : "none");
      if (theirs[type].data != NULL)
        {
          g_assert_nonnull (ours[type].data);
          g_assert_true (g_bytes_equal (ours[type].data, theirs[type].data));
        }
      else
        {
          g_assert_null (ours[type].data);
          g_assert_cmpint (ours[type].code, ==, theirs[type].code);
        }
    }
}

/* Breaks if a binding is another one than at the other end: two connections, of which the second
 * resumes the first one's session, if the peer does that at all. */
static void
test_same (gconstpointer data)
{
  const Case *c = data;
  SSL_CTX *context = new_context (!c->is_server);
  SSL_SESSION *session = NULL;
  guint16 port;
  int listener = test_listen (&port);

  for (int round = 0; round < 2; round++)
    {
      g_autoptr (GTlsConnection) ours = NULL;
      g_autoptr (TestBinding) our_bindings = NULL;
      g_autoptr (TestBinding) their_bindings = NULL;
      TestBindingPeer *peer;
      gboolean resumed;
      /* The stock module resumes only with the same port. */
      int client = test_connect (port);
      int server = accept (listener, NULL, NULL);
      int theirs = c->is_server ? client : server;

      ours = new_ours (c, c->is_server ? server : client);
      if (c->peer == STOCK)
        peer = test_binding_peer_new_gio (new_stock (!c->is_server, "rsa", theirs));
      else
        peer = test_binding_peer_new_openssl (context, theirs, !c->is_server, session);
      g_clear_pointer (&session, SSL_SESSION_free);
      test_binding_speak (ours, c->is_server);
      resumed = tls_handoff_handshake_result_get_resumed (
          tls_handoff_connection_get_result (TLS_HANDOFF_CONNECTION (ours)));
      g_test_message ("%s, round %d, resumed: %d", c->name, round, resumed);
      if (c->peer == OPENSSL)
        g_assert_cmpint (resumed, ==, round == 1);

      our_bindings = test_bindings_of_connection (ours);
      g_assert_true (g_io_stream_close (G_IO_STREAM (ours), NULL, NULL));
      their_bindings = test_binding_peer_finish (peer, &session);
      assert_expected (c, their_bindings);
      assert_same (our_bindings, their_bindings);
      g_clear_pointer (&our_bindings, test_bindings_free);
      our_bindings = test_bindings_of_connection (ours);
      assert_same (our_bindings, their_bindings);
    }
  close (listener);
  g_clear_pointer (&session, SSL_SESSION_free);
  SSL_CTX_free (context);
}

/* What a client of GIO's says of its bindings at different times. */
typedef struct
{
  TestBinding *before;
  TestBinding *while_asked;
  TestBinding *failed;
  int unknown_type;      /* code of the error, after the handshake */
  gboolean without_data; /* what it says if nobody wants the data: TLS 1.3, tls-exporter */
  guint replaced_size;   /* of an array in which there was something else before */
} Answers;

static gboolean
asked_cb (GTlsConnection *connection,
          GTlsCertificate *certificate,
          GTlsCertificateFlags errors,
          gpointer place)
{
  *(TestBinding **) place = test_bindings_of_connection (connection);
  return TRUE;
}

static GTlsConnection *
new_client (gboolean is_ours, int fd)
{
  g_autoptr (GIOStream) base = new_base (fd);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("other.handoff.test", 443);
  g_autoptr (GError) error = NULL;
  GIOStream *connection =
      is_ours ? tls_handoff_client_connection_new (base, identity, test_manager_get (), &error)
              : g_tls_client_connection_new (base, identity, &error);

  g_assert_no_error (error);
  return G_TLS_CONNECTION (connection);
}

static void
ask (gboolean is_ours, Answers *answers)
{
  g_autoptr (GByteArray) array = g_byte_array_new ();
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (GTlsConnection) refusing = NULL;
  g_autoptr (TestBinding) theirs = NULL;
  g_autoptr (GError) error = NULL;
  TestBindingPeer *peer;
  int fds[2];

  test_tcp_pair (fds);
  connection = new_client (is_ours, fds[0]);
  answers->before = test_bindings_of_connection (connection);
  g_signal_connect (connection, "accept-certificate", G_CALLBACK (asked_cb), &answers->while_asked);
  peer = test_binding_peer_new_gio (new_stock (TRUE, "rsa", fds[1]));
  test_binding_speak (connection, FALSE);
  g_assert_false (g_tls_connection_get_channel_binding_data (
      connection, (GTlsChannelBindingType) TEST_N_BINDINGS, NULL, &error));
  g_assert_true (error->domain == G_TLS_CHANNEL_BINDING_ERROR);
  answers->unknown_type = error->code;
  answers->without_data = g_tls_connection_get_channel_binding_data (
      connection, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, NULL, NULL);
  g_byte_array_append (array, (const guint8 *) "something", 9);
  g_assert_true (g_tls_connection_get_channel_binding_data (
      connection, G_TLS_CHANNEL_BINDING_TLS_EXPORTER, array, NULL));
  answers->replaced_size = array->len;
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  theirs = test_binding_peer_finish (peer, NULL);

  /* A peer that hangs up. */
  test_tcp_pair (fds);
  refusing = new_client (is_ours, fds[0]);
  {
    g_autoptr (GIOStream) hung_up = new_base (fds[1]);

    g_io_stream_close (hung_up, NULL, NULL);
  }
  g_assert_false (g_tls_connection_handshake (refusing, NULL, NULL));
  answers->failed = test_bindings_of_connection (refusing);
}

static void
answers_clear (Answers *answers)
{
  test_bindings_free (answers->before);
  test_bindings_free (answers->while_asked);
  test_bindings_free (answers->failed);
}

/* Breaks if ours differs from GIO's stock module in when there is a binding, or in the error. */
static void
test_errors (void)
{
  Answers ours = { NULL };
  Answers stock = { NULL };

  ask (TRUE, &ours);
  ask (FALSE, &stock);
  assert_same (ours.before, stock.before);
  assert_same (ours.while_asked, stock.while_asked);
  assert_same (ours.failed, stock.failed);
  g_assert_cmpint (stock.before[0].code, ==, G_TLS_CHANNEL_BINDING_ERROR_INVALID_STATE);
  g_assert_cmpint (ours.unknown_type, ==, stock.unknown_type);
  g_assert_cmpint (stock.unknown_type, ==, G_TLS_CHANNEL_BINDING_ERROR_NOT_IMPLEMENTED);
  g_assert_cmpint (ours.without_data, ==, stock.without_data);
  g_assert_cmpuint (ours.replaced_size, ==, stock.replaced_size);
  g_assert_cmpuint (stock.replaced_size, ==, 32);
  answers_clear (&ours);
  answers_clear (&stock);
}

static TestBinding *
bindings_of_client (gboolean is_ours, const char *certificate)
{
  g_autoptr (GTlsConnection) connection = NULL;
  TestBindingPeer *peer;
  TestBinding *bindings;
  int fds[2];

  test_tcp_pair (fds);
  connection = new_client (is_ours, fds[0]);
  g_signal_connect (connection, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  peer = test_binding_peer_new_gio (new_stock (TRUE, certificate, fds[1]));
  test_binding_speak (connection, FALSE);
  bindings = test_bindings_of_connection (connection);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  test_bindings_free (test_binding_peer_finish (peer, NULL));
  return bindings;
}

/* Breaks if a certificate is hashed with another hash than the stock module takes, or if the error
 * is another one where there is none. */
static void
test_signatures (void)
{
  static const struct
  {
    const char *certificate;
    guint size;
  } cases[] = {
    { "weak", 32 },
    { "below-pss", 48 },
    { "below-ed25519", 64 },
    { "below-ed448", 0 },
  };
  const int end_point = G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestBinding) ours = bindings_of_client (TRUE, cases[i].certificate);
      g_autoptr (TestBinding) stock = bindings_of_client (FALSE, cases[i].certificate);

      g_test_message ("%s", cases[i].certificate);
      if (cases[i].size > 0)
        {
          g_assert_cmpuint (g_bytes_get_size (stock[end_point].data), ==, cases[i].size);
          g_assert_true (g_bytes_equal (ours[end_point].data, stock[end_point].data));
          continue;
        }
      /* GIO's documentation has an error for that, which the stock module does not use: GnuTLS only
       * says that it failed. */
      g_assert_null (ours[end_point].data);
      g_assert_cmpint (ours[end_point].code, ==, G_TLS_CHANNEL_BINDING_ERROR_NOT_SUPPORTED);
      g_assert_null (stock[end_point].data);
      g_assert_cmpint (stock[end_point].code, ==, G_TLS_CHANNEL_BINDING_ERROR_GENERAL_ERROR);
    }
}

static void
import (void)
{
  g_autoptr (GBytes) pem = test_cert_with_key ("ecdsa");
  g_autoptr (GError) error = NULL;
  g_autoptr (TlsHandoffCredential) credential = tls_handoff_manager_import_credential_sync (
      test_manager_get (), "site", pem, NULL, 0, -1, TLS_HANDOFF_HANDSHAKE_NONE, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (credential);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { "client/stock/tls1.3", FALSE, STOCK, G_TLS_PROTOCOL_VERSION_TLS_1_3, FALSE },
    { "client/stock/tls1.2", FALSE, STOCK, G_TLS_PROTOCOL_VERSION_TLS_1_2, FALSE },
    { "client/openssl/tls1.3", FALSE, OPENSSL, G_TLS_PROTOCOL_VERSION_TLS_1_3, FALSE },
    { "client/openssl/tls1.2", FALSE, OPENSSL, G_TLS_PROTOCOL_VERSION_TLS_1_2, FALSE },
    { "server/stock/tls1.3", TRUE, STOCK, G_TLS_PROTOCOL_VERSION_TLS_1_3, FALSE },
    { "server/stock/tls1.2", TRUE, STOCK, G_TLS_PROTOCOL_VERSION_TLS_1_2, FALSE },
    { "server/openssl/tls1.3", TRUE, OPENSSL, G_TLS_PROTOCOL_VERSION_TLS_1_3, FALSE },
    { "server/openssl/tls1.2", TRUE, OPENSSL, G_TLS_PROTOCOL_VERSION_TLS_1_2, FALSE },
    { "server/openssl/named/tls1.3", TRUE, OPENSSL, G_TLS_PROTOCOL_VERSION_TLS_1_3, TRUE },
    { "server/openssl/named/tls1.2", TRUE, OPENSSL, G_TLS_PROTOCOL_VERSION_TLS_1_2, TRUE },
  };
  int status;

  test_system_init (&argc, &argv);
  test_polkit_set_rules (OWN_RULES);
  /* TLS 1.2 sessions are kept only if the configuration says so. */
  test_service_stop ();
  test_service_set_config ("[Resumption]\nMinimumProtocol=TLS1.2\n");
  import ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/channel-bindings/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_same);
    }
  g_test_add_func ("/channel-bindings/errors", test_errors);
  g_test_add_func ("/channel-bindings/signatures", test_signatures);
  status = g_test_run ();
  test_credential_remove_all ();
  test_service_set_config (NULL);
  return status;
}
