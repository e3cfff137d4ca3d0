/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Clients that cannot say who the server is, or name somebody whom no server can be: the chain is
 * verified, and that it is nobody's whom the client expects is a fault like any other. Each case
 * for a TlsHandoffClientConnection whose anchors the service has, for one whose database judges,
 * and for the connection of GIO's stock backend, whose behaviour is the right one. */

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <unistd.h>

#include "test-connection.h"
#include "test-peer.h"
#include "test-system.h"
#include "test-tls-server.h"

typedef enum
{
  ANCHORS,
  JUDGE,
  STOCK,
  N_KINDS,
} Kind;

static const char *const kinds[N_KINDS] = { "anchors", "judge", "stock" };

/* A database that is not of the stock class: so it judges itself. */
#define TEST_TYPE_DATABASE (test_database_get_type ())
G_DECLARE_FINAL_TYPE (TestDatabase, test_database, TEST, DATABASE, GTlsDatabase)

struct _TestDatabase
{
  GTlsDatabase parent_instance;

  GTlsDatabase *file;
};

G_DEFINE_FINAL_TYPE (TestDatabase, test_database, G_TYPE_TLS_DATABASE)

static GTlsCertificateFlags
test_database_verify_chain (GTlsDatabase *database,
                            GTlsCertificate *chain,
                            const char *purpose,
                            GSocketConnectable *identity,
                            GTlsInteraction *interaction,
                            GTlsDatabaseVerifyFlags flags,
                            GCancellable *cancellable,
                            GError **error)
{
  return g_tls_database_verify_chain (TEST_DATABASE (database)->file, chain, purpose, identity,
                                      interaction, flags, cancellable, error);
}

static void
test_database_finalize (GObject *object)
{
  g_clear_object (&TEST_DATABASE (object)->file);
  G_OBJECT_CLASS (test_database_parent_class)->finalize (object);
}

static void
test_database_class_init (TestDatabaseClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_database_finalize;
  G_TLS_DATABASE_CLASS (klass)->verify_chain = test_database_verify_chain;
}

static void
test_database_init (TestDatabase *self)
{
}

/* What the server heard. */
static GMutex server_lock;
static gboolean server_has_name;

static void
echo (TestTlsServer *server, gnutls_session_t session)
{
  char name[256];
  gsize size = sizeof name;
  unsigned int type;

  g_mutex_lock (&server_lock);
  server_has_name = gnutls_server_name_get (session, name, &size, &type, 0) >= 0;
  g_mutex_unlock (&server_lock);
  test_tls_server_echo (server, session);
}

static GTlsConnection *
new_connection (Kind kind, int fd, GSocketConnectable *identity)
{
  g_autofree char *path = test_cert_path ("ca.pem");
  g_autoptr (TlsHandoffHandshakeOptions) options = tls_handoff_handshake_options_new ();
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  GIOStream *connection;

  socket = g_socket_new_from_fd (fd, &error);
  g_assert_no_error (error);
  base = g_socket_connection_factory_create_connection (socket);
  database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  if (kind == STOCK)
    {
      connection = g_tls_client_connection_new (G_IO_STREAM (base), identity, &error);
      g_assert_no_error (error);
      g_tls_connection_set_database (G_TLS_CONNECTION (connection), database);
      return G_TLS_CONNECTION (connection);
    }

  connection =
      tls_handoff_client_connection_new (G_IO_STREAM (base), identity, test_manager_get (), &error);
  g_assert_no_error (error);
  if (kind == JUDGE)
    {
      g_autoptr (GTlsDatabase) judge = g_object_new (TEST_TYPE_DATABASE, NULL);

      TEST_DATABASE (judge)->file = g_steal_pointer (&database);
      g_tls_connection_set_database (G_TLS_CONNECTION (connection), judge);
      return G_TLS_CONNECTION (connection);
    }
  g_ptr_array_add (anchors, test_cert_der ("ca.pem"));
  tls_handoff_handshake_options_set_trust_anchors (options, anchors);
  tls_handoff_connection_set_options (TLS_HANDOFF_CONNECTION (connection), options);
  return G_TLS_CONNECTION (connection);
}

typedef struct
{
  gboolean accept;
  GTlsCertificateFlags errors; /* that the handler was told of */
  guint n_asked;
} Handler;

static gboolean
accept_certificate_cb (GTlsConnection *connection,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags errors,
                       gpointer user_data)
{
  Handler *handler = user_data;

  handler->n_asked++;
  handler->errors = errors;
  return handler->accept;
}

/* A handshake with a server that has the certificate. validated: the faults that count. handler:
 * (nullable) */
