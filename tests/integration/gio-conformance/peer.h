/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* The other end of a connection: GnuTLS, or what speaks no TLS at all, in a thread. What it saw it
 * says when it ends. */

typedef struct _Peer Peer;

/* What it does after its handshake. */
typedef void (*PeerScript) (Peer *peer);

typedef struct
{
  const char *certificate;              /* "rsa": rsa.pem and rsa.key. NULL: a server has "ecdsa" */
  const char *priority;                 /* NULL: GnuTLS's own */
  const char *const *protocols;         /* NULL: none */
  gnutls_certificate_request_t request; /* of a server */
  const char *authority;                /* that a server's request names: "client-ca.pem" */
  const char *staple;                   /* a response to staple: "revoked.ocsp" */
  const char *server_name;              /* that a client asks for */
  PeerScript script;                    /* NULL: peer_echo */
} PeerSettings;

/* fd: its end, which it closes. settings: used until it ends. */
Peer *peer_new_server (int fd, const PeerSettings *settings);
Peer *peer_new_client (int fd, const PeerSettings *settings);
/* Runs the script without TLS. */
Peer *peer_new_raw (int fd, PeerScript script);
/* Waits for its end, and observes what it saw. */
void peer_end (Peer *peer);
/* Likewise, and what it saw is no matter. */
void peer_forget (Peer *peer);

/* For scripts. */
void peer_note (Peer *peer, const char *format, ...) G_GNUC_PRINTF (2, 3);
gnutls_session_t peer_get_session (Peer *peer);
int peer_get_fd (Peer *peer);
void peer_say (Peer *peer, const char *text);
/* So many bytes, or until the end, and notes both. */
void peer_hear (Peer *peer, gsize size);
void peer_hear_end (Peer *peer);
void peer_bye (Peer *peer);
/* Waits until the case calls peer_signal(). */
void peer_await_signal (Peer *peer);
void peer_signal (Peer *peer);
void peer_echo (Peer *peer);
/* Hears to the end, then says bye. */
void peer_listen (Peer *peer);
