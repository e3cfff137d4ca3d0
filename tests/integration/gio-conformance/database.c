/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GTlsConnection:database: whose word about a certificate counts. */

#include "cases.h"
#include "link.h"

/* A database of the application's own. */
typedef struct
{
  GTlsDatabase parent_instance;

  GTlsCertificateFlags verdict;
  gboolean fails;
  GThread *thread;
} TestDatabase;

typedef GTlsDatabaseClass TestDatabaseClass;
static GType test_database_get_type (void);
G_DEFINE_TYPE (TestDatabase, test_database, G_TYPE_TLS_DATABASE)

static GTlsCertificateFlags
verify_chain (GTlsDatabase *database,
              GTlsCertificate *chain,
              const char *purpose,
              GSocketConnectable *identity,
              GTlsInteraction *interaction,
              GTlsDatabaseVerifyFlags flags,
              GCancellable *cancellable,
              GError **error)
{
  TestDatabase *self = (TestDatabase *) database;
  g_autofree char *name = observe_name (interaction);
  g_autofree char *whom = identity != NULL ? g_socket_connectable_to_string (identity) : NULL;

  observe_certificate ("verify_chain", chain);
  observe ("  purpose %s, identity %s, interaction %s, flags %d", purpose, whom, name, flags);
  observe ("  in %s thread", self->thread == g_thread_self () ? "the same" : "another");
  if (self->fails)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                           "The database is not there");
      return G_TLS_CERTIFICATE_GENERIC_ERROR;
    }
  return self->verdict;
}

static void
test_database_class_init (TestDatabaseClass *klass)
{
  klass->verify_chain = verify_chain;
}

static void
test_database_init (TestDatabase *self)
{
  self->thread = g_thread_self ();
}

/* (transfer full) */
static TestDatabase *
test_database_new (GTlsCertificateFlags verdict)
{
  TestDatabase *self = g_object_new (test_database_get_type (), NULL);

  self->verdict = verdict;
  return self;
}

