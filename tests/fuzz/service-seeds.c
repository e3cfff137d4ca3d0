/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Writes what the targets of the service begin with: service-seeds DIRECTORY makes
 * DIRECTORY/step-input, DIRECTORY/options, DIRECTORY/bus-messages, DIRECTORY/signature-form,
 * DIRECTORY/link, DIRECTORY/description and DIRECTORY/import-work. */

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "describe/description-maker.h"
#include "link/link-message.h"
#include "tests/fuzz/link-tables.h"
#include "tests/service/support/credential-fixture.h"
#include "tests/service/support/memory-transport.h"

static gnutls_session_t
new_session (unsigned int flags, const char *priority, gnutls_certificate_credentials_t credentials)
{
  gnutls_session_t session;

  g_assert_cmpint (gnutls_init (&session, flags | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (session, priority, NULL), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  return session;
}

static void
write_file (const char *directory, const char *name, const guint8 *data, gsize size)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_file_set_contents (path, (const char *) data, (gssize) size, &error);
  g_assert_no_error (error);
}

/* What one side sends in its first flight, once for each way to cut it. */
static void
write_seeds (const char *directory, const char *name, guint8 role, const GByteArray *flight)
{
  const guint8 controls[] = { 0x00, 0x80, 0x01, 0x85 };

  for (gsize i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      const guint8 control = controls[i] | role;
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      g_autofree char *seed_name = g_strdup_printf ("%s-%02x", name, control);

      g_byte_array_append (seed, &control, 1);
      g_byte_array_append (seed, flight->data, flight->len);
      write_file (directory, seed_name, seed->data, seed->len);
    }
}

/* The first flights of both. */
static void
write_flight (const char *directory,
              const char *name,
              const char *certificate,
              const char *priority)
{
  g_autofree char *cert_name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *key_name = g_strconcat (certificate, ".key", NULL);
  g_autofree char *cert = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), cert_name, NULL);
  g_autofree char *key = g_build_filename (g_getenv ("HANDOFF_TEST_CERTS"), key_name, NULL);
  g_autoptr (GByteArray) to_server = g_byte_array_new ();
  g_autoptr (GByteArray) to_client = g_byte_array_new ();
  gnutls_certificate_credentials_t client_credentials, server_credentials;
  MemoryTransport client_transport, server_transport;
  gnutls_session_t client, server;

  gnutls_certificate_allocate_credentials (&client_credentials);
  gnutls_certificate_allocate_credentials (&server_credentials);
  g_assert_cmpint (
      gnutls_certificate_set_x509_key_file (server_credentials, cert, key, GNUTLS_X509_FMT_PEM), >=,
      0);
  client = new_session (GNUTLS_CLIENT, priority, client_credentials);
  server = new_session (GNUTLS_SERVER, priority, server_credentials);
  memory_transport_attach (&client_transport, client, to_client, to_server);
  memory_transport_attach (&server_transport, server, to_server, to_client);
  gnutls_handshake (client);
  write_seeds (directory, name, 0x40, to_server);
  gnutls_handshake (server);
  g_assert_cmpuint (to_client->len, >, 0);

  write_seeds (directory, name, 0, to_client);
  gnutls_deinit (client);
  gnutls_deinit (server);
  gnutls_certificate_free_credentials (client_credentials);
  gnutls_certificate_free_credentials (server_credentials);
}

static void
write_options (const char *directory)
{
  const char *const options[] = {
    "{'application-protocols': <['h2', 'http/1.1']>, 'timeout': <uint32 5>}",
    "{'cipher-suites': <[uint16 0x1301, 0xc02f]>, 'minimum-protocol': <'TLS1.2'>}",
    "{'trust-anchors': <[b'certificate']>, 'maximum-protocol': <'TLS1.3'>}",
    "{'review-certificate': <true>, 'resumption': <false>, 'transient': <true>}",
    "{'outlive-caller': <true>, 'error-details': <true>, 'blob-format': <uint32 1>}",
  };
  const char *const identities[] = { "localhost", "bücher.example", "192.0.2.1", "2001:db8::1",
                                     "a.example." };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant =
          g_variant_parse (G_VARIANT_TYPE_VARDICT, options[i], NULL, NULL, &error);
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      g_autofree char *name = g_strdup_printf ("options-%" G_GSIZE_FORMAT, i);

      g_assert_no_error (error);
      g_byte_array_append (seed, (const guint8 *) identities[i], strlen (identities[i]) + 1);
      g_byte_array_append (seed, g_variant_get_data (variant),
                           (guint) g_variant_get_size (variant));
      write_file (directory, name, seed->data, seed->len);
    }
}

