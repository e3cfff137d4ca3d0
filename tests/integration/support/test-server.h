/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* A TLS server of GnuTLS's in a thread of the test, for what no separate program can be made to do:
 * its bytes go out when it has to wait for the client, and not before, all in one piece. So what it
 * sends right after the handshake travels together with its last handshake messages. */

typedef struct _TestServer TestServer;

/* Serves one connection on fd (taken over), sends greeting as soon as it can, and then reads what
 * the client sends, to the end. early: TLS 1.3 only: already before it has heard the client's
 * Finished. */
TestServer *test_server_start (
    int fd, const char *certificate, const char *priority, GBytes *greeting, gboolean early);
/* Waits until the client is gone; returns what it sent. The server's handshake must have succeeded.
 */
GBytes *test_server_finish (TestServer *server);
/* The server name that the client sent, or NULL. After the end of the thread (finish). */
void test_server_free (TestServer *server);
const char *test_server_get_server_name (TestServer *server);
/* How many bytes the largest piece had that was sent at once. */
gsize test_server_get_largest_piece (TestServer *server);
