/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* What can be set and asked, when, and of what one is told. */

#include "cases.h"
#include "link.h"

static const PeerSettings plain = { 0 };

static void
client_defaults (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GTlsDatabase) database =
      g_tls_backend_get_default_database (g_tls_backend_get_default ());

  observe_call (database, "the default database");
  observe_properties (link->connection);
  link_free (link);
}

static void
server_defaults (void)
{
  Link *link = link_new_server ("rsa", &plain);
  g_autoptr (GTlsDatabase) database =
      g_tls_backend_get_default_database (g_tls_backend_get_default ());

  observe_call (database, "the default database");
  observe_properties (link->connection);
  link_free (link);
}

static void
interfaces (void)
{
  static const struct
  {
    const char *name;
    GType (*get_type) (void);
  } types[] = {
    { "GIOStream", g_io_stream_get_type },
    { "GTlsConnection", g_tls_connection_get_type },
    { "GTlsClientConnection", g_tls_client_connection_get_type },
    { "GTlsServerConnection", g_tls_server_connection_get_type },
    { "GInitable", g_initable_get_type },
    { "GAsyncInitable", g_async_initable_get_type },
    { "GSocketConnection", g_socket_connection_get_type },
  };
  Link *links[] = { link_new_client (&plain), link_new_server ("rsa", &plain) };
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (links); i++)
    {
      observe (i == 0 ? "client" : "server");
      for (j = 0; j < G_N_ELEMENTS (types); j++)
        observe ("%s: %d", types[j].name,
                 g_type_is_a (G_OBJECT_TYPE (links[i]->connection), types[j].get_type ()));
      observe ("input: GPollableInputStream %d, GSeekable %d",
               G_IS_POLLABLE_INPUT_STREAM (links[i]->in), G_IS_SEEKABLE (links[i]->in));
      observe ("output: GPollableOutputStream %d, GSeekable %d",
               G_IS_POLLABLE_OUTPUT_STREAM (links[i]->out), G_IS_SEEKABLE (links[i]->out));
      link_free (links[i]);
    }
}

static void
same_streams (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GInputStream) in = NULL;
  g_autoptr (GOutputStream) out = NULL;

  g_object_get (link->connection, "input-stream", &in, "output-stream", &out, NULL);
  observe ("the same input: %d", in == link->in);
  observe ("the same output: %d", out == link->out);
  link_handshake (link);
  observe ("and then: %d %d", in == g_io_stream_get_input_stream (G_IO_STREAM (link->connection)),
           out == g_io_stream_get_output_stream (G_IO_STREAM (link->connection)));
  link_end (link);
}

static void
parameter_specs (void)
{
  static const char *const names[] = {
    "base-io-stream",
    "require-close-notify",
    "rehandshake-mode",
    "use-system-certdb",
    "database",
    "interaction",
    "certificate",
    "peer-certificate",
    "peer-certificate-errors",
    "advertised-protocols",
    "negotiated-protocol",
    "protocol-version",
    "ciphersuite-name",
    "validation-flags",
    "server-identity",
    "use-ssl3",
    "accepted-cas",
    "authentication-mode",
  };
  Link *links[] = { link_new_client (&plain), link_new_server ("rsa", &plain) };
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (links); i++)
    {
      GObjectClass *class = G_OBJECT_GET_CLASS (links[i]->connection);

      observe (i == 0 ? "client" : "server");
      for (j = 0; j < G_N_ELEMENTS (names); j++)
        {
          GParamSpec *pspec = g_object_class_find_property (class, names[j]);

          if (pspec == NULL)
            observe ("%s: none", names[j]);
          else
            observe ("%s: %s%s%s%s", names[j], g_type_name (pspec->value_type),
                     pspec->flags & G_PARAM_READABLE ? " readable" : "",
                     pspec->flags & G_PARAM_WRITABLE ? " writable" : "",
                     pspec->flags & G_PARAM_CONSTRUCT_ONLY ? " construct-only" : "");
        }
      link_free (links[i]);
    }
}

