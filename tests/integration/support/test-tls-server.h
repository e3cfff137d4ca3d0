/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* A TLS server (GnuTLS) on one connected socket, in a thread of the test: for what s_server and
 * gnutls-serv cannot be told to do, such as hanging up without a word. */

typedef struct _TestTlsServer TestTlsServer;

/* What the server does after its handshake; it must not close the socket. */
typedef void (*TestTlsBehaviour) (TestTlsServer *server, gnutls_session_t session);

/* fd: the server's end, which it closes when the behaviour is done. certificate: as for TestPeer.
 * priority: NULL for GnuTLS's own. */
TestTlsServer *test_tls_server_new (int fd,
                                    const char *certificate,
                                    const char *priority,
                                    TestTlsBehaviour behaviour);
/* Waits for the end of the thread. */
void test_tls_server_join (TestTlsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestTlsServer, test_tls_server_join)

/* For a behaviour: exactly so many bytes; at most so many, 0 after a close_notify. */
void test_tls_server_send (gnutls_session_t session, const guint8 *data, gsize size);
gsize test_tls_server_receive (gnutls_session_t session, guint8 *data, gsize size);

/* Sends back what it gets until the client closes, then closes too. */
void test_tls_server_echo (TestTlsServer *server, gnutls_session_t session);
/* Says TEST_LAST_WORDS, and closes, but not before the client closed its side. */
#define TEST_LAST_WORDS "good-bye from the server"
void test_tls_server_speak_last (TestTlsServer *server, gnutls_session_t session);