/* message: (transfer full), as the bus passes it on. */
static void
append_message (GByteArray *seed, GDBusMessage *message, const char *sender, guint32 serial)
{
  g_autoptr (GDBusMessage) owned G_GNUC_UNUSED = message;
  g_autofree guint8 *blob = NULL;
  gsize size;

  g_dbus_message_set_sender (message, sender);
  g_dbus_message_set_serial (message, serial);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_assert_nonnull (blob);
  g_byte_array_append (seed, blob, (guint) size);
}

static GDBusMessage *
new_call (const char *member, const char *body)
{
  GDBusMessage *call =
      g_dbus_message_new_method_call ("org.tlshandoff.Handoff1", "/org/tlshandoff/Handoff1",
                                      "org.tlshandoff.Handoff1.Manager", member);

  if (body != NULL)
    g_dbus_message_set_body (call, g_variant_new_parsed (body));
  return call;
}

/* Calls of two connections, one of which leaves, and what else the bus passes on: once for each way
 * of the others to behave. */
static void
write_bus_messages (const char *directory)
{
  for (guint control = 0; control < 64; control++)
    {
      const guint8 byte = (guint8) control;
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      g_autofree char *name = g_strdup_printf ("messages-%02x", control);
      GDBusMessage *message;

      g_byte_array_append (seed, &byte, 1);
      append_message (seed, new_call ("ListSessions", "(@a{sv} {'limit': <uint32 3>},)"), ":1.5",
                      2);
      message = new_call ("CreateSession", "('client', 'localhost', {'k': <<<[true, false]>>>})");
      g_dbus_message_set_byte_order (message, G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN);
      append_message (seed, message, ":1.6", 3);
      append_message (seed, new_call ("GetStatistics", NULL), ":1.5", 4);
      message = g_dbus_message_new ();
      g_dbus_message_set_message_type (message, G_DBUS_MESSAGE_TYPE_ERROR);
      g_dbus_message_set_reply_serial (message, 0x80000001);
      g_dbus_message_set_error_name (message, "org.freedesktop.DBus.Error.AccessDenied");
      append_message (seed, message, ":1.6", 5);
      message = g_dbus_message_new_signal ("/org/freedesktop/DBus", "org.freedesktop.DBus",
                                           "NameOwnerChanged");
      g_dbus_message_set_body (message, g_variant_new ("(sss)", ":1.5", ":1.5", ""));
      append_message (seed, message, "org.freedesktop.DBus", 6);
      append_message (seed, new_call ("GetStatistics", NULL), ":1.6", 7);
      write_file (directory, name, seed->data, seed->len);
    }
}

/* What both roles sign, in each version of TLS. kind: of the seed: its role and scheme */
static void
write_signature (const char *directory, const char *name, const char *kind, const char *parts)
{
  g_autoptr (GVariant) pieces = g_variant_ref_sink (g_variant_new_parsed (parts));
  g_autoptr (GByteArray) seed = g_byte_array_new ();
  GVariantIter iter;
  guint byte, n;

  g_byte_array_append (seed, (const guint8 *) kind, 3);
  g_variant_iter_init (&iter, pieces);
  while (g_variant_iter_next (&iter, "(uu)", &n, &byte))
    {
      for (; n > 0; n--)
        g_byte_array_append (seed, (const guint8[]){ (guint8) byte }, 1);
    }
  write_file (directory, name, seed->data, seed->len);
}