/* Each setter, with another value, then with the same once more. */
static void
setters (void)
{
  const char *const protocols[] = { "h2", "http/1.1", NULL };
  g_autoptr (GTlsInteraction) interaction = g_object_new (G_TYPE_TLS_INTERACTION, NULL);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("other.handoff.test", 443);
  g_autoptr (GTlsCertificate) certificate = link_certificate ("client");
  g_autoptr (GTlsDatabase) database = link_database ("other-ca.pem");
  Link *link = link_new_client (&plain);
  GTlsClientConnection *client = G_TLS_CLIENT_CONNECTION (link->connection);
  int i;

  observe_call (interaction, "the interaction");
  observe_call (identity, "the other");
  observe_call (database, "the database");
  observe_notifications (link->connection);
  for (i = 0; i < 2; i++)
    {
      observe (i == 0 ? "set" : "set again");
      g_tls_connection_set_advertised_protocols (link->connection, protocols);
      g_tls_connection_set_certificate (link->connection, certificate);
      g_tls_connection_set_database (link->connection, database);
      g_tls_connection_set_interaction (link->connection, interaction);
      g_tls_connection_set_require_close_notify (link->connection, FALSE);
      G_GNUC_BEGIN_IGNORE_DEPRECATIONS
      g_tls_connection_set_rehandshake_mode (link->connection, G_TLS_REHANDSHAKE_UNSAFELY);
      g_tls_client_connection_set_validation_flags (client, G_TLS_CERTIFICATE_EXPIRED);
      g_tls_client_connection_set_use_ssl3 (client, TRUE);
      G_GNUC_END_IGNORE_DEPRECATIONS
      g_tls_client_connection_set_server_identity (client, identity);
    }
  observe ("then");
  observe_properties (link->connection);
  observe ("back");
  g_tls_connection_set_advertised_protocols (link->connection, NULL);
  g_tls_connection_set_interaction (link->connection, NULL);
  g_tls_client_connection_set_server_identity (client, NULL);
  observe ("identity: %s", g_tls_client_connection_get_server_identity (client) ? "set" : "NULL");
  observe ("interaction: %s", g_tls_connection_get_interaction (link->connection) ? "set" : "NULL");
  link_free (link);
}

static void
server_setters (void)
{
  Link *link = link_new_server ("rsa", &plain);
  g_autoptr (GTlsCertificate) certificate = link_certificate ("ecdsa");
  int i;

  observe_notifications (link->connection);
  for (i = 0; i < 2; i++)
    {
      g_object_set (link->connection, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
      g_tls_connection_set_certificate (link->connection, certificate);
    }
  observe_property (link->connection, "certificate");
  observe_property (link->connection, "authentication-mode");
  link_free (link);
}

/* The application may change its list afterwards. */
static void
protocols_are_copied (void)
{
  char *protocols[] = { g_strdup ("h2"), g_strdup ("echo"), NULL };
  Link *link = link_new_client (&plain);
  const char *const none[] = { NULL };

  g_tls_connection_set_advertised_protocols (link->connection, (const char *const *) protocols);
  protocols[0][0] = 'x';
  observe_property (link->connection, "advertised-protocols");
  g_tls_connection_set_advertised_protocols (link->connection, none);
  observe_property (link->connection, "advertised-protocols");
  g_tls_connection_set_advertised_protocols (link->connection, NULL);
  observe_property (link->connection, "advertised-protocols");
  g_free (protocols[0]);
  g_free (protocols[1]);
  link_free (link);
}

static void
show_databases (GTlsConnection *connection)
{
  observe_property (connection, "database");
  observe_property (connection, "use-system-certdb");
}

static void
database_and_certdb (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GTlsDatabase) system =
      g_tls_backend_get_default_database (g_tls_backend_get_default ());
  g_autoptr (GTlsDatabase) own = link_database ("ca.pem");

  observe_call (system, "the default database");
  observe_call (own, "a database");
  observe_notifications (link->connection);
  show_databases (link->connection);
  observe ("use-system-certdb to FALSE");
  g_object_set (link->connection, "use-system-certdb", FALSE, NULL);
  show_databases (link->connection);
  observe ("use-system-certdb to TRUE");
  g_object_set (link->connection, "use-system-certdb", TRUE, NULL);
  show_databases (link->connection);
  observe ("a database of its own");
  g_tls_connection_set_database (link->connection, own);
  show_databases (link->connection);
  observe ("use-system-certdb to FALSE");
  g_object_set (link->connection, "use-system-certdb", FALSE, NULL);
  show_databases (link->connection);
  observe ("use-system-certdb to TRUE");
  g_object_set (link->connection, "use-system-certdb", TRUE, NULL);
  show_databases (link->connection);
  observe ("NULL");
  g_tls_connection_set_database (link->connection, NULL);
  show_databases (link->connection);
  observe ("the default database");
  g_tls_connection_set_database (link->connection, system);
  show_databases (link->connection);
  link_free (link);
}

static void
after_handshake (void)
{
  static const char *const protocols[] = { "echo", NULL };
  const PeerSettings settings = { .protocols = protocols };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_advertised_protocols (link->connection, protocols);
  observe_notifications (link->connection);
  link_handshake (link);
  observe_properties (link->connection);
  observe ("closed");
  link_close (link);
  observe_properties (link->connection);
  link_free (link);
}

