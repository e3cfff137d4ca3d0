/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <openssl/ssl.h>

/* What an end of a TLS connection says of its channel bindings. */

#define TEST_N_BINDINGS 3 /* the types of GIO that there are: RFC 5929 3 and 4, RFC 9266 */

typedef struct
{
  GBytes *data; /* (owned) (nullable) */
  int code;     /* a GTlsChannelBindingError, if there is none; -1: not an error of that domain */
} TestBinding;

/* Of GIO's connections, ours or those of another module. (transfer full) (array of
 * TEST_N_BINDINGS) */
TestBinding *test_bindings_of_connection (GTlsConnection *connection);
/* As OpenSSL has them: computed by the RFCs, of what OpenSSL tells of the handshake. is_server:
 * OpenSSL's end. */
TestBinding *test_bindings_of_openssl (SSL *ssl, gboolean is_server);
void test_bindings_free (TestBinding *bindings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestBinding, test_bindings_free)

/* The other end of a connection, in a thread: a handshake; as a client "ping", as a server "pong"
 * behind it; then the bindings; then it waits until we close. */
typedef struct _TestBindingPeer TestBindingPeer;

/* connection: (transfer full): of GIO's stock module. */
TestBindingPeer *test_binding_peer_new_gio (GTlsConnection *connection);
/* fd: taken over. session: (nullable): of an earlier connection: resumed as a client. */
TestBindingPeer *
test_binding_peer_new_openssl (SSL_CTX *context, int fd, gboolean is_server, SSL_SESSION *session);
/* Waits for the end of the thread. session: (out) (nullable): of OpenSSL's client. (transfer full)
 */
TestBinding *test_binding_peer_finish (TestBindingPeer *self, SSL_SESSION **session);

/* The same conversation in this thread. */
void test_binding_speak (GTlsConnection *connection, gboolean is_server);