static void
write_signatures (const char *directory)
{
  const char *const contexts[] = { "TLS 1.3, client CertificateVerify",
                                   "TLS 1.3, server CertificateVerify" };

  for (guint i = 0; i < G_N_ELEMENTS (contexts); i++)
    {
      const guint8 kind[] = { (guint8) i, 0x04, 0x03 };
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      g_autofree char *name = g_strdup_printf ("tls13-%u", i);

      g_byte_array_append (seed, kind, sizeof kind);
      for (guint j = 0; j < 64; j++)
        g_byte_array_append (seed, (const guint8 *) " ", 1);
      g_byte_array_append (seed, (const guint8 *) contexts[i], (guint) strlen (contexts[i]) + 1);
      g_byte_array_append (seed, kind, 3);
      g_byte_array_set_size (seed, 3 + 64 + 34 + 32);
      write_file (directory, name, seed->data, seed->len);
    }
  /* Pairs (how many, which byte). */
  write_signature (directory, "tls12-ecdhe", "\x01\x04\x01",
                   "[(uint32 64, uint32 7), (1, 3), (1, 0), (1, 29), (1, 32), (32, 9)]");
  write_signature (directory, "tls12-dhe", "\x01\x04\x01",
                   "[(uint32 64, uint32 7), (1, 1), (1, 0), (256, 9), (1, 0), (1, 1), (1, 2), "
                   "(1, 1), (1, 0), (256, 9)]");
  write_signature (
      directory, "tls12-client", "\x02\x04\x03",
      /* hellos */
      "[(uint32 1, uint32 1), (2, 0), (1, 41), (2, 3), (32, 5), (2, 0), (1, 2), (2, 9), (1, 1), "
      "(1, 0), (1, 2), (2, 0), (1, 38), (2, 3), (32, 5), (4, 0), "
      /* certificate and request */
      "(1, 11), (2, 0), (1, 7), (2, 0), (1, 4), (2, 0), (1, 1), (1, 9), "
      "(1, 13), (2, 0), (1, 8), (1, 1), (1, 64), (1, 0), (1, 2), (2, 4), (2, 0), "
      /* done; certificate and key of the client */
      "(1, 14), (3, 0), (1, 11), (2, 0), (1, 3), (3, 0), (1, 16), (2, 0), (1, 1), (1, 9)]");
}

static void
append_packet (GByteArray *seed,
               const HandoffLinkTable *table,
               const HandoffLinkHead *head,
               const char *type,
               guint8 n_fds)
{
  g_autoptr (GVariant) body = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE (type), NULL, 0, FALSE, NULL, NULL));
  HandoffLinkBytes bytes;

  g_assert_true (handoff_link_message_pack (table, head, body, &bytes, NULL));
  g_byte_array_append (
      seed, (const guint8[]){ n_fds, (guint8) (bytes.size >> 8), (guint8) bytes.size }, 3);
  g_byte_array_append (seed, bytes.data, (guint) bytes.size);
  handoff_link_bytes_clear (&bytes);
}

/* Each message, and each answer, with the simplest of bodies, at the end that gets it. */
static void
write_row (const char *directory, guint8 table, guint number)
{
  const HandoffLinkRow *row = handoff_link_table_find (link_tables[table], number);
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autofree char *name = g_strdup_printf ("%u-%u", table, number);
  g_autofree char *reply_name = g_strconcat (name, "-reply", NULL);
  const guint8 down = table | LINK_END_BIT;
  const gboolean is_down = row != NULL && row->direction == HANDOFF_LINK_DOWN;
  HandoffLinkHead head = { HANDOFF_LINK_NOTICE, number, 0 };

  if (row == NULL)
    return;
  if (row->reply_type != NULL)
    head = (HandoffLinkHead){ HANDOFF_LINK_REQUEST, number, 1 };
  g_byte_array_append (message, is_down ? &down : &table, 1);
  append_packet (message, link_tables[table], &head, row->type, row->min_fds);
  write_file (directory, name, message->data, message->len);
  if (row->reply_type == NULL)
    return;
  g_byte_array_set_size (message, 0);
  head.kind = HANDOFF_LINK_REPLY;
  g_byte_array_append (message, is_down ? &table : &down, 1);
  append_packet (message, link_tables[table], &head, row->reply_type, row->reply_min_fds);
  write_file (directory, reply_name, message->data, message->len);
}

