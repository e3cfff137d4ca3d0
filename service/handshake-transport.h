/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* GnuTLS's way to the caller's socket. Never blocks, whatever the socket's own flags are: those are
 * shared with the caller and not ours to change. Reads no byte more than GnuTLS asks for, which is
 * never more than the record at hand, so what follows the handshake stays in the socket. */
typedef struct
{
  int fd; /* (unowned); -1: cut off, every read and write fails */
  int last_errno;
} HandoffHandshakeTransport;

/* transport must outlive session. */
void handoff_handshake_transport_attach (HandoffHandshakeTransport *transport,
                                         gnutls_session_t session);
