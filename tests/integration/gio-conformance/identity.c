/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* GTlsClientConnection:server-identity: what is asked for, and what is checked. */

#include <gio/gunixsocketaddress.h>

#include "cases.h"
#include "link.h"

/* identity is taken over. */
static void
connect_to (GSocketConnectable *identity, const char *certificate)
{
  const PeerSettings settings = { .certificate = certificate };
  Link *link = link_new_client_to (identity, &settings);

  link_accept_certificates (link, FALSE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
  g_clear_object (&identity);
}

static void
connect_to_name (const char *name)
{
  observe ("“%s”", name);
  connect_to (g_network_address_new (name, 443), "rsa");
}

static void
connect_to_address (const char *address)
{
  observe ("%s", address);
  connect_to (G_SOCKET_CONNECTABLE (g_inet_socket_address_new_from_string (address, 443)), "rsa");
}

static void
names (void)
{
  connect_to_name ("localhost");
  connect_to_name ("LocalHost");
  connect_to_name ("www.handoff.test");
  connect_to_name ("other.handoff.test");
  connect_to_name ("handoff.test");
  connect_to_name ("sub.www.handoff.test");
}

static void
international_name (void)
{
  connect_to_name ("b\303\274cher.handoff.test");
  connect_to_name ("xn--bcher-kva.handoff.test");
}

static void
trailing_dot (void)
{
  connect_to_name ("localhost.");
}

static void
address_as_name (void)
{
  connect_to_name ("127.0.0.1");
  connect_to_name ("::1");
  connect_to_name ("192.0.2.1");
}

static void
addresses (void)
{
  connect_to_address ("127.0.0.1");
  connect_to_address ("::1");
  connect_to_address ("192.0.2.1");
}

static void
address_with_zone (void)
{
  connect_to_name ("fe80::1%lo");
}

static void
empty_name (void)
{
  connect_to_name ("");
}

static void
long_label (void)
{
  g_autofree char *label = g_strnfill (64, 'a');
  g_autofree char *name = g_strconcat (label, ".handoff.test", NULL);

  connect_to_name (name);
}

static void
long_name (void)
{
  g_autoptr (GString) name = g_string_new ("test");
  guint i;

  for (i = 0; i < 10; i++)
    g_string_prepend (name, "abcdefghijklmnopqrstuvwxyz0123.");
  connect_to_name (name->str);
}

static void
wildcard (void)
{
  connect_to_name ("*.handoff.test");
}

static void
underscore (void)
{
  connect_to_name ("under_score.handoff.test");
}

static void
with_space (void)
{
  connect_to_name ("local host");
}

static void
none (void)
{
  connect_to (NULL, "rsa");
}

static void
none_accepted (void)
{
  static const PeerSettings settings = { .certificate = "rsa" };
  Link *link = link_new_client_to (NULL, &settings);

  link_accept_certificates (link, TRUE);
  link_handshake (link);
  link_exchange (link, "hello");
  link_end (link);
}

/* The documentation: without the flag, no identity is looked at. */
static void
none_without_flag (void)
{
  static const PeerSettings settings = { .certificate = "rsa" };
  Link *link = link_new_client_to (NULL, &settings);

  g_object_set (link->connection, "validation-flags",
                G_TLS_CERTIFICATE_VALIDATE_ALL & ~G_TLS_CERTIFICATE_BAD_IDENTITY, NULL);
  link_accept_certificates (link, FALSE);
  link_handshake (link);
  observe_property (link->connection, "peer-certificate-errors");
  link_end (link);
}

static void
none_and_untrusted (void)
{
  connect_to (NULL, "self-signed");
}

static void
service (void)
{
  connect_to (g_network_service_new ("xmpp-client", "tcp", "localhost"), "rsa");
}

static void
unix_address (void)
{
  connect_to (G_SOCKET_CONNECTABLE (g_unix_socket_address_new ("/run/something")), "rsa");
}

static void
proxy_address (void)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string ("127.0.0.1");

  connect_to (G_SOCKET_CONNECTABLE (
                  g_proxy_address_new (address, 8080, "http", "localhost", 443, NULL, NULL)),
              "rsa");
}

static void
changed_before (void)
{
  static const PeerSettings settings = { .certificate = "rsa" };
  g_autoptr (GSocketConnectable) good = g_network_address_new ("www.handoff.test", 443);
  g_autoptr (GSocketConnectable) bad = g_network_address_new ("other.handoff.test", 443);
  Link *link = link_new_client_to (bad, &settings);

  g_tls_client_connection_set_server_identity (G_TLS_CLIENT_CONNECTION (link->connection), good);
  link_handshake (link);
  link_end (link);
}

static void
removed_before (void)
{
  static const PeerSettings settings = { .certificate = "rsa" };
  g_autoptr (GSocketConnectable) good = g_network_address_new ("www.handoff.test", 443);
  Link *link = link_new_client_to (good, &settings);

  g_tls_client_connection_set_server_identity (G_TLS_CLIENT_CONNECTION (link->connection), NULL);
  link_accept_certificates (link, FALSE);
  link_handshake (link);
  link_end (link);
}

const ConformanceCase identity_cases[] = {
  { "names", names },
  { "international-name", international_name },
  { "trailing-dot", trailing_dot },
  { "address-as-name", address_as_name },
  { "addresses", addresses },
  { "address-with-zone", address_with_zone },
  { "empty-name", empty_name },
  { "long-label", long_label },
  { "long-name", long_name },
  { "wildcard", wildcard },
  { "underscore", underscore },
  { "with-space", with_space },
  { "none", none },
  { "none-accepted", none_accepted },
  { "none-without-flag", none_without_flag },
  { "none-and-untrusted", none_and_untrusted },
  { "service", service },
  { "unix-address", unix_address },
  { "proxy-address", proxy_address },
  { "changed-before", changed_before },
  { "removed-before", removed_before },
  { NULL, NULL },
};
