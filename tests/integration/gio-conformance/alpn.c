/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

/* Application protocols, as a client and as a server. */

#include "cases.h"
#include "link.h"

static const char *const echo[] = { "echo", NULL };
static const char *const several[] = { "h2", "http/1.1", "echo", NULL };
static const char *const reversed[] = { "echo", "http/1.1", "h2", NULL };
static const char *const other[] = { "imap", NULL };

static void
client (const char *const *offered, const char *const *of_server)
{
  const PeerSettings settings = { .protocols = of_server };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_advertised_protocols (link->connection, offered);
  observe_notifications (link->connection);
  link_handshake (link);
  observe ("negotiated: %s", g_tls_connection_get_negotiated_protocol (link->connection));
  link_end (link);
}

static void
server (const char *const *of_server, const char *const *offered)
{
  const PeerSettings settings = { .protocols = offered };
  Link *link = link_new_server ("rsa", &settings);

  g_tls_connection_set_advertised_protocols (link->connection, of_server);
  observe_notifications (link->connection);
  link_handshake (link);
  observe ("negotiated: %s", g_tls_connection_get_negotiated_protocol (link->connection));
  link_end (link);
}

#define CASE(name, role, ours, theirs)                                                             \
  static void name (void) { role (ours, theirs); }
CASE (client_one, client, echo, several)
CASE (client_order, client, several, reversed)
CASE (client_server_without, client, several, NULL)
CASE (client_without, client, NULL, several)
CASE (client_none_common, client, other, several)
CASE (server_one, server, echo, several)
CASE (server_order, server, several, reversed)
CASE (server_client_without, server, several, NULL)
CASE (server_without, server, NULL, several)
CASE (server_none_common, server, other, several)
#undef CASE

static void
client_empty_list (void)
{
  static const char *const none[] = { NULL };

  client (none, several);
}

/* RFC 7301: up to 255 bytes, and any that are not empty. */
static void
long_names (void)
{
  g_autofree char *longest = g_strnfill (255, 'a');
  const char *const offered[] = { longest, NULL };

  client (offered, NULL);
  client (offered, offered);
}

static void
many_names (void)
{
  char *offered[41] = { NULL };
  guint i;

  for (i = 0; i < 40; i++)
    offered[i] = g_strdup_printf ("protocol-%u", i);
  client ((const char *const *) offered, echo);
  for (i = 0; i < 40; i++)
    g_free (offered[i]);
}

static void
odd_names (void)
{
  static const char *const offered[] = { "\x0a\x0a", "a b", "\xff", NULL };

  client (offered, echo);
}

static void
after_close (void)
{
  const PeerSettings settings = { .protocols = echo };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_advertised_protocols (link->connection, echo);
  link_handshake (link);
  link_close (link);
  observe ("negotiated: %s", g_tls_connection_get_negotiated_protocol (link->connection));
  link_free (link);
}

static void
set_to_null_again (void)
{
  const PeerSettings settings = { .protocols = echo };
  Link *link = link_new_client (&settings);

  g_tls_connection_set_advertised_protocols (link->connection, echo);
  g_tls_connection_set_advertised_protocols (link->connection, NULL);
  link_handshake (link);
  observe ("negotiated: %s", g_tls_connection_get_negotiated_protocol (link->connection));
  link_end (link);
}

const ConformanceCase alpn_cases[] = {
  { "client-one", client_one },
  { "client-order", client_order },
  { "client-server-without", client_server_without },
  { "client-without", client_without },
  { "client-none-common", client_none_common },
  { "client-empty-list", client_empty_list },
  { "server-one", server_one },
  { "server-order", server_order },
  { "server-client-without", server_client_without },
  { "server-without", server_without },
  { "server-none-common", server_none_common },
  { "long-names", long_names },
  { "many-names", many_names },
  { "odd-names", odd_names },
  { "after-close", after_close },
  { "set-to-null-again", set_to_null_again },
  { NULL, NULL },
};
