/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Checks that a caller's descriptor can carry a handshake: a connected stream socket, TCP over
 * IPv4 or IPv6, or Unix. TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET says what is wrong. Never waits, not
 * even for the socket's lock. */
gboolean handoff_client_socket_check (int fd, GError **error);

/* As recv() with MSG_DONTWAIT. Descriptors that the peer of a Unix socket sends along go to the
 * reaper, as uid's, and then this fails with EBADMSG. recv() would close them here, and could
 * sleep. */
gssize handoff_client_socket_receive (int fd, guint uid, void *buffer, gsize size);