static void
shake_hands (Kind kind,
             GSocketConnectable *identity,
             const char *certificate,
             GTlsCertificateFlags validated,
             Handler *handler,
             GError **error)
{
  g_autoptr (GTlsConnection) connection = NULL;
  g_autoptr (TestTlsServer) server = NULL;
  int fds[2];

  test_tcp_pair (fds);
  server = test_tls_server_new (fds[1], certificate, NULL, echo);
  connection = new_connection (kind, fds[0], identity);
  g_object_set (connection, "validation-flags", validated, NULL);
  if (handler != NULL)
    g_signal_connect (connection, "accept-certificate", G_CALLBACK (accept_certificate_cb),
                      handler);
  if (g_tls_connection_handshake (connection, NULL, error))
    {
      test_exchange_text (connection, "hello");
      test_close_connection (connection);
    }
  else
    {
      g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
    }
}

static void
check_identity (Kind kind, GSocketConnectable *identity)
{
  Handler accepts = { TRUE, 0, 0 };
  Handler refuses = { FALSE, 0, 0 };
  Handler accepts_more = { TRUE, 0, 0 };
  Handler not_asked = { FALSE, 0, 0 };
  g_autoptr (GError) error = NULL;

  shake_hands (kind, identity, "ecdsa", G_TLS_CERTIFICATE_VALIDATE_ALL, &accepts, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (accepts.n_asked, ==, 1);
  g_assert_cmpint (accepts.errors, ==, G_TLS_CERTIFICATE_BAD_IDENTITY);
  if (kind != STOCK)
    g_assert_false (server_has_name);

  shake_hands (kind, identity, "ecdsa", G_TLS_CERTIFICATE_VALIDATE_ALL, &refuses, &error);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpuint (refuses.n_asked, ==, 1);
  g_clear_error (&error);

  /* The application does not decide: that is a refusal, not an error of its own. */
  shake_hands (kind, identity, "ecdsa", G_TLS_CERTIFICATE_VALIDATE_ALL, NULL, &error);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_clear_error (&error);

  /* Who the server is does not matter, but the chain does. */
  shake_hands (kind, identity, "ecdsa",
               G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_BAD_IDENTITY, &not_asked,
               &error);
  g_assert_no_error (error);
  g_assert_cmpuint (not_asked.n_asked, ==, 0);
  shake_hands (kind, identity, "self-signed",
               G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_BAD_IDENTITY, NULL, &error);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_clear_error (&error);

  shake_hands (kind, identity, "self-signed", G_TLS_CERTIFICATE_VALIDATE_ALL, &accepts_more,
               &error);
  g_assert_no_error (error);
  g_assert_cmpint (accepts_more.errors, ==,
                   G_TLS_CERTIFICATE_BAD_IDENTITY | G_TLS_CERTIFICATE_UNKNOWN_CA);
}

static void
test_none (gconstpointer kind)
{
  check_identity (GPOINTER_TO_INT (kind), NULL);
}

/* Breaks if a name that no server can have is an error of its own, or is taken for another. */
static void
test_odd (gconstpointer kind)
{
  g_autofree char *label = g_strnfill (64, 'a');
  g_autofree char *long_label = g_strconcat (label, ".test", NULL);
  const char *const names[] = { "", long_label, "*.test", "::1%lo", "local host" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GSocketConnectable) identity = g_network_address_new (names[i], 443);

      g_test_message ("“%s”", names[i]);
      /* The stock backend sends these as the server's name, and GnuTLS's servers refuse them. */
      if (GPOINTER_TO_INT (kind) == STOCK && strpbrk (names[i], "*% ") != NULL)
        continue;
      check_identity (GPOINTER_TO_INT (kind), identity);
    }
}

/* Breaks if an address of a kind that no certificate can name is refused, or trusted. */
static void
test_unix (gconstpointer kind)
{
  g_autoptr (GSocketAddress) identity = g_unix_socket_address_new ("/run/handoff");

  check_identity (GPOINTER_TO_INT (kind), G_SOCKET_CONNECTABLE (identity));
}

int
main (int argc, char **argv)
{
  gsize i;

  test_system_init (&argc, &argv);
  for (i = 0; i < N_KINDS; i++)
    {
      g_autofree char *none = g_strconcat ("/client-names/none/", kinds[i], NULL);
      g_autofree char *odd = g_strconcat ("/client-names/odd/", kinds[i], NULL);
      g_autofree char *unix_path = g_strconcat ("/client-names/unix/", kinds[i], NULL);

      g_test_add_data_func (none, GINT_TO_POINTER (i), test_none);
      g_test_add_data_func (odd, GINT_TO_POINTER (i), test_odd);
      g_test_add_data_func (unix_path, GINT_TO_POINTER (i), test_unix);
    }
  return g_test_run ();
}
