/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "handshake/foreign-protocol.h"
#include "handshake/peer-address.h"

#define HANDOFF_ALERT_RECORD_SIZE 7 /* RFC 8446 5.1, 6: not encrypted */

/* How much a peer may send in one handshake, records included. GnuTLS takes 128 KiB of handshake
 * messages, but it counts only complete messages, which may have 16 MiB, and no bytes outside
 * messages. Without this limit a peer could send as long as the handshake may take. */
#define HANDOFF_MAX_HANDSHAKE_INPUT_KIB 256

/* GnuTLS's way to the peer: the caller's socket, or, stepwise, the caller itself.
 *
 * A socket never blocks, whatever its own flags are: the flags are shared with the caller, and not
 * ours to change. No more bytes are read than GnuTLS asks for, which is never more than the present
 * record. So what follows the handshake stays in the socket, or with the caller. */
typedef struct
{
  gboolean stepwise;
  int fd;                  /* (unowned); -1: cut off, every read and write fails */
  guint uid;               /* the socket's owner */
  HandoffPeerAddress peer; /* known when something was sent or received, on a socket */
  int last_errno;
  gboolean at_end;                             /* the peer sends nothing more */
  gsize n_read;                                /* bytes from the peer, in total */
  guint8 first_read[HANDOFF_FIRST_BYTES];      /* the first of them */
  guint8 last_read[HANDOFF_ALERT_RECORD_SIZE]; /* the last of them */

  /* Stepwise: what one call gives, and what it gets. */
  const guint8 *input; /* (unowned) (nullable) */
  gsize input_size;
  gsize input_used;
  GByteArray *output; /* (owned) (nullable) */
} HandoffHandshakeTransport;

/* transport must outlive session. */
void handoff_handshake_transport_attach (HandoffHandshakeTransport *transport,
                                         gnutls_session_t session);
/* Whether a part of a step's input is left. FALSE for a socket. */
gboolean handoff_handshake_transport_has_input (const HandoffHandshakeTransport *transport);
/* The alert that came last, if it was not encrypted; -1 otherwise. */
int handoff_handshake_transport_get_plain_alert (const HandoffHandshakeTransport *transport);
/* Whether the peer sent more than any handshake needs. Then nothing more is read. */
gboolean handoff_handshake_transport_is_flooded (const HandoffHandshakeTransport *transport);
/* From now on nothing can be read or written. What was written stepwise can still be taken. */
void handoff_handshake_transport_cut_off (HandoffHandshakeTransport *transport);
/* Stepwise: what GnuTLS wrote since the last time; empty for a socket. (transfer full) */
GBytes *handoff_handshake_transport_take_output (HandoffHandshakeTransport *transport);
void handoff_handshake_transport_clear (HandoffHandshakeTransport *transport);
