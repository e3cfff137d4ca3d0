/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: The TLS Handoff developers */

#pragma once

#include "observe.h"
#include "peer.h"

/* A connection of the backend under test over a TCP socket to a peer. */

typedef struct
{
  GTlsConnection *connection; /* (owned) (nullable): a case may let go of it */
  GIOStream *base;            /* (owned): called "the base stream" */
  GInputStream *in;           /* the connection's */
  GOutputStream *out;
  Peer *peer; /* (nullable) */
} Link;

/* A client of localhost, which trusts whom its backend trusts: ca.pem. */
Link *link_new_client (const PeerSettings *settings);
/* Likewise for another identity. (nullable) */
Link *link_new_client_to (GSocketConnectable *identity, const PeerSettings *settings);
/* A client of a peer that runs the script without TLS. */
Link *link_new_client_raw (PeerScript script);
/* A server with the certificate; NULL: without one. */
Link *link_new_server (const char *certificate, const PeerSettings *settings);
Link *link_new_server_raw (const char *certificate, PeerScript script);

/* Observes how they go: */
gboolean link_handshake (Link *link);
/* … asynchronously, in the default main context */
gboolean link_handshake_async (Link *link, GCancellable *cancellable);
/* … says the text to an echo, and hears it */
void link_exchange (Link *link, const char *text);
gssize link_read (Link *link, gsize size);
gssize link_write (Link *link, const char *text);
gboolean link_close (Link *link);

/* Lets go of the connection, and waits until nobody has it: what a thread does for it may end a
 * little later than the call that started it. */
void link_let_go (Link *link);
/* Lets go of the connection and observes the peer. */
void link_free (Link *link);
/* Closes before. */
void link_end (Link *link);

/* A GSocketConnection over a connected socket, which it takes over. (transfer full) */
GIOStream *link_stream_new (int fd);
/* Connected TCP sockets: ours, the peer's. */
void link_sockets (int *fd, int *peer_fd);
/* "rsa": the certificate with its key. (transfer full) */
GTlsCertificate *link_certificate (const char *name);
/* A file database of "ca.pem". (transfer full) */
GTlsDatabase *link_database (const char *name);

/* An asynchronous call's callback; link_wait() gives its result. The default main context runs
 * until then. */
void link_store_cb (GObject *source, GAsyncResult *result, gpointer place);
GAsyncResult *link_wait (GAsyncResult **place);
/* Runs the default main context once it has nothing more to do. */
void link_settle (void);

/* Handlers of accept-certificate that observe, and say yes or no. */
void link_accept_certificates (Link *link, gboolean accept);
