/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>

/* Whether a caller's descriptor is what we can do a handshake on: a connected stream socket, TCP
 * over IPv4 or IPv6, or Unix. TLS_HANDOFF_ERROR_UNSUPPORTED_SOCKET says what is wrong with it. */
gboolean handoff_client_socket_check (int fd, GError **error);

/* Closes our descriptor of a caller's socket, without waiting for anything; switches SO_LINGER off
 * if it is on. -1 is fine. */
void handoff_client_socket_close (int fd);
