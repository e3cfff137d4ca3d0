/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A TLS server to do handshakes with: OpenSSL's s_server or GnuTLS's gnutls-serv, a process of its
 * own; it is ready for connections when the constructor returns. */

typedef struct _TestPeer TestPeer;

/* openssl s_server with this certificate ("rsa": rsa.pem and rsa.key) and further options, the last
 * one NULL, listening on 127.0.0.1 and ::1.
 * What it reads on stdin goes to the client; what the client sends comes out of stdout. */
TestPeer *test_peer_new_openssl (const char *certificate, ...) G_GNUC_NULL_TERMINATED;
/* Likewise with the options as an array, and on "127.0.0.1", "::1" or (with a slash) a Unix socket.
 */
TestPeer *
test_peer_new_openssl_at (const char *address, const char *certificate, const char *const *options);
/* gnutls-serv --echo: sends back what it gets. priority: NULL for its own. */
TestPeer *
test_peer_new_gnutls (const char *certificate, const char *priority, ...) G_GNUC_NULL_TERMINATED;
/* Kills it. */
void test_peer_free (TestPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPeer, test_peer_free)

guint16 test_peer_get_port (TestPeer *peer);
/* A connected socket to it, on the address that it listens on: the caller's to close. */
int test_peer_connect (TestPeer *peer);
/* Data for the client, of s_server only. (transfer none) */
GOutputStream *test_peer_get_stdin (TestPeer *peer);
/* Data from the client, of s_server only. (transfer none) */
GInputStream *test_peer_get_stdout (TestPeer *peer);
/* What s_server -keylogfile wrote. (transfer full) */
char *test_peer_read_key_log (TestPeer *peer);

/* A peer that is no TLS server: a listening socket on 127.0.0.1, served by the test itself. */
int test_listen (guint16 *port);
/* A connected TCP socket to 127.0.0.1:port. */
int test_connect (guint16 port);
/* Connected TCP sockets, both ends the test's. */
void test_tcp_pair (int fds[2]);
