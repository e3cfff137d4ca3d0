/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Where the peer of a handshake is, for the audit log. All zero: not known. */
typedef union
{
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} HandoffPeerAddress;

/* Asks the socket, unless that is known. Waits for the lock of the socket, as whatever else is done
 * with it does: on a worker, after something else was done. */
void handoff_peer_address_learn (HandoffPeerAddress *self, int fd);
/* "192.0.2.1:443", "[2001:db8::1]:443". (transfer full) (nullable): NULL if it is not known, or a
 * Unix socket's, which says nothing */
char *handoff_peer_address_to_text (const HandoffPeerAddress *self);