static void
after_failed_handshake (void)
{
  const PeerSettings settings = { .certificate = "self-signed" };
  Link *link = link_new_client (&settings);

  observe_notifications (link->connection);
  link_handshake (link);
  observe_properties (link->connection);
  link_end (link);
}

static gboolean
show_and_accept_cb (GTlsConnection *connection,
                    GTlsCertificate *certificate,
                    GTlsCertificateFlags errors,
                    gpointer data)
{
  observe ("accept-certificate");
  observe_flags ("  errors", errors);
  observe_properties (connection);
  return TRUE;
}

static void
in_accept_certificate (void)
{
  static const char *const protocols[] = { "echo", NULL };
  const PeerSettings settings = { .certificate = "self-signed", .protocols = protocols };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_advertised_protocols (link->connection, protocols);
  observe_notifications (link->connection);
  g_signal_connect (link->connection, "accept-certificate", G_CALLBACK (show_and_accept_cb), NULL);
  link_handshake (link);
  observe_properties (link->connection);
  link_end (link);
}

static void
notifications_async (void)
{
  Link *link = link_new_client (&plain);

  observe_notifications (link->connection);
  link_handshake_async (link, NULL);
  link_end (link);
}

static void
notifications_server (void)
{
  Link *link = link_new_server ("rsa", &plain);

  observe_notifications (link->connection);
  link_handshake (link);
  observe_properties (link->connection);
  link_end (link);
}

/* The first read does the handshake. */
static void
notifications_implicit (void)
{
  Link *link = link_new_client (&plain);

  observe_notifications (link->connection);
  link_exchange (link, "hello");
  link_end (link);
}

static void
set_after_handshake (void)
{
  const char *const protocols[] = { "h2", NULL };
  g_autoptr (GTlsCertificate) certificate = link_certificate ("client");
  Link *link = link_new_client (&plain);

  link_handshake (link);
  observe_notifications (link->connection);
  g_tls_connection_set_certificate (link->connection, certificate);
  g_tls_connection_set_advertised_protocols (link->connection, protocols);
  g_tls_connection_set_database (link->connection, NULL);
  g_tls_connection_set_require_close_notify (link->connection, FALSE);
  observe_properties (link->connection);
  link_exchange (link, "still here");
  link_end (link);
}

static void
tls12 (void)
{
  const PeerSettings settings = { .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
  Link *link = link_new_client (&settings);

  observe_notifications (link->connection);
  link_handshake (link);
  observe_properties (link->connection);
  link_end (link);
}

/* The name in GIO's documentation is IANA's. */
static void
cipher_suite_name (void)
{
  static const char *const priorities[] = {
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM",
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305",
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      const PeerSettings settings = { .priority = priorities[i] };
      Link *link = link_new_client (&settings);
      g_autofree char *name = NULL;

      link_handshake (link);
      name = g_tls_connection_get_ciphersuite_name (link->connection);
      observe ("cipher suite: %s", name);
      link_end (link);
    }
}

/* What has a reference to a stream does not keep the connection. */
static void
stream_outlives_connection (void)
{
  Link *link = link_new_client (&plain);
  g_autoptr (GInputStream) in = NULL;
  g_autoptr (GOutputStream) out = NULL;
  GError *error = NULL;
  gssize n;

  link_handshake (link);
  in = g_object_ref (link->in);
  out = g_object_ref (link->out);
  link_let_go (link);
  n = g_input_stream_read (in, &(char){ 0 }, 1, NULL, &error);
  observe_size ("read", n, &error);
  n = g_output_stream_write (out, "x", 1, NULL, &error);
  observe_size ("write", n, &error);
  link_free (link);
}

const ConformanceCase property_cases[] = {
  { "client-defaults", client_defaults },
  { "server-defaults", server_defaults },
  { "interfaces", interfaces },
  { "same-streams", same_streams },
  { "parameter-specs", parameter_specs },
  { "setters", setters },
  { "server-setters", server_setters },
  { "protocols-are-copied", protocols_are_copied },
  { "database-and-certdb", database_and_certdb },
  { "after-handshake", after_handshake },
  { "after-failed-handshake", after_failed_handshake },
  { "in-accept-certificate", in_accept_certificate },
  { "notifications-async", notifications_async },
  { "notifications-server", notifications_server },
  { "notifications-implicit", notifications_implicit },
  { "set-after-handshake", set_after_handshake },
  { "tls12", tls12 },
  { "cipher-suite-name", cipher_suite_name },
  { "stream-outlives-connection", stream_outlives_connection },
  { NULL, NULL },
};