static void
write_links (const char *directory)
{
  guint8 table;
  guint number;

  for (table = 0; table < G_N_ELEMENTS (link_tables); table++)
    {
      for (number = 0; number < link_tables[table]->n_rows; number++)
        write_row (directory, table, number);
    }
}

/* What is true of a credential of the test's, bare, with certificates, and stapled. */
static void
write_descriptions (const char *directory)
{
  g_autoptr (HandoffPrivateKey) key = test_private_key_new ("ecdsa");
  g_autoptr (GPtrArray) chain = test_certificates_new ("ecdsa", "ca", NULL);
  g_autoptr (GBytes) response = test_file_new ("ecdsa.ocsp");
  g_autoptr (GBytes) try_later = test_file_new ("try-later.ocsp");
  const struct
  {
    const char *name;
    GPtrArray *chain;
    GBytes *response;
  } seeds[] = {
    { "bare", NULL, NULL },
    { "chain", chain, NULL },
    { "stapled", chain, response },
    { "problem", chain, try_later },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HandoffDescription) description = handoff_description_make (
          handoff_private_key_get_public_key (key), seeds[i].chain, seeds[i].response, &error);

      g_assert_no_error (error);
      write_file (directory, seeds[i].name, g_variant_get_data (description->variant),
                  g_variant_get_size (description->variant));
    }
}

/* A certificate with what may come with it: see import-work.c. */
static void
write_import_work (const char *directory)
{
  const char *const rests[] = { NULL, "ecdsa.ocsp", "ecdsa.pem", "ecdsa.ocsp" };
  g_autoptr (GBytes) own = test_certificate_new ("ecdsa");
  gsize size;
  const guint8 *data = g_bytes_get_data (own, &size);

  for (guint8 kind = 0; kind < G_N_ELEMENTS (rests); kind++)
    {
      g_autoptr (GBytes) rest =
          rests[kind] != NULL ? test_file_new (rests[kind]) : test_certificate_new ("ca");
      g_autoptr (GByteArray) seed = g_byte_array_new ();
      g_autofree char *name = g_strdup_printf ("work-%u", kind);

      g_byte_array_append (seed, (const guint8[]){ kind, (guint8) (size >> 8), (guint8) size }, 3);
      g_byte_array_append (seed, data, (guint) size);
      g_byte_array_append (seed, g_bytes_get_data (rest, NULL), (guint) g_bytes_get_size (rest));
      write_file (directory, name, seed->data, seed->len);
    }
}

int
main (int argc, char **argv)
{
  g_autofree char *descriptions = NULL;
  g_autofree char *import_work = NULL;
  g_autofree char *bus_messages = NULL;
  g_autofree char *signatures = NULL;
  g_autofree char *links = NULL;
  g_autofree char *steps = NULL;
  g_autofree char *options = NULL;

  if (argc != 2 || g_getenv ("HANDOFF_TEST_CERTS") == NULL)
    {
      g_printerr ("usage: HANDOFF_TEST_CERTS=DIRECTORY service-seeds DIRECTORY\n");
      return 2;
    }
  steps = g_build_filename (argv[1], "step-input", NULL);
  options = g_build_filename (argv[1], "options", NULL);
  write_flight (steps, "tls13-ecdsa", "ecdsa", "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  write_flight (steps, "tls12-ecdsa", "ecdsa", "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  write_flight (steps, "tls12-rsa", "rsa", "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  write_flight (steps, "tls12-dhe", "rsa", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA");
  write_options (options);
  bus_messages = g_build_filename (argv[1], "bus-messages", NULL);
  write_bus_messages (bus_messages);
  signatures = g_build_filename (argv[1], "signature-form", NULL);
  write_signatures (signatures);
  links = g_build_filename (argv[1], "link", NULL);
  write_links (links);
  descriptions = g_build_filename (argv[1], "description", NULL);
  write_descriptions (descriptions);
  import_work = g_build_filename (argv[1], "import-work", NULL);
  write_import_work (import_work);
  return 0;
}
