/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

#include "tls-handoff-client-connection.h"

/* An application of alice's that uses the library, and moves data to and fro. */

/* A connection over the socket (taken over), not shaken hands yet, that trusts ca.pem. */
GTlsConnection *interop_client_new (int socket, const char *identity);
/* The same with the handshake done, which must succeed. */
GTlsConnection *interop_client_connect (int socket, const char *identity);
/* What the handshake gave. (transfer none) */
TlsHandoffHandshakeResult *interop_client_get_result (GTlsConnection *connection);

/* size bytes that repeat nowhere soon, different for each seed. */
GBytes *interop_pattern (gsize size, guint32 seed);
/* Writes data to one stream while the same number of bytes is read from the other, which must be
 * the same. Both may belong to one connection (an echo). */
void interop_transfer (GOutputStream *to, GInputStream *from, GBytes *data);
/* Closes properly, and frees. */
void interop_client_close (GTlsConnection *connection);
