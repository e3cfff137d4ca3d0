/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Whether a caller's descriptor is what we can do a handshake on: a connected stream socket, TCP
 * over IPv4 or IPv6, or Unix. TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET says what is wrong with it.
 * Waits for nothing, not for the socket's lock either. */
gboolean handoff_client_socket_check (int fd, GError **error);

/* As recv() with MSG_DONTWAIT. What the peer of a Unix socket sends along is given to the reaper,
 * as uid's, and then this fails with EBADMSG: recv() would close that here, and sleep. */
gssize handoff_client_socket_receive (int fd, guint uid, void *buffer, gsize size);