static void
handshake_with (const char *server, GTlsDatabase *database, gboolean async)
{
  const PeerSettings settings = { .certificate = server };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_database (link->connection, database);
  link_accept_certificates (link, FALSE);
  if (async)
    link_handshake_async (link, NULL);
  else
    link_handshake (link);
  observe_property (link->connection, "peer-certificate");
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
file (void)
{
  g_autoptr (GTlsDatabase) database = link_database ("ca.pem");

  handshake_with ("rsa", database, FALSE);
  handshake_with ("wrong-name", database, FALSE);
  handshake_with ("expired", database, FALSE);
  handshake_with ("self-signed", database, FALSE);
}

static void
file_of_others (void)
{
  g_autoptr (GTlsDatabase) database = link_database ("other-ca.pem");

  handshake_with ("rsa", database, FALSE);
}

/* A server's own certificate among the authorities. */
static void
file_of_the_server (void)
{
  g_autoptr (GTlsDatabase) database = link_database ("self-signed.pem");

  handshake_with ("self-signed", database, FALSE);
}

static void
file_of_end_entity (void)
{
  g_autoptr (GTlsDatabase) database = link_database ("rsa.pem");

  handshake_with ("rsa", database, FALSE);
}

static void
none (void)
{
  handshake_with ("rsa", NULL, FALSE);
}

static void
none_async (void)
{
  handshake_with ("rsa", NULL, TRUE);
}

static void
no_certdb (void)
{
  const PeerSettings settings = { 0 };
  Link *link = link_new_client (&settings);

  g_object_set (link->connection, "use-system-certdb", FALSE, NULL);
  link_accept_certificates (link, TRUE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

/* Only flags that the application did not ask for. */
static void
none_and_flags (void)
{
  const PeerSettings settings = { 0 };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_database (link->connection, NULL);
  g_object_set (link->connection, "validation-flags",
                G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_UNKNOWN_CA, NULL);
  link_accept_certificates (link, FALSE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
own_says (const char *server, GTlsCertificateFlags verdict, gboolean async)
{
  TestDatabase *database = test_database_new (verdict);

  handshake_with (server, G_TLS_DATABASE (database), async);
  g_object_unref (database);
}

static void
own_accepts (void)
{
  own_says ("rsa", G_TLS_CERTIFICATE_NO_FLAGS, FALSE);
  own_says ("self-signed", G_TLS_CERTIFICATE_NO_FLAGS, FALSE);
  own_says ("expired", G_TLS_CERTIFICATE_NO_FLAGS, FALSE);
  own_says ("wrong-name", G_TLS_CERTIFICATE_NO_FLAGS, FALSE);
}

static void
own_rejects (void)
{
  own_says ("rsa", G_TLS_CERTIFICATE_REVOKED, FALSE);
}

static void
own_accepts_async (void)
{
  own_says ("self-signed", G_TLS_CERTIFICATE_NO_FLAGS, TRUE);
}

static void
own_rejects_async (void)
{
  own_says ("rsa", G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_BAD_IDENTITY, TRUE);
}

static void
own_fails (void)
{
  TestDatabase *database = test_database_new (G_TLS_CERTIFICATE_NO_FLAGS);

  database->fails = TRUE;
  handshake_with ("rsa", G_TLS_DATABASE (database), FALSE);
  handshake_with ("rsa", G_TLS_DATABASE (database), TRUE);
  g_object_unref (database);
}

static void
own_with_interaction (void)
{
  const PeerSettings settings = { 0 };
  g_autoptr (GTlsInteraction) interaction = g_object_new (G_TYPE_TLS_INTERACTION, NULL);
  TestDatabase *database = test_database_new (G_TLS_CERTIFICATE_NO_FLAGS);
  Link *link = link_new_client (&settings);

  observe_call (interaction, "the interaction");
  g_tls_connection_set_database (link->connection, G_TLS_DATABASE (database));
  g_tls_connection_set_interaction (link->connection, interaction);
  link_handshake (link);
  link_end (link);
  g_object_unref (database);
}

/* "The default database" is a property of the backend, for every connection to come. */
static void
default_replaced (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  TestDatabase *database = test_database_new (G_TLS_CERTIFICATE_NO_FLAGS);
  Link *link;

  observe_call (database, "the application's");
  g_tls_backend_set_default_database (g_tls_backend_get_default (), G_TLS_DATABASE (database));
  link = link_new_client (&settings);
  observe_property (link->connection, "database");
  observe_property (link->connection, "use-system-certdb");
  link_handshake (link);
  link_end (link);

  g_tls_backend_set_default_database (g_tls_backend_get_default (), NULL);
  link = link_new_client (&settings);
  link_handshake (link);
  link_end (link);
  g_object_unref (database);
}

/* Of a client, asked by a server. */
static void
own_of_server (void)
{
  const PeerSettings settings = { .certificate = "client" };
  TestDatabase *database = test_database_new (G_TLS_CERTIFICATE_NO_FLAGS);
  Link *link = link_new_server ("rsa", &settings);

  g_tls_connection_set_database (link->connection, G_TLS_DATABASE (database));
  g_object_set (link->connection, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  link_accept_certificates (link, TRUE);
  link_handshake (link);
  link_end (link);
  g_object_unref (database);
}

const ConformanceCase database_cases[] = {
  { "file", file },
  { "file-of-others", file_of_others },
  { "file-of-the-server", file_of_the_server },
  { "file-of-end-entity", file_of_end_entity },
  { "none", none },
  { "none-async", none_async },
  { "no-certdb", no_certdb },
  { "none-and-flags", none_and_flags },
  { "own-accepts", own_accepts },
  { "own-rejects", own_rejects },
  { "own-accepts-async", own_accepts_async },
  { "own-rejects-async", own_rejects_async },
  { "own-fails", own_fails },
  { "own-with-interaction", own_with_interaction },
  { "default-replaced", default_replaced },
  { "own-of-server", own_of_server },
  { NULL, NULL },
};
