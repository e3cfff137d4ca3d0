/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* A client's certificate: what the server asks, what the application set. */

#include "cases.h"
#include "link.h"
#include "test-system.h"

static const PeerSettings wish = { .request = GNUTLS_CERT_REQUEST, .authority = "client-ca.pem" };
static const PeerSettings demand = { .request = GNUTLS_CERT_REQUIRE, .authority = "client-ca.pem" };
static const PeerSettings wish12 = { .request = GNUTLS_CERT_REQUEST,
                                     .authority = "client-ca.pem",
                                     .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
static const PeerSettings demand12 = { .request = GNUTLS_CERT_REQUIRE,
                                       .authority = "client-ca.pem",
                                       .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

static void
connect_with (const PeerSettings *settings, GTlsCertificate *certificate)
{
  Link *link = link_new_client (settings);

  if (certificate != NULL)
    g_tls_connection_set_certificate (link->connection, certificate);
  observe_notifications (link->connection);
  link_handshake (link);
  /* What a server says after TLS 1.3's handshake comes with the next read. */
  link_exchange (link, "hello");
  observe_property (link->connection, "accepted-cas");
  observe_property (link->connection, "certificate");
  link_end (link);
}

static void
connect_with_named (const PeerSettings *settings, const char *name)
{
  g_autoptr (GTlsCertificate) certificate = link_certificate (name);

  connect_with (settings, certificate);
}

/* (transfer full) */
static GTlsCertificate *
certificate_without_key (const char *name)
{
  g_autofree char *path = test_cert_path (name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_file (path, &error);

  g_assert_no_error (error);
  return certificate;
}

static void
connect_without_key (const PeerSettings *settings)
{
  g_autoptr (GTlsCertificate) certificate = certificate_without_key ("client.pem");

  connect_with (settings, certificate);
}

#define CASE(name, ...)                                                                            \
  static void name (void) { __VA_ARGS__; }
CASE (wished_none, connect_with (&wish, NULL))
CASE (wished_none12, connect_with (&wish12, NULL))
CASE (demanded_none, connect_with (&demand, NULL))
CASE (demanded_none12, connect_with (&demand12, NULL))
CASE (wished, connect_with_named (&wish, "client"))
CASE (wished12, connect_with_named (&wish12, "client"))
CASE (demanded, connect_with_named (&demand, "client"))
CASE (demanded12, connect_with_named (&demand12, "client"))
/* Of an authority that the server did not name. */
CASE (unfitting, connect_with_named (&demand, "rsa"))
CASE (unfitting12, connect_with_named (&demand12, "rsa"))
CASE (wished_without_key, connect_without_key (&wish))
CASE (wished_without_key12, connect_without_key (&wish12))
CASE (demanded_without_key, connect_without_key (&demand))
CASE (demanded_without_key12, connect_without_key (&demand12))
#undef CASE

static void
not_asked (void)
{
  static const PeerSettings plain = { 0 };

  connect_with_named (&plain, "client");
}

static void
not_asked_without_key (void)
{
  static const PeerSettings plain = { 0 };

  connect_without_key (&plain);
}

static void
demanded_none_async (void)
{
  Link *link = link_new_client (&demand);
  GList *authorities;

  link_handshake_async (link, NULL);
  link_read (link, 1);
  authorities =
      g_tls_client_connection_get_accepted_cas (G_TLS_CLIENT_CONNECTION (link->connection));
  observe ("accepted authorities: %u", g_list_length (authorities));
  if (authorities != NULL)
    observe ("size of the name: %u", ((GByteArray *) authorities->data)->len);
  g_list_free_full (authorities, (GDestroyNotify) g_byte_array_unref);
  link_end (link);
}

/* A server may ask without a name of an authority. */
static void
wished_of_anybody (void)
{
  static const PeerSettings settings = { .request = GNUTLS_CERT_REQUEST };

  connect_with_named (&settings, "client");
}

/* The server's chain as the application sees it. */
static void
chain (void)
{
  static const char *const names[] = { "rsa", "ed25519", "below-renewed", "self-signed" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const PeerSettings settings = { .certificate = names[i] };
      Link *link = link_new_client (&settings);

      link_accept_certificates (link, TRUE);
      link_handshake (link);
      observe_property (link->connection, "peer-certificate");
      observe_property (link->connection, "peer-certificate-errors");
      link_end (link);
    }
}

/* The application checks again, by itself. */
static void
verify_again (void)
{
  static const PeerSettings settings = { .certificate = "rsa" };
  g_autoptr (GSocketConnectable) good = g_network_address_new ("localhost", 443);
  g_autoptr (GSocketConnectable) bad = g_network_address_new ("example.org", 443);
  g_autoptr (GTlsCertificate) authority = certificate_without_key ("ca.pem");
  g_autoptr (GTlsCertificate) same = certificate_without_key ("rsa.pem");
  Link *link = link_new_client (&settings);
  GTlsCertificate *certificate;

  link_handshake (link);
  certificate = g_tls_connection_get_peer_certificate (link->connection);
  observe_flags ("good", g_tls_certificate_verify (certificate, good, authority));
  observe_flags ("bad", g_tls_certificate_verify (certificate, bad, authority));
  observe_flags ("no authority", g_tls_certificate_verify (certificate, good, same));
  observe ("is the same: %d", g_tls_certificate_is_same (certificate, same));
  observe ("once more: %d",
           certificate == g_tls_connection_get_peer_certificate (link->connection));
  link_end (link);
}

/* "If you try connecting again, you should call this method first." */
static void
set_after_demand (void)
{
  g_autoptr (GTlsCertificate) certificate = link_certificate ("client");
  Link *link = link_new_client (&demand);

  link_handshake (link);
  g_tls_connection_set_certificate (link->connection, certificate);
  link_handshake (link);
  link_read (link, 1);
  link_end (link);
}

const ConformanceCase certificate_cases[] = {
  { "wished-none", wished_none },
  { "wished-none-1.2", wished_none12 },
  { "demanded-none", demanded_none },
  { "demanded-none-1.2", demanded_none12 },
  { "wished", wished },
  { "wished-1.2", wished12 },
  { "demanded", demanded },
  { "demanded-1.2", demanded12 },
  { "unfitting", unfitting },
  { "unfitting-1.2", unfitting12 },
  { "wished-without-key", wished_without_key },
  { "wished-without-key-1.2", wished_without_key12 },
  { "demanded-without-key", demanded_without_key },
  { "demanded-without-key-1.2", demanded_without_key12 },
  { "not-asked", not_asked },
  { "not-asked-without-key", not_asked_without_key },
  { "demanded-none-async", demanded_none_async },
  { "wished-of-anybody", wished_of_anybody },
  { "chain", chain },
  { "verify-again", verify_again },
  { "set-after-demand", set_after_demand },
  { NULL, NULL },
};
